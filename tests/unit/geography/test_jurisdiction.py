"""Rules 1 to 5 for a batch: each rule by itself, and all of them against a slow search point by point."""

import itertools
import math
from collections.abc import Sequence
from random import Random

import pytest
import shapely
from geographiclib.geodesic import Geodesic
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.ground import Area, Flaw, RegionCode, Station, significant
from services.domain.jurisdiction import Jurisdictions
from services.domain.located import Located, Rule, Why, explain
from services.domain.place import Place, Places

STEP = 1 / 256  # degrees: some 430 m north, 400 m east; binary, so that points fall on edges exactly
SOUTH, WEST = 19, 131


def _box(west: float, south: float, east: float, north: float, *holes: shapely.Polygon) -> shapely.Polygon:
    """A rectangle by steps from the corner of the map."""
    whole = shapely.box(WEST + west * STEP, SOUTH + south * STEP, WEST + east * STEP, SOUTH + north * STEP)
    return shapely.Polygon(whole.exterior, [hole.exterior for hole in holes])


def _at(east: float, north: float, region_code: str | None = None) -> Place:
    return Place(lat=SOUTH + north * STEP, lon=WEST + east * STEP, region_code=region_code)


def _locate_one(jurisdictions: Jurisdictions, place: Place) -> Located:
    (located,) = jurisdictions.locate(Places.of([place]))
    return located


def test_the_area_that_holds_the_point_decides() -> None:
    """Even where another unit's station is the nearer one."""
    town = Jurisdictions(
        [Area(unit="A", polygon=_box(0, 0, 4, 4)), Area(unit="B", polygon=_box(4, 0, 8, 4))],
        [Station(unit="B", lat=SOUTH + 2 * STEP, lon=WEST + 4.1 * STEP)],
        [],
    )

    located = _locate_one(town, _at(3.9, 2))

    assert located == Located(unit="A", rule=Rule.POLYGON, why=(Why.HOLDS_POINT,), distance_m=0.0)


def test_overlapping_areas_give_it_to_the_smallest() -> None:
    areas = [
        Area(unit="A", polygon=_box(0, 0, 8, 8)),
        Area(unit="C", polygon=_box(1, 1, 3, 3)),
        Area(unit="B", polygon=_box(0, 0, 5, 5)),
    ]

    located = _locate_one(Jurisdictions(areas, [], []), _at(2, 2))

    assert (located.unit, located.why, located.also) == ("C", (Why.MANY_HOLD_POINT,), ("A", "B"))


def test_equal_areas_give_it_to_the_lowest_code() -> None:
    areas = [Area(unit=unit, polygon=_box(0, 0, 4, 4)) for unit in ("B", "A", "C")]

    assert _locate_one(Jurisdictions(areas, [], []), _at(2, 2)).unit == "A"


def test_a_point_on_a_shared_edge_belongs_to_both() -> None:
    areas = [Area(unit="A", polygon=_box(0, 0, 5, 4)), Area(unit="B", polygon=_box(5, 0, 8, 4))]

    located = _locate_one(Jurisdictions(areas, [], []), _at(5, 2))

    assert (located.unit, located.also) == ("B", ("A",))  # B is the smaller


def test_a_hole_is_not_part_of_the_area() -> None:
    zone = _box(3, 3, 5, 5)
    town = Area(unit="A", polygon=_box(0, 0, 8, 8, zone))

    assert _locate_one(Jurisdictions([town, Area(unit="Z", polygon=zone)], [], []), _at(4, 4)).unit == "Z"
    assert _locate_one(Jurisdictions([town], [], []), _at(4, 4)).rule is Rule.EDGE


def test_parts_of_one_unit_count_as_one_area() -> None:
    """A unit that overlaps itself is not many units, and all its parts make its size."""
    split = [
        Area(unit="A", polygon=_box(0, 0, 3, 3)),
        Area(unit="A", polygon=shapely.union_all([_box(2, 0, 4, 3), _box(6, 6, 16, 16)])),
        Area(unit="B", polygon=_box(0, 0, 5, 5)),
    ]

    assert _locate_one(Jurisdictions(split[:2], [], []), _at(2.5, 1)).why == (Why.HOLDS_POINT,)
    assert _locate_one(Jurisdictions(split, [], []), _at(1, 1)).unit == "B"


def test_just_outside_the_nearest_edge_decides() -> None:
    areas = [Area(unit="A", polygon=_box(0, 0, 4, 4)), Area(unit="B", polygon=_box(6, 0, 8, 4))]

    located = _locate_one(Jurisdictions(areas, [], []), _at(4.9, 2))

    assert (located.unit, located.rule, located.why) == ("A", Rule.EDGE, (Why.NEAR_EDGE,))
    place = _at(4.9, 2)
    exact = Geodesic.WGS84.Inverse(place.lat, place.lon, place.lat, WEST + 4 * STEP)["s12"]
    assert located.distance_m == pytest.approx(exact, rel=1e-4)


def test_equally_near_edges_give_it_to_the_smallest() -> None:
    areas = [Area(unit="A", polygon=_box(0, 0, 4, 4)), Area(unit="B", polygon=_box(5, 0, 8, 4))]

    assert _locate_one(Jurisdictions(areas, [], []), _at(4.5, 2)).unit == "B"


def test_beyond_the_edge_limit_the_nearest_station_decides() -> None:
    stations = [Station(unit="A", lat=SOUTH, lon=WEST), Station(unit="B", lat=SOUTH, lon=WEST + 4 * STEP)]
    town = Jurisdictions([Area(unit="A", polygon=_box(-4, 0, 0, 4))], stations, [])

    assert _locate_one(town, _at(1, 0)).rule is Rule.EDGE
    located = _locate_one(town, _at(2.5, 0))

    assert (located.unit, located.rule, located.why) == ("B", Rule.STATION, (Why.NEAR_STATION,))


def test_the_limits_are_the_callers() -> None:
    town = Jurisdictions(
        [Area(unit="A", polygon=_box(0, 0, 4, 4))], [Station(unit="S", lat=SOUTH + 2 * STEP, lon=WEST + 2 * STEP)], []
    )
    places = Places.of([_at(5, 2)])

    rules = [
        town.locate(places, edge_limit_m=edge_m, station_limit_m=station_m)[0].rule
        for edge_m, station_m in ((500, 5000), (300, 5000), (300, 1000))
    ]

    assert rules == [Rule.EDGE, Rule.STATION, Rule.CENTRE]


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (Place(), Why.NO_POINT),
        (Place(lat=0, lon=0), Why.ZERO_ZERO),
        (Place(lat=131, lon=19), Why.LOOKS_SWAPPED),
        (Place(lat=19, lon=400), Why.OUTSIDE_WORLD),
        (Place(lat=-19, lon=31), Why.OUTSIDE_LIMITS),
    ],
)
def test_without_a_usable_point_the_region_code_decides(place: Place, why: Why) -> None:
    town = Jurisdictions([Area(unit="A", polygon=_box(0, 0, 4, 4))], [], [RegionCode(code="990121", unit="A")])
    coded = Place(lat=place.lat, lon=place.lon, region_code="990121100201")
    unknown = Place(lat=place.lat, lon=place.lon, region_code="990122100201")

    assert _locate_one(town, coded) == Located(unit="A", rule=Rule.REGION_CODE, why=(why,), region_code="990121")
    assert _locate_one(town, place) == Located(unit=None, rule=Rule.CENTRE, why=(why, Why.NO_REGION_CODE))
    assert _locate_one(town, unknown) == Located(unit=None, rule=Rule.CENTRE, why=(why, Why.UNKNOWN_REGION_CODE))


@pytest.mark.parametrize(
    ("given_code", "unit"),
    [
        ("990121100201", "VILLAGE"),
        ("990121100202", "TOWN"),
        ("990121100000", "TOWN"),
        ("990121100", "TOWN"),
        (" 990121101000 ", "COUNTY"),
        ("990121000000", "COUNTY"),
        ("990121", "COUNTY"),
        ("9901", None),
        ("", None),
    ],
)
def test_the_longest_known_prefix_decides(given_code: str, unit: str | None) -> None:
    codes = [
        RegionCode(code="990121000000", unit="COUNTY"),
        RegionCode(code="990121100000", unit="TOWN"),
        RegionCode(code="990121100201", unit="VILLAGE"),
    ]

    assert _locate_one(Jurisdictions([], [], codes), Place(region_code=given_code)).unit == unit


@pytest.mark.parametrize(
    ("code", "short"),
    [
        ("990000", "99"),
        ("990100", "9901"),
        ("990121", "990121"),
        ("990121400000", "990121400"),
        ("99012140", "99012140"),
    ],
)
def test_a_code_loses_only_the_zeros_that_fill_it(code: str, short: str) -> None:
    assert significant(code) == short


def test_an_invalid_area_is_repaired_and_reported() -> None:
    corners = [(0, 0), (4, 4), (4, 0), (0, 4)]  # a bow tie
    bow = shapely.Polygon([(WEST + x * STEP, SOUTH + y * STEP) for x, y in corners])

    town = Jurisdictions([Area(unit="A", polygon=bow)], [], [])

    assert [(problem.unit, problem.flaw) for problem in town.problems] == [("A", Flaw.REPAIRED)]
    assert [_locate_one(town, place).rule for place in (_at(0.5, 2), _at(3.5, 2))] == [Rule.POLYGON] * 2


def test_what_cannot_be_used_is_reported_and_the_rest_works() -> None:
    town = Jurisdictions(
        [
            Area(unit="LINE", polygon=shapely.LineString([(WEST, SOUTH), (WEST + 1, SOUTH)])),
            Area(unit="METRES", polygon=shapely.box(400_000, 4_000_000, 401_000, 4_001_000)),
            Area(unit="A", polygon=_box(0, 0, 4, 4)),
        ],
        [Station(unit="A", lat=0.0, lon=0.0), Station(unit="B", lat=math.nan, lon=131.0)],
        [RegionCode(code=" ", unit="A"), RegionCode(code="99", unit="B"), RegionCode(code="990000", unit="A")],
    )

    assert [(problem.unit, problem.flaw) for problem in town.problems] == [
        ("LINE", Flaw.NO_AREA_LEFT),
        ("METRES", Flaw.OUTSIDE_WORLD),
        ("A", Flaw.UNUSABLE_STATION),
        ("B", Flaw.UNUSABLE_STATION),
        ("A", Flaw.EMPTY_CODE),
        ("B", Flaw.CODE_TAKEN),
    ]
    assert _locate_one(town, _at(2, 2)).unit == "A"
    assert _locate_one(town, Place(region_code="99")).unit == "A"


def test_an_empty_map_sends_all_to_the_centre() -> None:
    nothing = Jurisdictions([], [], [])

    assert [answer.rule for answer in nothing.locate(Places.of([_at(1, 1), Place()]))] == [Rule.CENTRE] * 2
    assert nothing.locate(Places.of([])) == []


def test_every_answer_has_a_sentence_in_both_languages() -> None:
    names = {"A": "测试派出所"}
    answers = [
        Located(unit="A", rule=Rule.POLYGON, why=(Why.HOLDS_POINT,), distance_m=0.0),
        Located(unit="A", rule=Rule.POLYGON, why=(Why.MANY_HOLD_POINT,), distance_m=0.0, also=("B", "C")),
        Located(unit="A", rule=Rule.EDGE, why=(Why.NEAR_EDGE,), distance_m=120.4),
        Located(unit="A", rule=Rule.STATION, why=(Why.NEAR_STATION,), distance_m=3210.0),
        Located(unit="A", rule=Rule.REGION_CODE, why=(Why.ZERO_ZERO,), region_code="990121"),
        Located(unit=None, rule=Rule.CENTRE, why=(Why.NO_POINT, Why.UNKNOWN_REGION_CODE)),
    ]

    assert explain(answers[2], "en") == "No area holds the point; the boundary of A is the nearest, 120 m away."
    assert explain(answers[1], "zh", names) == "该点同时位于测试派出所和B、C辖区内;面积最小者优先,其次代码最小者。"
    assert explain(answers[5], "en") == "The centre must decide: no point is given, and the region code is not known."
    for answer in answers:
        for sentence in (explain(answer, "zh", names), explain(answer, "en")):
            assert sentence[-1] in "。."
            assert "None" not in sentence


Map = tuple[list[Area], list[Station]]


@st.composite
def maps(draw: st.DrawFn) -> Map:
    """A few units on a lattice: overlaps, shared edges, holes, several parts, slanting sides, some with stations."""
    small = st.integers(0, 12)
    areas = []
    for unit in "EDCBA"[: draw(st.integers(0, 5))]:
        for _ in range(draw(st.integers(1, 2))):
            x, y, wide, high = draw(small), draw(small), draw(st.integers(3, 6)), draw(st.integers(3, 6))
            kind = draw(st.sampled_from(["box", "hole", "triangle"]))
            holes = [_box(x + 1, y + 1, x + 2, y + 2)] if kind == "hole" else []
            polygon = _box(x, y, x + wide, y + high, *holes)
            areas.append(Area(unit=unit, polygon=_half(polygon) if kind == "triangle" else polygon))
    stations = [
        Station(unit=unit, lat=SOUTH + draw(small) * STEP, lon=WEST + draw(small) * STEP)
        for unit in "ABXYZ"[: draw(st.integers(0, 5))]
    ]
    return areas, stations


def _half(box: shapely.Polygon) -> shapely.Polygon:
    return shapely.Polygon(box.exterior.coords[:3])


points = st.lists(
    st.tuples(st.integers(-16, 56).map(lambda n: n / 2), st.integers(-16, 56).map(lambda n: n / 2)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=120, deadline=None)
@given(maps(), points)
def test_a_batch_equals_the_slow_search_point_by_point(drawn: Map, spots: list[tuple[float, float]]) -> None:
    areas, stations = drawn
    places = [_at(x, y) for x, y in spots]

    located = Jurisdictions(areas, stations, []).locate(Places.of(places))

    for place, answer in zip(places, located, strict=True):
        assert (answer.unit, answer.rule) in _slow(areas, stations, place)


@settings(max_examples=60, deadline=None)
@given(maps(), points, st.randoms(use_true_random=False))
def test_shuffling_the_batch_or_the_map_changes_nothing(
    drawn: Map, spots: list[tuple[float, float]], random: Random
) -> None:
    areas, stations = drawn
    places = [*(_at(x, y) for x, y in spots), Place(), Place(lat=0, lon=0)]
    expected = Jurisdictions(areas, stations, []).locate(Places.of(places))
    order = random.sample(range(len(places)), len(places))

    again = Jurisdictions(random.sample(areas, len(areas)), random.sample(stations, len(stations)), [])
    shuffled = again.locate(Places.of([places[index] for index in order]))

    assert shuffled == [expected[index] for index in order]
    assert [_locate_one(again, place) for place in places] == expected


def _slow(areas: Sequence[Area], stations: Sequence[Station], place: Place) -> set[tuple[str | None, Rule]]:
    """All answers that are right: one, except where two distances are too close for two ways of measuring to agree."""
    point = shapely.Point(place.lon, place.lat)
    holders = {area.unit for area in areas if area.polygon.intersects(point)}
    if holders:
        size = {unit: round(sum(_square_m(area.polygon) for area in areas if area.unit == unit)) for unit in holders}
        return {(min(holders, key=lambda unit: (size[unit], unit)), Rule.POLYGON)}
    edges = [(_edge_m(place, area.polygon), area.unit) for area in areas]
    posts = [(_exact_m(place, station.lat, station.lon), station.unit) for station in stations]
    right: set[tuple[str | None, Rule]] = set()
    for found, limit_m, rule in ((edges, 500, Rule.EDGE), (posts, 5000, Rule.STATION)):
        least = min(found, default=(math.inf, ""))[0]
        if least <= limit_m * 1.002:
            right |= {(unit, rule) for metres, unit in found if metres <= least * 1.002 + 0.01}
        if least <= limit_m * 0.998:
            return right
    return right | {(None, Rule.CENTRE)}


def _square_m(polygon: shapely.Polygon) -> float:
    def ring_area(ring: shapely.LinearRing) -> float:
        flat = [(math.radians(lon), math.sin(math.radians(lat))) for lon, lat in ring.coords]
        return abs(sum(a * d - b * c for (a, b), (c, d) in itertools.pairwise(flat))) / 2

    return float(6_371_007.2**2 * (ring_area(polygon.exterior) - sum(map(ring_area, polygon.interiors))))


def _edge_m(place: Place, polygon: shapely.Polygon) -> float:
    """In the azimuthal equidistant plane around the place, by exact geodesics to the corners."""
    return min(
        float(shapely.Point(0, 0).distance(shapely.LineString([_plane(place, corner) for corner in ring.coords])))
        for ring in (polygon.exterior, *polygon.interiors)
    )


def _plane(place: Place, corner: tuple[float, ...]) -> tuple[float, float]:
    line = Geodesic.WGS84.Inverse(place.lat, place.lon, corner[1], corner[0])
    bearing = math.radians(line["azi1"])
    return line["s12"] * math.sin(bearing), line["s12"] * math.cos(bearing)


def _exact_m(place: Place, lat: float, lon: float) -> float:
    return float(Geodesic.WGS84.Inverse(place.lat, place.lon, lat, lon)["s12"])
