"""What a command, a bank's word or the passing of time does to a case with its stop orders and follow-ups.

The loop neither waits for any of it nor is moved by it: only STOP_REQUEST and STOP_CONFIRM run on the case's own clock.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from services.domain import beside as besides
from services.domain import follow_up, moves, stop_order, telling
from services.domain import timers as limits
from services.domain.actor import TIMEKEEPER, Actor
from services.domain.beside import Beside, Made
from services.domain.case import CASE_NAMESPACE, Case, Change
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.policy_rules import ReviewCause
from services.domain.refusals import NotAllowed, NotInCase, OutOfOrder
from services.domain.states import Action, State, TimerKind
from services.domain.stop_order import BankWord, Entry, EntryKind, Step, StopOrder
from services.domain.value import replace
from services.domain.words import Role

MAY_TELL = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.BANK})


def requested(
    case: Case,
    beside: Beside,
    *,
    amount_fen: int,
    by_hand: bool,
    bank_number: str | None,
    by: Actor,
    now: datetime,
    policy: Policy,
    said: Said,
) -> Made:
    """A new order: sent at once, or by hand by somebody who then says so. Raises what `moves.move` raises, Incomplete."""
    number = len(beside.orders) + 1
    stepped = stop_order.requested(
        order_id_for(case.case_id, number), number, amount_fen=amount_fen, at=now, by=by.name
    )
    if by_hand and bank_number is None:
        said = _with(said, _detail(stepped.order))
        change = moves.move(case, Action.ORDER_STOP, by=by, now=now, policy=policy, said=said)
        return besides.made(change, besides.with_order(beside, stepped.order), stepped.entries)
    change, order = _sent(case, stepped.order, bank_number=bank_number, by=by, now=now, policy=policy, said=said)
    made = besides.made(change, besides.with_order(beside, order), stepped.entries)
    return besides.inquired(made, _late(case, order, now=now), by=by, now=now, policy=policy)


def sent(
    case: Case,
    beside: Beside,
    order: StopOrder,
    *,
    bank_number: str | None,
    by: Actor,
    now: datetime,
    policy: Policy,
    said: Said,
) -> Made:
    """Somebody took the order to the bank. Raises OutOfOrder where it is there already."""
    change, after = _sent(case, order, bank_number=bank_number, by=by, now=now, policy=policy, said=said)
    made = besides.made(change, besides.with_order(beside, after))
    return besides.inquired(made, _late(case, after, now=now), by=by, now=now, policy=policy)


def heard(
    case: Case,
    beside: Beside,
    order: StopOrder,
    word: BankWord,
    *,
    by: Actor,
    now: datetime,
    policy: Policy,
    said: Said,
) -> Made:
    """A word of the bank, written down by whoever may; what failed opens its review. Raises OutOfOrder or Incomplete."""
    if by.role not in MAY_TELL:
        raise NotAllowed(role=by.role, action=word.step)
    stepped = stop_order.heard(order, word, by=by.name, rules=policy.stop_payment)
    said = _with(said, _detail(stepped.order) | {"step": word.step.value})
    if word.step in stop_order.ANSWERS and case.state is not State.CANCELLED:
        round_ = order.confirm_round
        change = moves.move(case, Action.RESOLVE_STOP, by=by, now=now, policy=policy, said=said, round_=round_)
    else:
        detail, private = said.detail or {}, said.private
        change = telling.noted(case, Action.CHASE_STOP, by=by, now=now, detail=detail, private=private)
    after = besides.with_order(beside, stepped.order)
    whys = [(why, order.number) for why in _failed(stepped.order, word)]
    made = besides.made(change, after, stepped.entries)
    return besides.inquired(made, [*whys, *besides.late_orders(change, after)], by=by, now=now, policy=policy)


def returned(
    case: Case,
    beside: Beside,
    order: StopOrder,
    kind: EntryKind,
    *,
    amount_fen: int,
    by: Actor,
    now: datetime,
    said: Said,
) -> Made:
    """Money came back, whenever that is: a line of the ledger and a fact. Raises NotAllowed, OutOfOrder or Incomplete."""
    step = stop_order.RETURNS[kind]
    if by.role not in MAY_TELL:
        raise NotAllowed(role=by.role, action=step)
    stepped = stop_order.returned(order, kind, amount_fen=amount_fen, at=now, by=by.name)
    detail = (said.detail or {}) | _detail(stepped.order) | {"step": step.value, "returned_fen": amount_fen}
    change = telling.noted(case, Action.CHASE_STOP, by=by, now=now, detail=detail, private=said.private)
    return besides.made(change, besides.with_order(beside, stepped.order), stepped.entries)


def passed(change: Change | None, case: Case, beside: Beside, *, now: datetime, policy: Policy) -> Made | None:
    """What is due beside the loop, each once, oldest first, after `change` (what the limits did). None: nothing at all."""
    told: list[tuple[datetime, Action, dict[str, Any]]] = []
    after = beside
    entries: list[Entry] = []
    for order in beside.orders:
        if (step := stop_order.passed(order, now=now, by=TIMEKEEPER.name)) is not None:
            stepped, is_warning = step
            after = besides.with_order(after, stepped.order)
            entries.extend(stepped.entries)
            detail = _detail(stepped.order) | {"step": "WARN" if is_warning else Step.EXPIRE.value}
            told.append(
                (order.next_due_at or now if is_warning else order.held_until or now, Action.CHASE_STOP, detail)
            )
    for one in beside.follow_ups:
        was = one
        for reached in follow_up.passed(one, now=now):
            told.append((was.next_due_at or now, Action.FOLLOW_UP, besides.follow_up_detail(reached)))
            after = besides.with_follow_up(after, was, reached)
            was = reached
    whys = [] if change is None else besides.late_orders(change, after)
    if change is None and not told:
        return None
    case = case if change is None else change.case
    so_far = change or Change(case=case, facts=())
    for at, action, detail in sorted(told, key=lambda one: one[0]):
        noted = telling.noted(so_far.case, action, by=TIMEKEEPER, now=now, at=at, detail=detail)
        so_far = moves.then(so_far, noted)
    return besides.inquired(besides.made(so_far, after, tuple(entries)), whys, by=TIMEKEEPER, now=now, policy=policy)


def order_id_for(case_id: UUID, number: int) -> UUID:
    """The public id of the nth order of a case."""
    return uuid5(CASE_NAMESPACE, f"{case_id}\x1fstop\x1f{number}")


def order_of(beside: Beside, order_id: UUID) -> StopOrder:
    """Raises NotInCase."""
    found = next((one for one in beside.orders if one.order_id == order_id), None)
    if found is None:
        raise NotInCase()
    return found


def waiting(case: Case, beside: Beside) -> StopOrder:
    """The order that has waited longest for its answer. Raises OutOfOrder where none does."""
    found = next((one for one in beside.orders if one.state is stop_order.StopState.SENT), None)
    if found is None:
        raise OutOfOrder(state=case.state, action=Action.RESOLVE_STOP)
    return found


def _sent(
    case: Case, order: StopOrder, *, bank_number: str | None, by: Actor, now: datetime, policy: Policy, said: Said
) -> tuple[Change, StopOrder]:
    round_ = limits.rounds(case.timers, TimerKind.STOP_CONFIRM) + 1
    after = stop_order.sent(order, at=now, confirm_round=round_, bank_number=bank_number)
    said = _with(said, _detail(after))
    return moves.move(case, Action.REQUEST_STOP, by=by, now=now, policy=policy, said=said), after


def _late(case: Case, order: StopOrder, *, now: datetime) -> list[tuple[ReviewCause, int | None]]:
    """Sent when the limit for asking was over already."""
    asking = limits.running(case.timers, TimerKind.STOP_REQUEST)
    return [(ReviewCause.STOP_LATE, order.number)] if asking is not None and asking.due_at <= now else []


def _failed(order: StopOrder, word: BankWord) -> list[ReviewCause]:
    if word.step is Step.REJECT:
        return [ReviewCause.STOP_REJECTED]
    return [ReviewCause.STOP_PARTIAL] if word.step is Step.HOLD and order.held_fen < order.amount_fen else []


def _detail(order: StopOrder) -> dict[str, Any]:
    """What the timeline shows of an order: money and times, nobody's account."""
    return {
        "order": order.number,
        "order_id": str(order.order_id),
        "state": order.state.value,
        "amount_fen": order.amount_fen,
        "held_fen": order.held_fen,
        "left_fen": order.left_fen,
        "held_until": None if order.held_until is None else order.held_until.isoformat(),
    }


def _with(said: Said, detail: dict[str, Any]) -> Said:
    return replace(said, detail={**(said.detail or {}), **detail})
