"""Line `postgis`: a batch of points on our map, against PostGIS asked once for the whole batch. Both give the same answers.

They take turns of ten batches. One of ours is over in the time that a processor takes to come back from idling while
PostGIS works, which a router that has batches waiting does not; what the first of a turn takes is told beside.
"""

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
from services.domain.located import Located
from services.domain.place import Places
from services.router.lane import MAX_BATCH
from tests.bench.big_county import Corners, big_county, points_in
from tests.bench.ground import Ground
from tests.bench.inside import as_served
from tests.bench.postgis_server import postgis
from tests.bench.rows import Row, not_measured, ratios_of, row_of, say

TURNS, TURNS_FULL, A_TURN = 4, 20, 10  # batches a turn
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
    """Batches of the router's own size; their median is a round's figure."""
    turns = TURNS_FULL if full else TURNS
    try:
        with postgis(ground.home / "postgis") as url:
            return asyncio.run(_measured(url, rounds, turns))
    except MissingError as missing:
        return [
            not_measured(_goal(one), "points/s", str(missing), required=f"≥ {one.required}", aim=f"≥ {one.aim}")
            for one in QUESTIONS
        ]


async def _measured(url: str, rounds: int, turns: int) -> list[Row]:
    conn = await asyncpg.connect(url)
    try:
        await _fill(conn)
        as_served()
        return [await _row(conn, question, rounds, turns) for question in QUESTIONS]
    finally:
        await conn.close()


async def _row(conn: asyncpg.Connection, question: Question, rounds: int, turns: int) -> Row:
    mine = question.ours()
    asked = await conn.prepare(question.statement)
    backend = conn.get_server_pid()
    pairs: list[tuple[float, float | None]] = []
    for number in range(rounds):
        points = points_in((turns + 1) * A_TURN * MAX_BATCH, seed=100 + number)
        each = points.reshape(turns + 1, A_TURN, MAX_BATCH, 2)
        took = [await _turn(asked, backend, mine, question, batches) for batches in each][1:]
        ours, theirs = ([one for turn in side for one in turn] for side in zip(*took, strict=True))
        first_s = statistics.median(turn[0].wall_s for turn, _ in took)
        ours_s, theirs_s = (statistics.median(one.wall_s for one in side) for side in (ours, theirs))
        by_cpu = statistics.median(one.cpu_s for one in theirs) / statistics.median(one.cpu_s for one in ours)
        say(
            f"    round {number + 1}, {question.name}: ours {MAX_BATCH / ours_s:,.0f}/s, PostGIS {MAX_BATCH / theirs_s:,.0f}/s;"
            f" {by_cpu:.1f} times by the processor's time; the first of a turn {theirs_s / first_s:.1f} times"
        )
        pairs.append((MAX_BATCH / ours_s, MAX_BATCH / theirs_s))
    return row_of(
        _goal(question),
        "points/s",
        pairs,
        required=f"≥ {question.required}",
        aim=f"≥ {question.aim}",
        met=statistics.median(ratios_of(pairs)) >= question.required,
    )


class Took(NamedTuple):
    """One batch."""

    wall_s: float
    cpu_s: float


async def _turn(
    asked: "asyncpg.prepared_stmt.PreparedStatement",
    backend: int,
    mine: Jurisdictions,
    question: Question,
    batches: Corners,
) -> tuple[list[Took], list[Took]]:
    """Ours, one after the other, then theirs. Raises AssertionError where they don't agree."""
    ours, answers = zip(*(_located(mine, batch) for batch in batches), strict=True)
    theirs = []
    for batch, located in zip(batches, answers, strict=True):
        lats, lons = batch[:, 0].tolist(), batch[:, 1].tolist()
        began, began_cpu = time.perf_counter(), time.thread_time() + _spent_s(backend)
        found = await asked.fetch(lats, lons)
        ended, ended_cpu = time.perf_counter(), time.thread_time() + _spent_s(backend)
        theirs.append(Took(ended - began, ended_cpu - began_cpu))
        same = np.mean([one.unit == row[0] for one, row in zip(located, found, strict=True)])
        assert same >= question.alike, f"{question.name}: only {same:.1%} of the answers are the same"
    return list(ours), theirs


def _located(mine: Jurisdictions, points: Corners) -> tuple[Took, list[Located]]:
    nowhere: Sequence[None] = [None] * len(points)
    began, began_cpu = time.perf_counter(), time.thread_time()
    located = mine.locate(Places(lat=points[:, 0], lon=points[:, 1], region_codes=nowhere, addresses=nowhere))
    return Took(time.perf_counter() - began, time.thread_time() - began_cpu), located


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
