"""A made-up county of a thousand units and ten responders each, for lines about size. It lies where the demo's county does."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray

from services.domain.ground import Area, RegionCode, Station
from services.simulator.county import LAT, LON, County, Grade, Kind, Responder, Unit

ROWS, COLUMNS = 25, 40
SIDE = 0.045  # degrees between two corners: some 5 km
CORNERS_AN_EDGE = 12  # between the ends of an edge: 52 corners a unit
RESPONDERS_A_UNIT = 10
CENTRE = "BG"

Corners = NDArray[np.float64]


@cache
def big_county(seed: int = 11) -> County:
    """The county of a seed, the same each time. Units tile it: neighbours share the very same corners."""
    rng = np.random.default_rng(seed)
    polygons = _polygons(rng)
    codes = [f"BG{number:04}" for number in range(1, len(polygons) + 1)]
    stations = [polygon.representative_point() for polygon in polygons]
    units = [
        Unit(
            code=code,
            kind=Kind.PRECINCT,
            name_zh=code,
            name_en=code,
            parent=CENTRE,
            polygon=shapely.to_wkb(polygon),
            lat=station.y,
            lon=station.x,
        )
        for code, polygon, station in zip(codes, polygons, stations, strict=True)
    ]
    centre = Unit(
        code=CENTRE, kind=Kind.CENTRE, name_zh=CENTRE, name_en=CENTRE, parent=None, polygon=None, lat=LAT, lon=LON
    )
    return County(
        units=(centre, *units),
        areas=tuple(Area(unit=code, polygon=polygon) for code, polygon in zip(codes, polygons, strict=True)),
        stations=tuple(Station(unit=unit.code, lat=unit.lat, lon=unit.lon) for unit in units),
        region_codes=tuple(RegionCode(code=f"9902{number:05}000", unit=code) for number, code in enumerate(codes)),
        villages=(),
        responders=tuple(_responders(rng, codes, polygons)),
    )


def points_in(count: int, *, seed: int = 3) -> Corners:
    """Rows of (lat, lon) in the county, each spot as likely as any other; far enough inside for GCJ-02 and BD-09."""
    inside = 0.47 * SIDE * np.array((ROWS, COLUMNS))
    return np.array((LAT, LON)) + np.random.default_rng(seed).uniform(-inside, inside, (count, 2))


def _polygons(rng: np.random.Generator) -> list[shapely.Polygon]:
    """Quadrangles with wavy edges; each edge is drawn once and used by both its neighbours."""
    spots = np.stack(np.meshgrid(np.arange(ROWS + 1.0), np.arange(COLUMNS + 1.0), indexing="ij"), axis=-1)
    spots += rng.uniform(-0.15, 0.15, spots.shape)
    spots = np.array((LAT, LON)) + SIDE * (spots - np.array((ROWS, COLUMNS)) / 2)
    east = _wavy(rng, spots[:, :-1], spots[:, 1:])
    north = _wavy(rng, spots[:-1], spots[1:])
    made = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            ring = (
                east[row, column],
                north[row, column + 1],
                east[row + 1, column][::-1],
                north[row, column][::-1],
            )
            made.append(shapely.Polygon(np.concatenate([edge[:-1] for edge in ring])[:, ::-1]))
    assert all(shapely.is_valid(made)), "the county of this seed crosses itself"
    return made


def _wavy(rng: np.random.Generator, begin: Corners, end: Corners) -> Corners:
    """Each edge with corners between its ends, pushed a little aside."""
    along = np.linspace(0, 1, CORNERS_AN_EDGE + 2)[:, np.newaxis]
    edges = begin[..., np.newaxis, :] + along * (end - begin)[..., np.newaxis, :]
    edges[..., 1:-1, :] += rng.uniform(-0.03, 0.03, edges[..., 1:-1, :].shape) * SIDE
    return np.round(edges, 6)


def _responders(rng: np.random.Generator, codes: list[str], polygons: list[shapely.Polygon]) -> Iterator[Responder]:
    """Posts within a kilometre or two of the middle of their unit."""
    for code, polygon in zip(codes, polygons, strict=True):
        away = rng.uniform(-0.4, 0.4, (RESPONDERS_A_UNIT, 2)) * SIDE
        for number, (up, right) in enumerate(away.tolist(), 1):
            yield Responder(
                code=f"{code}-{number:02}",
                unit=code,
                name=f"测试{code}{number:02}",
                grade=Grade.OFFICER,
                post_lat=round(polygon.centroid.y + up, 6),
                post_lon=round(polygon.centroid.x + right, 6),
                shift=0,
            )
