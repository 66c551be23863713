"""handover: at a change of shift the unit's open cases are listed, and the next shift accepts the list.

What moves by itself at the acceptance are the cases that are too late to be asked again (CONTACTED, CONCLUDED) and
whose responder is gone: they go to somebody of the new shift, state and limits staying. Earlier ones keep their own
limits: nobody's answer brings the next candidate, and the desk reassigns what is in progress.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.domain import moves
from services.domain.actor import HANDOVER, Actor
from services.domain.case import Change
from services.domain.refusals import AlreadyAccepted, NobodyFits, NotAllowed, RotaNotFound
from services.domain.states import State
from services.domain.words import Role
from services.handlers.context import Context
from services.handlers.deadline import told
from services.handlers.notices import Teller
from services.handlers.rota import RotaCommand, once
from services.store import cases, duty, handovers
from services.store.cases import Saving, Stored
from services.store.engine import Transaction
from services.store.handovers import Handover

ACCEPTING = frozenset({Role.DESK, Role.RESPONDER})
TOO_LATE_TO_ASK = (State.CONTACTED, State.CONCLUDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The answer, and the changes of cases that were made (none where the command had been done before)."""

    answer: dict[str, Any]
    changes: tuple[Change, ...]


async def open_due(tx: Transaction, after: datetime) -> int:
    """List what is open wherever people went off duty in (after, now]; how many lists are new. Safe to repeat.

    A unit with nothing open has nothing to hand over and gets no list.
    """
    opened = 0
    for edge in await duty.changes(tx.conn, after, tx.now):
        held = await handovers.open_cases(tx.conn, edge.unit, at=edge.at)
        if held:
            opened += await handovers.open_one(
                tx, edge.unit, changed_at=edge.at, going=edge.going, coming=edge.coming, held=held
            )
    return opened


async def accept(
    tx: Transaction, context: Context, command: RotaCommand, *, by: Actor, handover: int, responder: str | None
) -> Accepted:
    """Accept a list for the shift that is on duty now. `responder` takes the cases that move; by default who accepts.

    Raises NotAllowed (also for a responder who is off duty), RotaNotFound, AlreadyAccepted or NobodyFits.
    """
    if by.role not in ACCEPTING:
        raise NotAllowed(role=by.role)
    found = await handovers.lock(tx, handover)
    if found is None or not by.sees(found.unit):
        raise RotaNotFound()
    made: list[Change] = []

    async def do() -> dict[str, Any]:
        if found.accepted_at is not None:
            raise AlreadyAccepted(holder=found.accepted_by)
        present = {one.responder for one in await duty.people_at(tx.conn, tx.now, unit=found.unit)}
        if by.role is Role.RESPONDER and by.responder not in present:
            raise NotAllowed(role=by.role)
        taker = responder or by.responder
        if taker is not None and taker not in present:
            raise NobodyFits(unit=found.unit, responder=taker)
        await handovers.accept(tx, found.id, by=by.name)
        left = await _left_behind(tx, found, present)
        moving = [one for one in left if taker is not None and one.case.state in TOO_LATE_TO_ASK]
        teller = Teller(tx, context)
        made.extend(
            [await _hand_on(tx, context, one, found, taker=taker or "", by=by, teller=teller) for one in moving]
        )
        await teller.write()
        staying = [str(one.case.case_id) for one in left if one not in moving]
        return {"id": found.id, "accepted_by": by.name, "accepted_at": tx.now, "moved": len(made), "left": staying}

    return Accepted(answer=await once(tx, command, by, do), changes=tuple(made))


async def _left_behind(tx: Transaction, found: Handover, present: set[str]) -> Sequence[Stored]:
    """The listed cases that are still with somebody who is off duty, locked."""
    stored = [await cases.lock(tx, UUID(case_id)) for case_id in sorted(one["case_id"] for one in found.cases)]
    return [
        one
        for one in stored
        if one.case.assigned_unit == found.unit
        and one.case.state in handovers.OPEN
        and one.case.responder is not None
        and one.case.responder not in present
    ]


async def _hand_on(
    tx: Transaction, context: Context, stored: Stored, found: Handover, *, taker: str, by: Actor, teller: Teller
) -> Change:
    policy = await context.policies.version(tx.conn, stored.case.policy_version)
    change = moves.assign(
        stored.case,
        unit=found.unit,
        responder=taker,
        why={"decided": "SHIFT_CHANGE", "handover": found.id, "accepted_by": by.name},
        by=HANDOVER,
        now=tx.now,
        policy=policy,
    )
    change = await teller.tell(stored.case, change, policy=policy)
    await cases.save(tx, [Saving(change=change, before=stored.case, messages=told(context, stored, change))])
    return change
