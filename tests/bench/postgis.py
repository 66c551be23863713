"""Line `postgis`: a batch of points on our map, against PostGIS asked once for the whole batch. Both give the same answers."""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import asyncpg
import numpy as np
import shapely

from deploy.native.processes import MissingError
from services.domain.ground import Station
from services.domain.jurisdiction import Jurisdictions
from services.domain.place import Places
from services.router.lane import MAX_BATCH
from tests.bench.big_county import Corners, big_county, points_in
from tests.bench.ground import Ground
from tests.bench.inside import as_served
from tests.bench.postgis_server import postgis
from tests.bench.rows import Row, not_measured, ratios_of, row_of, say

BATCHES, BATCHES_FULL = 20, 100
SAME_NEAREST = 0.98  # PostGIS orders geographies on a sphere: of two about as near it may name the other

TABLES = """
    CREATE TABLE held (unit text PRIMARY KEY, polygon geometry(Polygon, 4326) NOT NULL);
    CREATE TABLE posted (responder text PRIMARY KEY, post geography(Point, 4326) NOT NULL);
"""
HOLD = "INSERT INTO held VALUES ($1, ST_GeomFromWKB($2, 4326))"
POST = "INSERT INTO posted VALUES ($1, ST_SetSRID(ST_MakePoint($2, $3), 4326)::geography)"
INDEXES = """
    CREATE INDEX ON held USING gist (polygon);
    CREATE INDEX ON posted USING gist (post);
    ANALYZE held, posted;
"""
HOLDING = """
    SELECT h.unit
    FROM unnest($1::float8[], $2::float8[]) WITH ORDINALITY p(lat, lon, nth)
    JOIN held h ON ST_Covers(h.polygon, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326))
    ORDER BY p.nth
"""
NEAREST = """
    SELECT n.responder
    FROM unnest($1::float8[], $2::float8[]) WITH ORDINALITY p(lat, lon, nth)
    CROSS JOIN LATERAL (
        SELECT responder FROM posted
        ORDER BY post <-> ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326)::geography LIMIT 1
    ) n
    ORDER BY p.nth
"""


class Question(NamedTuple):
    """What both are asked. `alike` is the least share of the answers that must be the same."""

    name: str
    statement: str
    ours: Callable[[], Jurisdictions]
    alike: float
    required: int
    aim: int


def _polygons() -> Jurisdictions:
    return Jurisdictions(big_county().areas, [], [])


def _posts() -> Jurisdictions:
    """Every responder's post as a station of its own, so that the nearest of all is what is asked."""
    posts = [Station(unit=one.code, lat=one.post_lat, lon=one.post_lon) for one in big_county().responders]
    return Jurisdictions([], posts, [])


QUESTIONS = (
    Question("the polygon that holds it", HOLDING, _polygons, 1.0, 8, 16),
    Question("the nearest post", NEAREST, _posts, SAME_NEAREST, 25, 50),
)


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """Interleaved batches of the router's own size; their median is a round's figure."""
    batches = BATCHES_FULL if full else BATCHES
    try:
        with postgis(ground.home / "postgis") as url:
            return asyncio.run(_measured(url, rounds, batches))
    except MissingError as missing:
        return [
            not_measured(_goal(one), "points/s", str(missing), required=f"≥ {one.required}", aim=f"≥ {one.aim}")
            for one in QUESTIONS
        ]


async def _measured(url: str, rounds: int, batches: int) -> list[Row]:
    conn = await asyncpg.connect(url)
    try:
        await _fill(conn)
        as_served()
        return [await _row(conn, question, rounds, batches) for question in QUESTIONS]
    finally:
        await conn.close()


async def _row(conn: asyncpg.Connection, question: Question, rounds: int, batches: int) -> Row:
    mine = question.ours()
    asked = await conn.prepare(question.statement)
    backend = conn.get_server_pid()
    pairs: list[tuple[float, float | None]] = []
    for number in range(rounds):
        points = points_in((batches + 1) * MAX_BATCH, seed=100 + number).reshape(batches + 1, MAX_BATCH, 2)
        took = [await _batch(asked, backend, mine, question, batch) for batch in points][1:]
        ours, theirs, ours_cpu_s, theirs_cpu_s = (statistics.median(one) for one in zip(*took, strict=True))
        say(
            f"    round {number + 1}, {question.name}: ours {MAX_BATCH / ours:,.0f}/s, PostGIS {MAX_BATCH / theirs:,.0f}/s;"
            f" {theirs_cpu_s / ours_cpu_s:.1f} times by the processor's time"
        )
        pairs.append((MAX_BATCH / ours, MAX_BATCH / theirs))
    return row_of(
        _goal(question),
        "points/s",
        pairs,
        required=f"≥ {question.required}",
        aim=f"≥ {question.aim}",
        met=statistics.median(ratios_of(pairs)) >= question.required,
    )


async def _batch(
    asked: "asyncpg.prepared_stmt.PreparedStatement",
    backend: int,
    mine: Jurisdictions,
    question: Question,
    points: Corners,
) -> tuple[float, float, float, float]:
    """Seconds of each, by the wall and then of the processor. Raises AssertionError where they don't agree."""
    lat, lon = points[:, 0], points[:, 1]
    nowhere: Sequence[None] = [None] * len(points)
    began, began_cpu = time.perf_counter(), time.thread_time()
    located = mine.locate(Places(lat=lat, lon=lon, region_codes=nowhere, addresses=nowhere))
    ours_s, ours_cpu_s = time.perf_counter() - began, time.thread_time() - began_cpu
    lats, lons = lat.tolist(), lon.tolist()
    began, began_cpu = time.perf_counter(), time.thread_time() + _spent_s(backend)
    found = await asked.fetch(lats, lons)
    theirs_s, theirs_cpu_s = time.perf_counter() - began, time.thread_time() + _spent_s(backend) - began_cpu
    same = np.mean([one.unit == row[0] for one, row in zip(located, found, strict=True)])
    assert same >= question.alike, f"{question.name}: only {same:.1%} of the answers are the same"
    return ours_s, theirs_s, ours_cpu_s, theirs_cpu_s


def _spent_s(backend: int) -> float:
    """What a backend of PostgreSQL has spent of a processor."""
    return int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) / 1e9


async def _fill(conn: asyncpg.Connection) -> None:
    made = big_county()
    await conn.execute(TABLES)
    await conn.executemany(HOLD, [(area.unit, shapely.to_wkb(area.polygon)) for area in made.areas])
    await conn.executemany(POST, [(one.code, one.post_lon, one.post_lat) for one in made.responders])
    await conn.execute(INDEXES)


def _goal(question: Question) -> str:
    return f"postgis: {question.name}, batches of {MAX_BATCH}, times PostGIS"
