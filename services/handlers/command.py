"""What every command on one case has in common: idempotency, scope, turn, then the decision, saved with its messages."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.exc import IntegrityError

from services.domain.actor import Actor
from services.domain.case import Case, Change
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.refusals import (
    CaseNotFound,
    Incomplete,
    KeyReused,
    NewerCaseOpen,
    NotAllowed,
    NotDoneBefore,
    StaleTurn,
)
from services.domain.words import Role
from services.handlers.context import Context, fact_bound_to
from services.handlers.deadline import told
from services.handlers.notices import Teller
from services.handlers.offering import offer_next
from services.store import cases, commands, locking
from services.store.cases import Saving, Stored
from services.store.commands import Answer
from services.store.engine import Transaction
from services.store.outbox import Message
from services.store.scope import scope_of
from services.store.sealing import Sealer

COMMANDING = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.DESK, Role.RESPONDER, Role.BANK, Role.REVIEWER})

Decide = Callable[[Case, Policy, Said], Change | Awaitable[Change]]  # one that waits has read more of the locked case
Also = Callable[[Change], Sequence[Message]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command on one case. `key` makes a repeat harmless; `turn` is what its sender last saw of the case.

    `after` stands in for the turn where the sender has not seen any answer yet: the key of their own command before.
    """

    name: str
    case_id: UUID
    key: str
    turn: int | None
    after: str | None = None
    seen: str | None = None  # the tag of the row beside the case, as its sender last saw it
    occurred_at: datetime | None = None  # when it was done, by the device's clock
    detail: dict[str, Any] | None = None  # for the timeline; no personal data
    private: dict[str, Any] | None = None  # for the timeline, sealed

    def fingerprint(self, sealer: Sealer) -> bytes:
        """By which the same command is known again; keyed, because what it says may be a phone number."""
        said = orjson.dumps(
            [self.name, self.case_id, self.occurred_at, self.detail, self.private], option=orjson.OPT_SORT_KEYS
        )
        return sealer.fingerprint("command", said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The answer, and the change that was made (None where the command had been done before)."""

    answer: Answer
    change: Change | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A command's case, locked, where the command was not done before; and what there is beside the case."""

    stored: Stored
    fingerprint: bytes
    beside: Collection[str]


async def carry_out(
    tx: Transaction,
    context: Context,
    command: Command,
    *,
    by: Actor,
    decide: Decide,
    also: Also = lambda _: (),
    held: Begun | None = None,
) -> Done:
    """Lock the case, let `decide` decide, write it with its messages and what `also` says of the change.

    The same command again (same key) gives the first answer. `held` is the case where the caller has got it by `begin`.

    Raises CaseNotFound (also for another unit's case), KeyReused, StaleTurn, NotDoneBefore, NewerCaseOpen, and whatever
    `decide` refuses.
    """
    if by.role not in COMMANDING:
        raise NotAllowed(role=by.role)
    begun = held or await begin(tx, context, command, by=by)
    if isinstance(begun, Answer):
        return Done(answer=begun, change=None)
    stored, case = begun.stored, begun.stored.case
    seen = command.turn if command.after is None else await _turn_after(tx, command.after, case, by=by)
    if seen is not None and seen != case.turn:
        raise StaleTurn(turn=case.turn, state=case.state, holder=case.responder)
    policy = await context.policies.version(tx.conn, case.policy_version)
    if command.occurred_at is not None and command.occurred_at < case.issued_at - policy.device_skew:
        raise Incomplete(field="occurred_at", why="before the warning was issued")
    said = Said(occurred_at=command.occurred_at, detail=command.detail, private=command.private)
    decided = decide(case, policy, said)
    change = decided if isinstance(decided, Change) else await decided
    change = await offer_next(tx, context, stored, change, policy=policy)
    teller = Teller(tx, context)
    change = await teller.tell(case, change, policy=policy)
    saving = Saving(
        change=change,
        before=case,
        messages=(*told(context, stored, change), *also(change)),
        sealed_facts=sealed_facts(context.sealer, stored, change),
    )
    answer = Answer(state=change.case.state, version=change.case.version, turn=change.case.turn, at=tx.now)
    kept = commands.row_of(answer, actor=by.name, key=command.key, fingerprint=begun.fingerprint, case=stored.id)
    try:
        await cases.save(tx, [saving], answer=kept)
    except IntegrityError as broken:
        if commands.is_taken(broken):
            raise KeyReused() from None  # on another case, at this very moment: on the same one the lock had waited
        # The only other uniqueness that a move can break: one open case a subject (tables.CaseRow).
        raise NewerCaseOpen() from None
    await teller.write()
    return Done(answer=answer, change=change)


async def begin(
    tx: Transaction, context: Context, command: Command, *, by: Actor, with_beside: bool = False
) -> Begun | Answer:
    """The case of a command, locked, if it is in the sender's scope; or the answer, if the command was done before.

    Raises CaseNotFound, KeyReused.
    """
    fingerprint = command.fingerprint(context.sealer)
    scope = scope_of(by, acting=True)
    held = await locking.hold(tx, command.case_id, scope=scope, actor=by.name, key=command.key, with_beside=with_beside)
    if held is None:  # a command may have taken it out of the sender's own sight
        first = await commands.answered(tx, actor=by.name, key=command.key, fingerprint=fingerprint)
        if first is None:
            raise CaseNotFound()
        return first
    if held.done is not None:
        return held.done.answer_to(fingerprint)
    return Begun(stored=held.stored, fingerprint=fingerprint, beside=held.beside)


async def _turn_after(tx: Transaction, key: str, case: Case, *, by: Actor) -> int:
    """Where the sender's own command before left the case. Raises NotDoneBefore."""
    turn = await commands.turn_after(tx, actor=by.name, key=key, case=case)
    if turn is None:
        raise NotDoneBefore()
    return turn


def sealed_facts(sealer: Sealer, stored: Stored, change: Change) -> dict[int, bytes]:
    """The private words of each fact under the case's own key, by version; nothing where the person is forgotten."""
    private = [fact for fact in change.facts if fact.private]
    if not private or stored.wrapped_key is None:
        return {}
    key = sealer.unwrap(stored.wrapped_key)
    return {
        fact.version: key.seal(orjson.dumps(fact.private), bound_to=fact_bound_to(stored.case.case_id, fact.version))
        for fact in private
    }
