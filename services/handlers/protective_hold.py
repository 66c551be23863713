"""protective hold (保护性止付): on the victim's own account after a refusal; told to them, objected to, lifted."""

from collections.abc import Callable

from services.domain import after_loop, protective_hold, telling
from services.domain import beside as besides
from services.domain.actor import Actor
from services.domain.beside import Beside, Made
from services.domain.case import Case
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.protective_hold import ProtectiveHold
from services.domain.refusals import NotAllowed, NotInCase
from services.domain.states import Action
from services.domain.words import Role
from services.handlers.beside import carry_out_beside
from services.handlers.command import Command, Done
from services.handlers.context import Context
from services.handlers.seen import must_be
from services.store.engine import Transaction

ANYBODY = after_loop.CENTRE | after_loop.FIELD


async def place_hold(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """The reason is sealed. Raises Incomplete before a refusal, OutOfOrder while one stands."""

    def step(case: Case, beside: Beside) -> ProtectiveHold:
        return protective_hold.placed(beside.holds, case.outcome, by=by.name, at=tx.now)

    return await _do(tx, context, command, by=by, may=ANYBODY, step=step)


async def tell_hold(tx: Transaction, context: Context, command: Command, *, by: Actor, hold: int) -> Done:
    """The person was told of it. Raises NotInCase or OutOfOrder."""

    def step(_: Case, beside: Beside) -> ProtectiveHold:
        return protective_hold.noticed(_one(beside, hold, command.seen), at=tx.now)

    return await _do(tx, context, command, by=by, may=ANYBODY, step=step)


async def appeal_hold(tx: Transaction, context: Context, command: Command, *, by: Actor, hold: int) -> Done:
    """The person objects; their words are sealed. Raises NotInCase or OutOfOrder."""

    def step(_: Case, beside: Beside) -> ProtectiveHold:
        return protective_hold.appealed(_one(beside, hold, command.seen), at=tx.now)

    return await _do(tx, context, command, by=by, may=ANYBODY, step=step)


async def lift_hold(tx: Transaction, context: Context, command: Command, *, by: Actor, hold: int) -> Done:
    """Over; the centre's decision, with its reason sealed. Raises NotAllowed, NotInCase or OutOfOrder."""

    def step(_: Case, beside: Beside) -> ProtectiveHold:
        return protective_hold.lifted(_one(beside, hold, command.seen), by=by.name, at=tx.now)

    return await _do(tx, context, command, by=by, may=after_loop.CENTRE, step=step)


async def _do(
    tx: Transaction,
    context: Context,
    command: Command,
    *,
    by: Actor,
    may: frozenset[Role],
    step: Callable[[Case, Beside], ProtectiveHold],
) -> Done:
    def decide(case: Case, beside: Beside, policy: Policy, said: Said) -> Made:  # noqa: ARG001 - the signature of all
        if by.role not in may:
            raise NotAllowed(role=by.role, action=Action.PROTECT)
        after = step(case, beside)
        detail = {"hold": after.number, "state": protective_hold.state_of(after)}
        change = telling.noted(case, Action.PROTECT, by=by, now=tx.now, detail=detail, private=said.private)
        return besides.made(change, besides.with_hold(beside, after))

    return await carry_out_beside(tx, context, command, by=by, decide=decide)


def _one(beside: Beside, id_: int, seen: str | None) -> ProtectiveHold:
    found = next((one for one in beside.holds if one.id == id_), None)
    if found is None:
        raise NotInCase()
    must_be(seen, found)
    return found
