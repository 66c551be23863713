"""Routing on real incidents and real boundaries: how often the answer is the label."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import shapely

from services.domain.datum import Datum, from_wgs84, to_wgs84
from services.domain.ground import Area, Station, load_polygons
from services.domain.holders import UNSETTLED, Holders
from services.domain.jurisdiction import Jurisdictions
from services.domain.located import Rule, Why
from services.domain.place import Places


@pytest.fixture(scope="module")
def incidents(data_dir: Path) -> list[dict[str, str]]:
    with gzip.open(data_dir / "chicago" / "incidents.csv.gz", "rt", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def stations(data_dir: Path) -> list[Station]:
    with (data_dir / "chicago" / "stations.csv").open(encoding="utf-8") as lines:
        return [
            Station(unit=row["district"], lat=float(row["lat"]), lon=float(row["lon"])) for row in csv.DictReader(lines)
        ]


@pytest.fixture(scope="module")
def counties(data_dir: Path) -> list[Area]:
    return _areas(data_dir / "hebei" / "counties.geojson", "adcode")


def test_incidents_go_to_the_district_that_handled_them(
    data_dir: Path, incidents: list[dict[str, str]], stations: list[Station]
) -> None:
    chicago = Jurisdictions(_areas(data_dir / "chicago" / "districts.geojson", "district"), stations, [])
    labelled = [row["district"] for row in incidents]

    located = chicago.locate(_places(incidents))

    assert chicago.problems == ()
    right = sum(answer.unit == label for answer, label in zip(located, labelled, strict=True) if label)
    assert right >= 0.999 * sum(map(bool, labelled))
    assert Counter(answer.rule for answer in located) == {Rule.POLYGON: 21_559, Rule.CENTRE: 775}
    nowhere = [answer for answer, label in zip(located, labelled, strict=True) if not label]
    assert {answer.why for answer in nowhere} == {(Why.NO_POINT, Why.NO_REGION_CODE)}


def test_the_nearest_station_alone_is_often_wrong(incidents: list[dict[str, str]], stations: list[Station]) -> None:
    """Why the areas are asked first."""
    with_point = [row for row in incidents if row["lat"]]

    located = Jurisdictions([], stations, []).locate(_places(with_point), station_limit_m=100_000)

    right = sum(answer.unit == row["district"] for answer, row in zip(located, with_point, strict=True))
    assert right / len(with_point) == pytest.approx(0.756, abs=0.002)


def test_every_county_seat_lies_in_its_county(data_dir: Path, counties: list[Area]) -> None:
    with (data_dir / "hebei" / "county_seats_gcj02.csv").open(encoding="utf-8") as lines:
        seats = list(csv.DictReader(lines))
    lat, lon = to_wgs84(
        [float(seat["lat_gcj02"]) for seat in seats], [float(seat["lon_gcj02"]) for seat in seats], Datum.GCJ02
    )

    located = Jurisdictions(counties, [], []).locate(Places(lat=lat, lon=lon, region_codes=[None] * len(seats)))

    assert len(seats) == 167
    assert [answer.unit for answer in located] == [seat["adcode"] for seat in seats]


def test_points_shifted_to_gcj02_come_back_to_their_county(counties: list[Area]) -> None:
    hebei = Jurisdictions(counties, [], [])
    rng = np.random.default_rng(7)
    west, south, east, north = shapely.total_bounds([area.polygon for area in counties])
    truth = _locate(hebei, rng.uniform(south, north, 60_000), rng.uniform(west, east, 60_000))
    inside = [(lat, lon, unit) for lat, lon, unit in truth if unit is not None][:20_000]
    lat, lon = np.array([(lat, lon) for lat, lon, _ in inside]).T
    shifted = from_wgs84(lat, lon, Datum.GCJ02)

    converted = _locate(hebei, *to_wgs84(*shifted, Datum.GCJ02))
    unconverted = _locate(hebei, *shifted)

    assert len(inside) == 20_000
    assert _agreement(converted, inside) >= 0.999
    assert _agreement(unconverted, inside) < 0.98  # what forgetting the datum would cost


def test_cells_know_nothing_that_the_counties_do_not_say(counties: list[Area]) -> None:
    """Anywhere, and within a few metres of the real boundaries."""
    polygons, owners = load_polygons(counties, [])
    holders = Holders(polygons, np.unique(owners, return_inverse=True)[1])
    rng = np.random.default_rng(8)
    west, south, east, north = shapely.total_bounds(polygons)
    corners = rng.choice(shapely.get_coordinates(polygons), 10_000) + rng.normal(0, 1e-4, (10_000, 2))
    lon, lat = np.concatenate((corners, rng.uniform((west, south), (east, north), (10_000, 2)))).T

    numbers = holders.settled(lat, lon)

    known = np.flatnonzero(numbers != UNSETTLED)
    assert [holders.sets[number] for number in numbers[known]] == holders.search(lat[known], lon[known])
    assert len(known) > 7_000


def _areas(file: Path, code: str) -> list[Area]:
    features = json.loads(file.read_text(encoding="utf-8"))["features"]
    return [
        Area(unit=feature["properties"][code], polygon=shapely.from_geojson(json.dumps(feature["geometry"])))
        for feature in features
    ]


def _places(rows: list[dict[str, str]]) -> Places:
    return Places(
        lat=np.array([float(row["lat"] or "nan") for row in rows]),
        lon=np.array([float(row["lon"] or "nan") for row in rows]),
        region_codes=[None] * len(rows),
    )


Sited = tuple[float, float, str | None]  # lat, lon, unit


def _locate(jurisdictions: Jurisdictions, lat: np.ndarray, lon: np.ndarray) -> list[Sited]:
    places = Places(lat=lat, lon=lon, region_codes=[None] * len(lat))
    located = jurisdictions.locate(places, edge_limit_m=0, station_limit_m=0)
    return [(y, x, answer.unit) for y, x, answer in zip(lat.tolist(), lon.tolist(), located, strict=True)]


def _agreement(answers: Sequence[Sited], truth: Sequence[Sited]) -> float:
    return sum(answer[2] == true[2] for answer, true in zip(answers, truth, strict=True)) / len(truth)
