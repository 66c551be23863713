"""Who may ask for a swap and who may answer it, in every state it can be in."""

from datetime import UTC, datetime, timedelta

import pytest

from services.domain.actor import Actor
from services.domain.refusals import NotAllowed, SwapOver
from services.domain.rota.swap import AskedSwap, SwapAction, SwapState, answer
from services.domain.words import Role

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
ASKER, OTHER, THIRD = (Actor(name=code, role=Role.RESPONDER, unit="P", responder=code) for code in ("R1", "R2", "R3"))
DESK = Actor(name="desk", role=Role.DESK, unit="P")
OPERATOR = Actor(name="operator", role=Role.OPERATOR)
BANK = Actor(name="bank", role=Role.BANK)


def asked(state: SwapState = SwapState.ASKED) -> AskedSwap:
    return AskedSwap(
        id=1,
        unit="P",
        asker="R1",
        other="R2",
        gives=(NOW + timedelta(hours=1), NOW + timedelta(hours=9)),
        takes=None,
        state=state,
        asked_by="R1",
        asked_at=NOW,
    )


@pytest.mark.parametrize(
    ("action", "may"),
    [
        (SwapAction.ACCEPT, {"R2", "desk", "operator"}),
        (SwapAction.REFUSE, {"R2", "desk", "operator"}),
        (SwapAction.WITHDRAW, {"R1", "desk", "operator"}),
    ],
)
def test_only_the_one_concerned_answers_a_swap(action: SwapAction, may: set[str]) -> None:
    did = set()
    for who in (ASKER, OTHER, THIRD, DESK, OPERATOR, BANK):
        try:
            done = answer(asked(), action, by=who, now=NOW)
        except NotAllowed:
            continue
        assert (done.answered_by, done.answered_at) == (who.name, NOW)
        did.add(who.name)

    assert did == may


def test_an_accepted_swap_is_undone_by_the_desk_only() -> None:
    accepted = asked(SwapState.ACCEPTED)

    with pytest.raises(NotAllowed):
        answer(accepted, SwapAction.WITHDRAW, by=ASKER, now=NOW)
    assert answer(accepted, SwapAction.WITHDRAW, by=DESK, now=NOW).state is SwapState.WITHDRAWN


@pytest.mark.parametrize("state", [SwapState.REFUSED, SwapState.WITHDRAWN])
@pytest.mark.parametrize("action", SwapAction)
def test_an_answered_swap_stays_answered(state: SwapState, action: SwapAction) -> None:
    with pytest.raises(SwapOver):
        answer(asked(state), action, by=DESK, now=NOW)


@pytest.mark.parametrize("action", SwapAction)
def test_a_swap_whose_time_has_passed_is_over(action: SwapAction) -> None:
    with pytest.raises(SwapOver):
        answer(asked(), action, by=DESK, now=NOW + timedelta(hours=9))
