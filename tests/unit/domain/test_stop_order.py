"""One stop-payment order: what each word of the bank does to it, and that its money adds up whatever comes."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.refusals import Incomplete, OutOfOrder, Refused
from services.domain.stop_order import (
    BankWord,
    Entry,
    Rejection,
    Step,
    StopOrder,
    StopState,
    adds_up,
    heard,
    passed,
    requested,
    sent,
)
from tests.unit.domain.samples import ISSUED, POLICY, minute

RULES = POLICY.stop_payment
ORDER = UUID(int=7)
HOUR = timedelta(hours=1)


def asked(amount_fen: int = 1000) -> StopOrder:
    return sent(requested(ORDER, 1, amount_fen=amount_fen, at=ISSUED, by="R-1").order, at=ISSUED, confirm_round=1)


def after(order: StopOrder, *words: BankWord) -> StopOrder:
    for word in words:
        order = heard(order, word, by="bank", rules=RULES).order
    return order


def held(at: float = 10, amount_fen: int | None = None) -> BankWord:
    return BankWord(step=Step.HOLD, at=minute(at), amount_fen=amount_fen)


def test_a_hold_lasts_48_hours_and_warns_at_40() -> None:
    order = after(asked(), held())

    assert (order.state, order.held_until, order.next_due_at) == (
        StopState.HELD,
        minute(10) + 48 * HOUR,
        minute(10) + 40 * HOUR,
    )


def test_a_bank_may_hold_for_less_but_never_longer() -> None:
    short, long = (
        after(asked(), BankWord(step=Step.HOLD, at=ISSUED, held_until=ISSUED + hours * HOUR)) for hours in (4, 500)
    )

    assert (short.held_until, short.next_due_at) == (ISSUED + 4 * HOUR, ISSUED + 4 * HOUR)
    assert long.held_until == ISSUED + 48 * HOUR


def test_a_hold_is_extended_once_and_no_more() -> None:
    order = after(asked(), held(), BankWord(step=Step.EXTEND, at=minute(10) + 41 * HOUR))

    assert (order.state, order.holds, order.held_until) == (StopState.EXTENDED, 2, minute(10) + 89 * HOUR)
    with pytest.raises(OutOfOrder):
        after(order, BankWord(step=Step.EXTEND, at=minute(10) + 50 * HOUR))


def test_a_hold_is_warned_of_once_and_then_expires() -> None:
    order = after(asked(), held())
    assert passed(order, now=minute(9) + 40 * HOUR, by="timekeeper") is None

    warned = passed(order, now=minute(10) + 40 * HOUR, by="timekeeper")
    assert warned is not None
    assert warned[1]
    assert passed(warned[0].order, now=minute(10) + 47 * HOUR, by="timekeeper") is None
    ended = passed(warned[0].order, now=minute(10) + 49 * HOUR, by="timekeeper")

    assert ended is not None
    assert (ended[0].order.state, ended[0].order.expired_fen, ended[0].order.ended_at) == (
        StopState.EXPIRED,
        1000,
        minute(10) + 48 * HOUR,
    )
    assert passed(ended[0].order, now=minute(10) + 99 * HOUR, by="timekeeper") is None


def test_a_part_may_be_frozen_and_the_rest_released() -> None:
    order = after(asked(), held(amount_fen=900), BankWord(step=Step.FREEZE, at=minute(20), amount_fen=600))
    assert (order.state, order.left_fen) == (StopState.HELD, 300)

    order = after(order, BankWord(step=Step.RELEASE, at=minute(30)))

    assert (order.state, order.frozen_fen, order.released_fen, order.left_fen) == (StopState.FROZEN, 600, 300, 0)


def test_a_freeze_that_was_in_time_takes_an_expiry_back() -> None:
    order = after(asked(), held())
    gone = passed(order, now=minute(10) + 48 * HOUR, by="timekeeper")
    assert gone is not None

    late = BankWord(step=Step.FREEZE, at=minute(10) + 49 * HOUR)
    with pytest.raises(OutOfOrder):
        after(gone[0].order, late)
    stepped = heard(gone[0].order, BankWord(step=Step.FREEZE, at=minute(10) + 47 * HOUR), by="bank", rules=RULES)

    assert (stepped.order.state, stepped.order.frozen_fen, stepped.order.expired_fen) == (StopState.FROZEN, 1000, 0)
    assert [(entry.kind, entry.amount_fen) for entry in stepped.entries] == [("EXPIRED", -1000), ("FROZEN", 1000)]


@pytest.mark.parametrize("amount_fen", [0, -1, 1001])
def test_an_amount_that_cannot_be_is_refused(amount_fen: int) -> None:
    with pytest.raises(Incomplete):
        after(asked(), held(amount_fen=amount_fen))
    with pytest.raises(Incomplete):
        after(asked(), held(), BankWord(step=Step.FREEZE, at=minute(20), amount_fen=amount_fen))


def test_a_rejection_needs_its_reason_and_ends_the_order() -> None:
    with pytest.raises(Incomplete):
        after(asked(), BankWord(step=Step.REJECT, at=minute(5)))

    order = after(asked(), BankWord(step=Step.REJECT, at=minute(5), reason=Rejection.EMPTY))

    assert (order.state, order.reason, order.ended_at) == (StopState.REJECTED, Rejection.EMPTY, minute(5))


AMOUNTS = st.none() | st.integers(-5, 1100)
WORDS = st.builds(
    BankWord,
    step=st.sampled_from([step for step in Step if step not in (Step.SEND, Step.EXPIRE)]),
    at=st.integers(-60, 6000).map(minute),
    amount_fen=AMOUNTS,
    held_until=st.none() | st.integers(-60, 9000).map(minute),
    reason=st.none() | st.sampled_from(Rejection),
)
STEPS = st.lists(WORDS | st.integers(0, 9000).map(minute), max_size=12)


@given(steps=STEPS)
def test_money_adds_up_to_the_fen_whatever_comes(steps: list[BankWord]) -> None:
    """Words in any order, twice, with any amounts, between them any time: refused, or the sums are right."""
    stepped = requested(ORDER, 1, amount_fen=1000, at=ISSUED, by="R-1")
    ledger: list[Entry] = list(stepped.entries)
    order = sent(stepped.order, at=ISSUED, confirm_round=1)
    for step in steps:
        if isinstance(step, BankWord):
            try:
                made = heard(order, step, by="bank", rules=RULES)
            except Refused:
                continue
        else:
            found = passed(order, now=step, by="timekeeper")
            if found is None:
                continue
            made = found[0]
        order = made.order
        ledger += made.entries
        assert adds_up(order, ledger)
        assert order.holds <= RULES.most_holds


@given(words=st.permutations([held(10, 800), BankWord(step=Step.FREEZE, at=minute(20), amount_fen=500), held(10, 800)]))
def test_the_same_word_again_changes_nothing(words: list[BankWord]) -> None:
    order = asked()
    for _ in range(3):
        for word in words:
            try:
                order = after(order, word)
            except Refused:
                continue
    assert order.held_fen == 800
