"""What runs beside the loop of one case: stop orders, follow-ups, reviews, protective holds; and what each act does.

Every function takes the case and all that is beside it and returns both as they are then, with the facts that tell of
it and the ledger's lines. The case's `side_due_at` is the earliest due time of the orders and the follow-ups, so one
index finds whatever is due. A handler saves the case row, its facts, the rows beside it and the outbox messages in one
transaction under the lock of the case row: after a crash all of it is there, or nothing, and what is due is due still.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.domain import follow_up, moves, review, telling
from services.domain.actor import Actor
from services.domain.case import Change
from services.domain.follow_up import FollowUp
from services.domain.policy import Policy
from services.domain.policy_rules import ReviewCause
from services.domain.protective_hold import ProtectiveHold
from services.domain.review import Review
from services.domain.states import Action, TimerKind
from services.domain.stop_order import Entry, StopOrder
from services.domain.value import replace, value


@value
class Beside:
    """All that is beside one case, each in the order in which it came."""

    orders: tuple[StopOrder, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    reviews: tuple[Review, ...] = ()
    holds: tuple[ProtectiveHold, ...] = ()

    @property
    def next_due_at(self) -> datetime | None:
        times = [order.next_due_at for order in self.orders] + [one.next_due_at for one in self.follow_ups]
        return min((at for at in times if at is not None), default=None)


@value
class Made:
    """One act: the case with its facts, what is beside it then, and the new lines of the ledger."""

    change: Change
    beside: Beside
    entries: tuple[Entry, ...] = ()


def made(change: Change, beside: Beside, entries: tuple[Entry, ...] = ()) -> Made:
    """The case takes the earliest due time of what is beside it."""
    case = replace(change.case, side_due_at=beside.next_due_at)
    return Made(change=replace(change, case=case), beside=beside, entries=entries)


def with_order(beside: Beside, order: StopOrder) -> Beside:
    """The order in the place of what it was, or as the newest."""
    kept = [order if one.order_id == order.order_id else one for one in beside.orders]
    known = any(one.order_id == order.order_id for one in beside.orders)
    return replace(beside, orders=tuple(kept) if known else (*kept, order))


def with_follow_up(beside: Beside, was: FollowUp, now: FollowUp) -> Beside:
    return replace(beside, follow_ups=tuple(now if one is was else one for one in beside.follow_ups))


def with_review(beside: Beside, now: Review) -> Beside:
    kept = tuple(now if one.number == now.number else one for one in beside.reviews)
    return replace(beside, reviews=kept if now.number <= len(kept) else (*kept, now))


def with_hold(beside: Beside, now: ProtectiveHold) -> Beside:
    kept = tuple(now if one.number == now.number else one for one in beside.holds)
    return replace(beside, holds=kept if now.number <= len(kept) else (*kept, now))


def inquired(
    so_far: Made, whys: Iterable[tuple[ReviewCause, int | None]], *, by: Actor, now: datetime, policy: Policy
) -> Made:
    """Open a review for each (why, number of the order) that the policy names, or add the why to one that is open."""
    change, beside = so_far.change, so_far.beside
    for why, order in whys:
        if why not in policy.review.opens_on:
            continue
        found = review.opened(beside.reviews, why, order=order, at=now)
        if found is None:
            continue
        beside = with_review(beside, found)
        detail = {"review": found.number, "state": found.state.value, "why": why.value, "order": order}
        change = moves.then(change, telling.noted(change.case, Action.INQUIRE, by=by, now=now, detail=detail))
    return made(change, beside, so_far.entries)


def late_orders(change: Change, beside: Beside) -> list[tuple[ReviewCause, int | None]]:
    """The orders whose answer came too late or not at all, as the facts of a change tell."""
    rounds = {
        fact.detail["round"]
        for fact in change.facts
        if fact.action is Action.BREACH and fact.detail["timer"] == TimerKind.STOP_CONFIRM
    }
    return [(ReviewCause.STOP_LATE, order.number) for order in beside.orders if order.confirm_round in rounds]


def follow_up_detail(one: FollowUp) -> dict[str, Any]:
    return {"mark": one.mark.value, "round": one.round, "state": one.state.value, "due_at": one.due_at.isoformat()}


def superseded(beside: Beside) -> Beside:
    """Follow-ups that are still to be done are wanted no more."""
    return replace(beside, follow_ups=tuple(follow_up.superseded(one) for one in beside.follow_ups))
