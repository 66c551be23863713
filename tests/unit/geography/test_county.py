"""The made-up county: whole, reproducible, and nobody's."""

from collections import Counter
from random import Random

import numpy as np
import pytest
import shapely

from services.domain.datum import Datum, from_wgs84
from services.domain.geodesy import distance_m
from services.domain.jurisdiction import Jurisdictions
from services.domain.located import Rule
from services.domain.place import Places
from services.simulator.county import SHIFTS, County, Grade, Kind, county, random_point


@pytest.fixture(scope="module")
def moting() -> County:
    return county()


def test_the_same_seed_gives_the_same_county(moting: County) -> None:
    assert county(7) == moting
    assert county(8) != moting


@pytest.mark.parametrize("seed", range(10))
def test_the_areas_fit_without_gap_or_overlap(seed: int) -> None:
    polygons = [area.polygon for area in county(seed).areas]

    whole = shapely.union_all(polygons)

    assert shapely.coverage_is_valid(polygons)
    assert whole.geom_type == "Polygon"
    assert len(whole.interiors) == 0
    assert whole.area == pytest.approx(sum(polygon.area for polygon in polygons))


@pytest.mark.parametrize("seed", range(10))
def test_the_zone_fills_a_hole_of_the_town(seed: int) -> None:
    town, *_, zone = (area.polygon for area in county(seed).areas)

    assert [shapely.Polygon(hole).equals(zone) for hole in town.interiors] == [True]


def test_the_numbers_are_those_of_a_county(moting: County) -> None:
    assert Counter(unit.kind for unit in moting.units) == {Kind.CENTRE: 1, Kind.PRECINCT: 14}
    assert len(moting.areas) == len(moting.stations) == len(moting.region_codes) == 14
    assert len(moting.responders) == len({person.code for person in moting.responders}) == 96
    assert len({person.name for person in moting.responders}) == 96


def test_every_precinct_has_an_officer_on_every_shift(moting: County) -> None:
    watches = {(person.unit, person.shift) for person in moting.responders if person.grade is Grade.OFFICER}

    assert len(watches) == 14 * SHIFTS


def test_every_point_of_a_precinct_is_routed_to_it(moting: County) -> None:
    rng = Random(3)
    drawn = [(random_point(rng, unit), unit.code) for unit in moting.units[1:] for _ in range(50)]
    lat, lon = np.array([point for point, _ in drawn]).T

    located = Jurisdictions(moting.areas, moting.stations, moting.region_codes).locate(
        Places(lat=lat, lon=lon, region_codes=[None] * len(drawn))
    )

    assert [(answer.unit, answer.rule) for answer in located] == [(code, Rule.POLYGON) for _, code in drawn]


def test_every_village_is_found_by_its_code(moting: County) -> None:
    nowhere = np.full(len(moting.villages), np.nan)

    located = Jurisdictions(moting.areas, moting.stations, moting.region_codes).locate(
        Places(lat=nowhere, lon=nowhere, region_codes=[village.code for village in moting.villages])
    )

    assert [(answer.unit, answer.rule) for answer in located] == [
        (village.unit, Rule.REGION_CODE) for village in moting.villages
    ]


def test_one_village_name_is_ambiguous_on_purpose(moting: County) -> None:
    names = Counter(village.name for village in moting.villages)

    assert sorted(names.values())[-2:] == [1, 2]


def test_posts_and_stations_lie_in_their_own_area(moting: County) -> None:
    polygons = {area.unit: area.polygon for area in moting.areas}

    assert all(polygons[post.unit].covers(shapely.Point(post.lon, post.lat)) for post in moting.stations)
    assert all(
        polygons[person.unit].covers(shapely.Point(person.post_lon, person.post_lat)) for person in moting.responders
    )


def test_the_county_lies_where_gcj02_shifts(moting: County) -> None:
    for station in moting.stations:
        lat, lon = from_wgs84(station.lat, station.lon, Datum.GCJ02)
        assert distance_m(station.lat, station.lon, lat, lon) > 100


def test_no_code_or_name_belongs_to_anybody_real(moting: County) -> None:
    assert all(code.code.startswith("99") and len(code.code) == 12 for code in moting.region_codes)
    assert all(person.name[:2] in ("测试", "演练") for person in moting.responders)
    assert "虚构" in moting.disclaimer_zh
    assert "made up" in moting.disclaimer_en


def test_a_unit_without_an_area_has_no_random_point(moting: County) -> None:
    with pytest.raises(ValueError, match="MT00"):
        random_point(Random(1), moting.units[0])
