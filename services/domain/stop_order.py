"""One stop-payment order on the suspect's account: where it stands, what is held, and what each word of the bank does.

We record and chase it; the police platform carries it out. Money is integer fen and append-only: every change of an
amount is an `Entry`, and the sums of the entries are the amounts of the order (`adds_up`). A part may be frozen or
released while the rest stays held: the order ends once nothing of it is held any more.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.domain.policy_rules import StopPaymentRules
from services.domain.refusals import Incomplete, OutOfOrder
from services.domain.value import replace, value

MOST_ORDERS = 20  # of one case: each keeps a limit on the case row


class StopState(StrEnum):
    REQUESTED = "REQUESTED"  # 已申请: written down; somebody must take it to the bank
    SENT = "SENT"  # 已发送: the bank must answer
    HELD = "HELD"  # 已止付: for 48 hours; somebody must have it extended or frozen
    EXTENDED = "EXTENDED"  # 已续止: the second and last hold
    FROZEN = "FROZEN"  # 已冻结
    RELEASED = "RELEASED"  # 已解除
    EXPIRED = "EXPIRED"  # 已到期: nobody froze it in time
    REJECTED = "REJECTED"  # 被退回


class Step(StrEnum):
    SEND = "SEND"
    HOLD = "HOLD"
    REJECT = "REJECT"
    EXTEND = "EXTEND"
    FREEZE = "FREEZE"
    RELEASE = "RELEASE"
    EXPIRE = "EXPIRE"  # by time alone
    REFUND = "REFUND"  # money back: moves no order on
    RECOVER = "RECOVER"


class EntryKind(StrEnum):
    REQUESTED = "REQUESTED"
    HELD = "HELD"
    FROZEN = "FROZEN"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"
    REFUNDED = "REFUNDED"  # 返还: of what was frozen, given back to whom it was taken from
    RECOVERED = "RECOVERED"  # 追回: came back in another way


class Rejection(StrEnum):
    MISMATCH = "mismatch"  # name and account do not belong together
    EMPTY = "empty"  # the money is gone
    OTHER = "other"


S = StopState
# Where a step leads once nothing is held any more; while a part still is, HELD and EXTENDED stay as they are.
MOVES: Mapping[tuple[StopState, Step], StopState] = {
    (S.REQUESTED, Step.SEND): S.SENT,
    (S.SENT, Step.HOLD): S.HELD,
    (S.SENT, Step.REJECT): S.REJECTED,
    (S.HELD, Step.EXTEND): S.EXTENDED,
    **{
        (state, step): to
        for state in (S.HELD, S.EXTENDED)
        for step, to in ((Step.FREEZE, S.FROZEN), (Step.RELEASE, S.RELEASED), (Step.EXPIRE, S.EXPIRED))
    },
}
HOLDING = frozenset({S.HELD, S.EXTENDED})
RETURNS: Mapping[EntryKind, Step] = {EntryKind.REFUNDED: Step.REFUND, EntryKind.RECOVERED: Step.RECOVER}
ANSWERS = frozenset({Step.HOLD, Step.REJECT})  # what the bank's limit waits for


@value
class StopOrder:
    """`held_fen` is all that was ever held; what still is, is `left_fen`."""

    id: int | None = None  # the row; None until it is stored
    order_id: UUID
    number: int  # nth of its case
    state: StopState
    amount_fen: int
    requested_at: datetime
    requested_by: str
    confirm_round: int | None = None  # the round of STOP_CONFIRM that waits for the bank's answer
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    held_until: datetime | None = None
    warn_at: datetime | None = None  # of the present hold; None: told, or nothing to tell
    holds: int = 0
    held_fen: int = 0
    frozen_fen: int = 0
    released_fen: int = 0
    expired_fen: int = 0
    refunded_fen: int = 0
    recovered_fen: int = 0
    reason: Rejection | None = None
    bank_number: str | None = None
    ended_at: datetime | None = None

    @property
    def left_fen(self) -> int:
        return self.held_fen - self.frozen_fen - self.released_fen - self.expired_fen

    @property
    def next_due_at(self) -> datetime | None:
        """When its hold is next told of, or ends."""
        return (self.warn_at or self.held_until) if self.state in HOLDING else None


@value
class Entry:
    """A line of the ledger. `amount_fen` is negative only where an expiry of ours is taken back."""

    order_id: UUID
    kind: EntryKind
    amount_fen: int
    at: datetime
    by: str


@value
class BankWord:
    """What the bank says. Without an amount: all that it can concern."""

    step: Step
    at: datetime
    amount_fen: int | None = None
    held_until: datetime | None = None
    reason: Rejection | None = None
    bank_number: str | None = None


@value
class Stepped:
    order: StopOrder
    entries: tuple[Entry, ...] = ()


def requested(order_id: UUID, number: int, *, amount_fen: int, at: datetime, by: str) -> Stepped:
    """A new order. Raises Incomplete for an amount of nothing, or where the case has too many."""
    if amount_fen < 1:
        raise Incomplete(field="amount_fen", why="must be more than nothing")
    if number > MOST_ORDERS:
        raise Incomplete(field="order", why="the case has too many orders")
    order = StopOrder(
        order_id=order_id,
        number=number,
        state=S.REQUESTED,
        amount_fen=amount_fen,
        requested_at=at,
        requested_by=by,
    )
    return Stepped(order=order, entries=(_entry(order, EntryKind.REQUESTED, amount_fen, at, by),))


def sent(order: StopOrder, *, at: datetime, confirm_round: int, bank_number: str | None = None) -> StopOrder:
    """The bank has been asked. Raises OutOfOrder."""
    return replace(
        order,
        state=_to(order, Step.SEND),
        sent_at=at,
        confirm_round=confirm_round,
        bank_number=bank_number or order.bank_number,
    )


def heard(order: StopOrder, word: BankWord, *, by: str, rules: StopPaymentRules) -> Stepped:
    """The order after a word of the bank. Raises OutOfOrder, or Incomplete where the money does not add up.

    An expiry was only our conclusion: a word that the bank gave before the hold's end takes it back.
    """
    order, back = _taken_back(order, word, by=by)
    to = _to(order, word.step)
    order = replace(order, bank_number=word.bank_number or order.bank_number)
    made = _STEPS[word.step](order, word, to, by, rules)
    return replace(made, entries=back + made.entries)


def passed(order: StopOrder, *, now: datetime, by: str) -> tuple[Stepped, bool] | None:
    """What time alone does: the hold ends, or its end is told (then the flag is true). None: nothing is due."""
    due_at = order.next_due_at
    if due_at is None or due_at > now:
        return None
    if order.held_until is not None and order.held_until <= now:
        return _spend(order, EntryKind.EXPIRED, order.left_fen, S.EXPIRED, at=order.held_until, by=by), False
    return Stepped(order=replace(order, warn_at=None)), True


def returned(order: StopOrder, kind: EntryKind, *, amount_fen: int, at: datetime, by: str) -> Stepped:
    """Money came back: REFUNDED of what was frozen, or RECOVERED of what is neither frozen nor held now.

    Raises OutOfOrder before the bank was asked, Incomplete for more than there can be.
    """
    if order.sent_at is None:
        raise OutOfOrder(state=order.state, action=RETURNS[kind])
    refunds = kind is EntryKind.REFUNDED
    column = "refunded_fen" if refunds else "recovered_fen"
    most = order.frozen_fen if refunds else order.amount_fen - order.frozen_fen - order.left_fen
    amount = getattr(order, column) + amount_fen
    if amount_fen < 1 or amount > most:
        raise Incomplete(field="amount_fen", why="must be more than nothing and no more than can have come back")
    after = replace(order, **{column: amount})
    return Stepped(order=after, entries=(_entry(order, kind, amount_fen, at, by),))


def adds_up(order: StopOrder, entries: Iterable[Entry]) -> bool:
    """Whether the ledger and the order tell the same to the fen, and nobody gave more than there was (I8)."""
    sums = dict.fromkeys(EntryKind, 0)
    for entry in entries:
        sums[entry.kind] += entry.amount_fen
    told = tuple(getattr(order, _AMOUNTS[kind]) for kind in EntryKind)
    return (
        tuple(sums[kind] for kind in EntryKind) == told
        and all(amount >= 0 for amount in told)
        and order.held_fen <= order.amount_fen
        and order.left_fen >= 0
        and order.refunded_fen <= order.frozen_fen
        and order.recovered_fen <= order.amount_fen
        and (order.state in HOLDING) == (order.left_fen > 0)
    )


_AMOUNTS: Mapping[EntryKind, str] = {
    kind: "amount_fen" if kind is EntryKind.REQUESTED else f"{kind.value.lower()}_fen" for kind in EntryKind
}


def _to(order: StopOrder, step: Step) -> StopState:
    to = MOVES.get((order.state, step))
    if to is None:
        raise OutOfOrder(state=order.state, action=step)
    return to


def _held(order: StopOrder, word: BankWord, to: StopState, by: str, rules: StopPaymentRules) -> Stepped:
    amount = order.amount_fen if word.amount_fen is None else word.amount_fen
    if not 1 <= amount <= order.amount_fen:
        raise Incomplete(field="amount_fen", why="must be more than nothing and no more than was asked for")
    order = replace(order, state=to, held_fen=amount, answered_at=word.at)
    return Stepped(order=_hold(order, word, rules), entries=(_entry(order, EntryKind.HELD, amount, word.at, by),))


def _extended(order: StopOrder, word: BankWord, to: StopState, by: str, rules: StopPaymentRules) -> Stepped:  # noqa: ARG001 - one signature
    if order.holds >= rules.most_holds:
        raise OutOfOrder(state=order.state, action=word.step)
    return Stepped(order=_hold(replace(order, state=to), word, rules))


def _hold(order: StopOrder, word: BankWord, rules: StopPaymentRules) -> StopOrder:
    """A hold from the bank's word on, no longer than the law allows, and never shorter than the one before."""
    longest = word.at + rules.hold
    until = longest if word.held_until is None else min(word.held_until, longest)
    if until <= word.at:
        raise Incomplete(field="held_until", why="before the hold begins")
    until = until if order.held_until is None else max(until, order.held_until)
    warn_at = until - (rules.hold - rules.warn_after)
    return replace(
        order, held_until=until, warn_at=warn_at if warn_at > word.at else None, holds=order.holds + 1, ended_at=None
    )


def _rejected(order: StopOrder, word: BankWord, to: StopState, by: str, rules: StopPaymentRules) -> Stepped:  # noqa: ARG001
    if word.reason is None:
        raise Incomplete(field="reason", why="a rejection has a reason")
    return Stepped(order=replace(order, state=to, reason=word.reason, answered_at=word.at, ended_at=word.at))


def _frozen(order: StopOrder, word: BankWord, to: StopState, by: str, rules: StopPaymentRules) -> Stepped:  # noqa: ARG001
    return _spend(order, EntryKind.FROZEN, word.amount_fen, to, at=word.at, by=by)


def _released(order: StopOrder, word: BankWord, to: StopState, by: str, rules: StopPaymentRules) -> Stepped:  # noqa: ARG001
    return _spend(order, EntryKind.RELEASED, word.amount_fen, to, at=word.at, by=by)


_STEPS = {
    Step.HOLD: _held,
    Step.REJECT: _rejected,
    Step.EXTEND: _extended,
    Step.FREEZE: _frozen,
    Step.RELEASE: _released,
}


def _spend(
    order: StopOrder, kind: EntryKind, amount_fen: int | None, to: StopState, *, at: datetime, by: str
) -> Stepped:
    """Of what is held, so much is held no more. Money that was frozen decides what the order ends as."""
    amount = order.left_fen if amount_fen is None else amount_fen
    if not 1 <= amount <= order.left_fen:
        raise Incomplete(field="amount_fen", why="must be more than nothing and no more than is held")
    column = f"{kind.value.lower()}_fen"
    after = replace(order, **{column: getattr(order, column) + amount})
    if after.left_fen == 0:
        after = replace(after, state=S.FROZEN if after.frozen_fen else to, warn_at=None, ended_at=at)
    return Stepped(order=after, entries=(_entry(order, kind, amount, at, by),))


def _taken_back(order: StopOrder, word: BankWord, *, by: str) -> tuple[StopOrder, tuple[Entry, ...]]:
    in_time = order.held_until is not None and word.at <= order.held_until
    if not order.expired_fen or not in_time or (S.HELD, word.step) not in MOVES:
        return order, ()
    entry = _entry(order, EntryKind.EXPIRED, -order.expired_fen, word.at, by)
    state = S.HELD if order.holds == 1 else S.EXTENDED
    return replace(order, state=state, expired_fen=0, ended_at=None), (entry,)


def _entry(order: StopOrder, kind: EntryKind, amount_fen: int, at: datetime, by: str) -> Entry:
    return Entry(order_id=order.order_id, kind=kind, amount_fen=amount_fen, at=at, by=by)
