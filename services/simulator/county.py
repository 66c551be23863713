"""A made-up county to show and test dispatch with: Moting (墨汀), which exists nowhere. Not a copy of any real place.

It lies in the open Philippine Sea, over 700 km from the nearest inhabited island, so that no map can take it for a real
county; that is still inside the box in which GCJ-02 shifts coordinates, so that the datums are exercised.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from random import Random

import numpy as np
import shapely
from numpy.typing import NDArray

from services.domain.ground import Area, RegionCode, Station

DISCLAIMER = {
    "zh": "墨汀县纯属虚构:其位置、辖区、人员、代码均为编造,与任何真实地点或个人无关。",
    "en": "Moting County is made up: its place, areas, people and codes are invented and stand for nobody and nowhere.",
}

LAT, LON = 19.0, 131.0  # the middle of the county
RADIUS = 0.2  # degrees: some 40 km across
PARCELS_A_SIDE = 40  # of the square around it: the pieces of ground that precincts are put together from
TOWN_PARCELS, ZONE_PARCELS = 45, 5  # the innermost: enough town around the zone to close it in
COUNTY_CODE = "990121"  # no province has 99
CENTRE = "MT00"
PRECINCTS = (
    ("城关", "Chengguan"),
    ("南浦", "Nanpu"),
    ("芦汀", "Luting"),
    ("白榆", "Baiyu"),
    ("云岫", "Yunxiu"),
    ("青岑", "Qingcen"),
    ("石笺", "Shijian"),
    ("桐陌", "Tongmo"),
    ("鹤渚", "Hezhu"),
    ("麦垄", "Mailong"),
    ("松筠", "Songyun"),
    ("晚渡", "Wandu"),
    ("霜桥", "Shuangqiao"),
    ("墨汀开发区", "Moting Development Zone"),  # the last lies wholly inside the first
)
RESPONDERS = 96
SHIFTS = 3
VILLAGE_HEADS, VILLAGE_TAILS = "柳槐榆桐杏桃枣麦禾芦石砚云霁", "湾岗坡渡庄营"
STEMS, BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"


class Kind(StrEnum):
    CENTRE = "centre"
    PRECINCT = "precinct"


class Grade(StrEnum):
    OFFICER = "officer"  # 民警
    AUXILIARY = "auxiliary"  # 辅警
    WARDEN = "warden"  # 治安管理员


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A police unit with the point where it is housed; `polygon` is WKB in WGS-84 degrees, None for the centre."""

    code: str
    kind: Kind
    name_zh: str
    name_en: str
    parent: str | None
    polygon: bytes | None
    lat: float
    lon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    code: str
    unit: str
    name: str
    grade: Grade
    post_lat: float
    post_lon: float
    shift: int  # 0, 1 or 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Village:
    """A village and its unit; one name is given twice on purpose, so that it names no unit by itself."""

    code: str
    name: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class County:
    units: tuple[Unit, ...]
    areas: tuple[Area, ...]
    stations: tuple[Station, ...]
    region_codes: tuple[RegionCode, ...]
    villages: tuple[Village, ...]
    responders: tuple[Responder, ...]
    disclaimer_zh: str = DISCLAIMER["zh"]
    disclaimer_en: str = DISCLAIMER["en"]


def county(seed: int = 7) -> County:
    """The county of a seed, the same each time: shapes and posts depend on the seed, names and codes don't."""
    polygons = _draw(np.random.default_rng(seed))
    stations = [polygon.representative_point() for polygon in polygons]
    precincts = [
        Unit(
            code=f"MT{number:02}",
            kind=Kind.PRECINCT,
            name_zh=f"{zh}派出所",
            name_en=f"{en} Precinct",
            parent=CENTRE,
            polygon=shapely.to_wkb(polygon),
            lat=station.y,
            lon=station.x,
        )
        for number, ((zh, en), polygon, station) in enumerate(zip(PRECINCTS, polygons, stations, strict=True), 1)
    ]
    centre = Unit(
        code=CENTRE,
        kind=Kind.CENTRE,
        name_zh="墨汀县反诈中心",
        name_en="Moting County Anti-Fraud Centre",
        parent=None,
        polygon=None,
        lat=LAT,
        lon=LON,
    )
    codes = [unit.code for unit in precincts]
    return County(
        units=(centre, *precincts),
        areas=tuple(Area(unit=code, polygon=polygon) for code, polygon in zip(codes, polygons, strict=True)),
        stations=tuple(Station(unit=unit.code, lat=unit.lat, lon=unit.lon) for unit in precincts),
        region_codes=tuple(RegionCode(code=_town(index) + "000", unit=code) for index, code in enumerate(codes)),
        villages=_villages(codes),
        responders=_responders(precincts, Random(seed)),
    )


def random_point(rng: Random, unit: Unit) -> tuple[float, float]:
    """A (lat, lon) in the unit's area, each spot as likely as any other; a unit without an area raises ValueError."""
    if unit.polygon is None:
        raise ValueError(f"{unit.code} has no area")
    polygon = _prepared(unit.polygon)
    west, south, east, north = polygon.bounds
    while True:
        lat, lon = rng.uniform(south, north), rng.uniform(west, east)
        if shapely.contains_xy(polygon, lon, lat):
            return lat, lon


@lru_cache(maxsize=64)
def _prepared(wkb: bytes) -> shapely.Geometry:
    polygon = shapely.from_wkb(wkb)
    shapely.prepare(polygon)
    return polygon


def _draw(rng: np.random.Generator) -> list[shapely.Geometry]:
    """The precincts' polygons, put together from parcels, so that neighbours share the very same corners.

    The zone is a hole in the first. With some seeds another comes out in two parts; with the default each is one.
    """
    side = np.linspace(-1.4 * RADIUS, 1.4 * RADIUS, PARCELS_A_SIDE)
    spots = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    spots += rng.uniform(-0.4, 0.4, spots.shape) * (side[1] - side[0])
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(spots), ordered=True))
    cells = shapely.transform(cells, lambda corners: np.round(corners + np.array((LON, LAT)), 6))

    owners = np.argmin(np.hypot(*(spots[:, np.newaxis] - _seats(rng)).T), axis=0)
    from_middle = np.hypot(*spots.T)
    inner = np.argsort(from_middle)
    owners[inner[:TOWN_PARCELS]] = 0
    owners[inner[:ZONE_PARCELS]] = len(PRECINCTS) - 1
    angle = np.arctan2(*spots.T)
    waves = rng.uniform(0, 2 * np.pi, 2)
    coast = RADIUS * (1 + 0.12 * np.sin(2 * angle + waves[0]) + 0.08 * np.sin(3 * angle + waves[1]))
    land = from_middle < coast
    return [shapely.coverage_union_all(cells[land & (owners == owner)]) for owner in range(len(PRECINCTS))]


def _seats(rng: np.random.Generator) -> NDArray[np.float64]:
    """Where the precincts but the zone have their middles: turned by the golden angle, as seeds sit in a sunflower."""
    turn = np.arange(len(PRECINCTS) - 1)
    away = 0.9 * RADIUS * np.sqrt(turn / len(turn))
    angle = turn * np.pi * (3 - np.sqrt(5))
    seats = np.column_stack((away * np.cos(angle), away * np.sin(angle)))
    return np.asarray(seats + rng.uniform(-0.06, 0.06, seats.shape) * RADIUS)


def _town(index: int) -> str:
    """The nine digits of a town; the zone, the last, has the number of a development zone."""
    return f"{COUNTY_CODE}{100 + index if index < len(PRECINCTS) - 1 else 400}"


def _villages(units: Sequence[str]) -> tuple[Village, ...]:
    names = [head + tail for head in VILLAGE_HEADS for tail in VILLAGE_TAILS]
    names[-1] = names[0]
    size = len(VILLAGE_TAILS)
    return tuple(
        Village(code=f"{_town(index // size)}{200 + index % size}", name=name, unit=units[index // size])
        for index, name in enumerate(names)
    )


def _responders(precincts: Sequence[Unit], rng: Random) -> tuple[Responder, ...]:
    """The first of each shift sits at the station and is an officer; the others have posts in the area."""
    homes = sorted(precincts[index % len(precincts)].code for index in range(RESPONDERS))
    units = {unit.code: unit for unit in precincts}
    responders: list[Responder] = []
    for index, home in enumerate(homes):
        unit, place = units[home], index - homes.index(home)
        grade = Grade.OFFICER if place < SHIFTS else (Grade.AUXILIARY, Grade.WARDEN)[place % 2]
        lat, lon = (unit.lat, unit.lon) if place < SHIFTS else random_point(rng, unit)
        responders.append(
            Responder(
                code=f"{home}-{place + 1:02}",
                unit=home,
                name=_name(index),
                grade=grade,
                post_lat=round(lat, 6),
                post_lon=round(lon, 6),
                shift=(place + precincts.index(unit)) % SHIFTS,
            )
        )
    return tuple(responders)


def _name(index: int) -> str:
    """A name nobody has: "test" or "drill" and a pair of the cycle of sixty."""
    cycle = index % 60
    return ("测试", "演练")[index // 60] + STEMS[cycle % 10] + BRANCHES[cycle % 12]
