"""What the simulated desks second, and what they leave."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2

from schemas.case import CaseChanged, Happened, RunningTimer
from services.broker.link import BrokerAddress
from services.clock import SteadyClock
from services.simulator.desk import Desk
from services.simulator.desks import NEVER_SECONDED, Desks

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
DRAWS = 1_000


def changed(number: int = 1, **given: Any) -> CaseChanged:
    told: dict[str, Any] = {
        "case_id": UUID(int=number),
        "version": 3,
        "turn": 3,
        "changes": (Happened(action="ACKNOWLEDGE", by="responder"),),
        "state": "ACKNOWLEDGED",
        "risk": "HIGH",
        "mode": "actual",
        "assigned_unit": "MT01",
        "responder": "MT01-01",
        "at": NOW,
        "timers": (RunningTimer(kind="SECOND_ACK", round=1, due_at=NOW),),
    }
    return CaseChanged(**told | given)


def desks() -> Desks:
    desk = Desk(httpx2.AsyncClient(), SteadyClock(NOW))
    return Desks(BrokerAddress(bootstrap="127.0.0.1:1"), desk, {"MT01": "qz_desk"}, "qz_reviewer")


def test_nine_in_ten_large_amounts_are_seconded_by_the_desk() -> None:
    acting = desks()

    errands = [acting.seconding(changed(number)) for number in range(DRAWS)]

    given = [errand for errand in errands if errand is not None]
    assert abs(100 - len(given) / DRAWS * 100 - NEVER_SECONDED) < 3
    assert {(errand.token, errand.steps[0].command) for errand in given} == {("qz_desk", "second-acknowledgement")}


def test_a_message_that_comes_again_is_seconded_once() -> None:
    acting = desks()
    number = next(number for number in range(DRAWS) if desks().seconding(changed(number)) is not None)

    assert acting.seconding(changed(number)) is not None
    assert acting.seconding(changed(number)) is None


def test_nothing_else_is_seconded() -> None:
    acting = desks()

    assert acting.seconding(changed(timers=())) is None
    assert acting.seconding(changed(assigned_unit="MT99")) is None
    assert acting.seconding(changed(changes=(Happened(action="ATTEMPT", by="responder"),))) is None
