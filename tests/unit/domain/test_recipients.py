"""Who a target is: people who are there now, resolved from the roster, the heads, the desks and the seats."""

from dataclasses import dataclass

import pytest

from services.domain.notice import NoticeKind
from services.domain.policy_rules import Target
from services.domain.recipients import NOBODY, Staff, centre_queue, found_for
from services.domain.roster import OnDuty, Roster


@dataclass(frozen=True)
class Unit:
    kind: str
    parent: str | None = None


def on_duty(responder: str, unit: str) -> OnDuty:
    return OnDuty(
        responder=responder,
        unit=unit,
        lat=None,
        lon=None,
        fix_at=None,
        post_lat=None,
        post_lon=None,
        open_cases=0,
    )


UNITS = {"C": Unit("centre"), "K": Unit("county", "C"), "P": Unit("precinct", "K"), "Q": Unit("precinct", "P")}


def staff(
    *people: tuple[str, str], heads: dict[str, str] | None = None, units: dict[str, Unit] | None = None, **given: object
) -> Staff:
    rest: dict[str, object] = {"desks": {}, "operators": ("o",), "supervisors": ()} | given
    return Staff(
        roster=Roster([on_duty(*person) for person in people], heads=heads),
        units=UNITS if units is None else units,  # type: ignore[arg-type]
        **rest,  # type: ignore[arg-type]
    )


def people(target: Target, there: Staff, *, unit: str | None = "P", responder: str | None = "r") -> list[str]:
    return [who for one in found_for(target, unit, responder, there).recipients for who in one.people]


def test_a_responder_is_reached_on_duty_and_told_anyhow_off_duty() -> None:
    there = staff(("r", "Q"))

    assert found_for(Target.RESPONDER, "P", "r", there).recipients[0].unit == "Q"
    assert found_for(Target.RESPONDER, "P", "gone", there) == NOBODY
    assert found_for(Target.RESPONDER, "P", "gone", there, anyhow=True).recipients[0].person == "gone"
    assert found_for(Target.RESPONDER, "P", None, there, anyhow=True) == NOBODY


def test_a_desk_is_whoever_signs_in_there_or_is_on_duty() -> None:
    assert people(Target.DUTY_DESK, staff(("r", "P"), desks={"P": ("desk",)})) == ["desk", "r"]
    assert people(Target.DUTY_DESK, staff(("r", "Q"))) == []
    assert people(Target.DUTY_DESK, staff(("r", "P")), unit=None) == []


def test_a_head_is_reached_whatever_the_hour() -> None:
    assert people(Target.PRECINCT_HEAD, staff(heads={"P": "chief"})) == ["chief"]
    assert people(Target.PRECINCT_HEAD, staff()) == []


def test_the_county_leads_by_duty_then_its_head_then_the_centres() -> None:
    heads = {"K": "county-head", "C": "centre-head"}

    assert people(Target.COUNTY_LEADER, staff(("k1", "K"), ("k2", "K"), heads=heads), unit="Q") == ["k1", "k2"]
    assert people(Target.COUNTY_LEADER, staff(heads=heads)) == ["county-head"]
    assert people(Target.COUNTY_LEADER, staff(heads={"C": "centre-head"})) == ["centre-head"]
    assert people(Target.COUNTY_LEADER, staff()) == []
    loose = {"P": Unit("precinct"), "C": Unit("centre")}
    assert people(Target.COUNTY_LEADER, staff(("c", "C"), heads=heads, units=loose)) == ["centre-head"]
    two = {"P": Unit("precinct"), "K": Unit("county"), "L": Unit("county")}
    assert people(Target.COUNTY_LEADER, staff(heads=heads, units=two)) == []
    ring = {"P": Unit("precinct", "P")}
    assert people(Target.COUNTY_LEADER, staff(heads=heads, units=ring)) == []


def test_an_empty_seat_of_the_centre_is_nobody_but_never_lost() -> None:
    there = staff()

    assert people(Target.OPERATOR, there) == ["o"]
    assert found_for(Target.SUPERVISOR, None, None, there) == NOBODY
    assert (centre_queue(Target.SUPERVISOR, there).unit, centre_queue(Target.SUPERVISOR, there).people) == (None, ())


@pytest.mark.parametrize("target", [Target.RESPONDER, Target.DUTY_DESK, Target.PRECINCT_HEAD])
def test_a_muted_unit_is_silent_and_not_empty(target: Target) -> None:
    found = found_for(target, "P", "r", staff(muted=frozenset({"P"})))

    assert (found.recipients, found.is_muted) == ((), True)


def test_the_kinds_of_notices_fit_their_column() -> None:
    assert max(len(kind) for kind in NoticeKind) <= 32
