"""evidence: its content is sealed and put outside the database first, then its row and its fact are one transaction.

So a row never points at nothing. A crash in between leaves a content that no row names: harmless, nobody can find or
open it, and `sweep` takes it away a day later.
"""

import secrets
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from services.domain import moves, telling
from services.domain.actor import Actor
from services.domain.case import Case, Change
from services.domain.contents import ContentLost, Contents
from services.domain.evidence import Evidence, must_work_on, withdrawn
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.refusals import KeyReused, NotInCase, OutOfOrder
from services.domain.states import Action
from services.domain.value import replace
from services.handlers.command import Command, Done, carry_out
from services.handlers.context import Context
from services.store import evidence, sealed_content
from services.store.cases import Stored
from services.store.engine import Store, Transaction
from services.store.sealing import CannotOpen, Sealer

log = structlog.get_logger(__name__)

UNNAMED_FOR = timedelta(hours=24)  # far longer than any transaction that is still to name it
AT_ONCE = 500


async def put_sealed(contents: Contents, sealer: Sealer, stored: Stored, content: bytes, evidence_id: UUID) -> str:
    """Put the content under the key of its case; gives the new name. Raises Unkept, or OutOfOrder where the case is erased."""
    if stored.wrapped_key is None:
        raise OutOfOrder(state="ERASED", action=Action.ADD_EVIDENCE)
    name = secrets.token_hex(16)
    await contents.put(name, sealed_content.sealed(sealer.unwrap(stored.wrapped_key), content, evidence_id))
    return name


async def add_evidence(tx: Transaction, context: Context, command: Command, *, by: Actor, one: Evidence) -> Done:
    """`one`, whose content is put already, is of the case from now on. Raises NotAllowed, NotYours or KeyReused."""
    added: list[Evidence] = []

    async def decide(case: Case, policy: Policy, said: Said) -> Change:
        must_work_on(case, by, Action.ADD_EVIDENCE)
        there = await evidence.of_case(tx.conn, case.id or 0)
        if any(other.evidence_id == one.evidence_id for other in there):
            raise KeyReused()  # so long ago that the answer is forgotten
        added.append(replace(one, number=len(there) + 1, added_at=tx.now))
        at = moves.counted_time(case, said.occurred_at, now=tx.now, policy=policy)
        return telling.noted(case, Action.ADD_EVIDENCE, by=by, now=tx.now, at=at, detail=_told(added[0]))

    done = await carry_out(tx, context, command, by=by, decide=decide)
    if done.change is not None:
        await evidence.add(tx, done.change.case.id or 0, added[0])
    return done


async def withdraw_evidence(
    tx: Transaction, context: Context, command: Command, *, by: Actor, evidence_id: UUID
) -> Done:
    """Marked, with its reason sealed; the content stays. Raises NotAllowed, NotYours, NotInCase or OutOfOrder."""
    changed: list[Evidence] = []

    async def decide(case: Case, policy: Policy, said: Said) -> Change:  # noqa: ARG001 - the signature of all
        must_work_on(case, by, Action.WITHDRAW_EVIDENCE)
        one = find(await evidence.of_case(tx.conn, case.id or 0), evidence_id)
        changed.append(withdrawn(one, by=by, at=tx.now))
        detail = {"evidence": one.number}
        return telling.noted(case, Action.WITHDRAW_EVIDENCE, by=by, now=tx.now, detail=detail, private=said.private)

    done = await carry_out(tx, context, command, by=by, decide=decide)
    if done.change is not None:
        await evidence.withdraw(tx, changed[0])
    return done


async def opened(contents: Contents, sealer: Sealer, stored: Stored, one: Evidence) -> AsyncIterator[bytes]:
    """The content, piece by piece. Raises ContentLost where it is gone, was changed, or its key is gone or not here."""
    try:
        if stored.wrapped_key is None:
            raise ContentLost
        key = sealer.unwrap(stored.wrapped_key)
        async for piece in sealed_content.opened(key, contents.pieces(one.name), one.evidence_id):
            yield piece
    except (CannotOpen, ContentLost) as error:
        log.error(
            "evidence.lost",
            action="evidence.lost",
            case_id=str(stored.case.case_id),
            evidence=one.number,
            reason=type(error).__name__,
        )
        raise ContentLost from None


def find(there: list[Evidence], evidence_id: UUID) -> Evidence:
    """Raises NotInCase."""
    found = next((one for one in there if one.evidence_id == evidence_id), None)
    if found is None:
        raise NotInCase()
    return found


async def sweep(store: Store, contents: Contents, *, now: datetime) -> int:
    """Take away what has lain for a day and is named by no row, or of a case that was forgotten; gives how many.

    Any number may do this at once.
    """
    old = [name async for name, at in contents.listed() if at < now - UNNAMED_FOR]
    swept = 0
    for begin in range(0, len(old), AT_ONCE):
        some = old[begin : begin + AT_ONCE]
        async with store.read() as conn:
            kept = await evidence.named(conn, some)
        for name in some:
            if name not in kept:
                await contents.remove(name)
                swept += 1
    return swept


def _told(one: Evidence) -> dict[str, str | int]:
    """For the timeline: no personal data."""
    return {
        "evidence": one.number,
        "kind": one.kind.value,
        "media_type": one.media_type.value,
        "size": one.size,
        "sha256": one.sha256,
        "sent_sha256": one.sent_sha256,
    }
