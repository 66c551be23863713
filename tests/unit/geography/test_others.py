"""Whoever is near across a boundary: the same as when everybody is measured."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from services.domain.choice import Ask, Rules
from services.domain.geodesy import distance_m
from services.domain.others import NEIGHBOURS, Others
from services.domain.roster import OnDuty, Roster
from services.domain.within import Muster

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("wide", [0.01, 0.3, 1.5, 6.0])
def test_the_fifty_nearest_of_others_are_found(wide: float) -> None:
    """However thick they are on the ground; with equally near ones among them, who go by their code."""
    rng = np.random.default_rng(7)
    spots = np.round(np.array((19.0, 131.0)) + rng.uniform(-wide / 2, wide / 2, (400, 2)), 2 if wide > 1 else 4)
    people = [
        OnDuty(
            responder=f"R{number:03}",
            unit=f"P{number % 4}",
            lat=lat,
            lon=lon,
            fix_at=NOW - timedelta(minutes=number % 30),  # a few of them too old, and without a post
            post_lat=None,
            post_lon=None,
            open_cases=0,
        )
        for number, (lat, lon) in enumerate(spots.tolist())
    ]
    roster, rules = Roster(people, closed=frozenset({"P3"})), Rules()
    others = Others(Muster(roster, roster.open_cases, NOW, rules))

    for lat, lon in spots[:20] + 0.003:
        found = [roster.responders[person] for person, _, _ in others.near(Ask(unit="P1", lat=lat, lon=lon))]

        asked = [one for one in people if one.unit in ("P0", "P2") and NOW - one.fix_at <= rules.max_fix_age]
        metres = {one.responder: float(distance_m(lat, lon, one.lat, one.lon)) for one in asked}
        near = sorted(
            (one for one in asked if metres[one.responder] <= rules.neighbour_limit_m),
            key=lambda one: (metres[one.responder], one.unit, one.responder),
        )
        assert found == [one.responder for one in near[:NEIGHBOURS]]


def test_without_a_point_nobody_is_near() -> None:
    roster = Roster([])

    assert Others(Muster(roster, [], NOW, Rules())).near(Ask(unit="P1", lat=None, lon=None)) == []
