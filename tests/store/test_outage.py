"""The timekeeper was away for half an hour: what it missed fires once, the oldest first, whoever and however many look."""

import asyncio
import base64
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from store_steps import UNIT, minutes, opening, write

from deploy.native.packages import apt_install
from deploy.native.ports import free_port
from deploy.native.postgres import Postgres
from deploy.native.processes import ROOT, Program, start
from services.clock import SteadyClock
from services.store import registry, tables
from services.store.engine import Store
from services.timekeeper.loop import BATCH, LOOPS
from tests.promises import Rows, broken, rows_of
from tests.proofs import proof, sized

CASES = sized(1_500, 10_000)
AWAY, LEAST_LATE = minutes(30), minutes(5)
ACK = minutes(3)  # of HIGH, by the default policy
LIBRARIES = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu")


@proof
def test_an_outage_ends_alike_for_one_timekeeper_and_three(postgres: Postgres, template: str, tmp_path: Path) -> None:
    """Of the three hosts one is two hours ahead and one two hours behind, where their clocks can be moved."""
    names = ("outage", "outage_one", "outage_three")
    url = postgres.new_database(names[0], template=template)
    try:
        asyncio.run(_missed(url))
        alone, shared = (
            _settled(postgres.new_database(name, template=names[0]), moved_h, tmp_path)
            for name, moved_h in ((names[1], (0,)), (names[2], (0, 2, -2)))
        )
    finally:
        for name in names:
            postgres.drop_database(name)

    for rows, keepers in ((alone, 1), (shared, 3)):
        assert broken(rows) == []
        marks = [event for event in rows["event"] if event["action"] == "BREACH"]
        assert Counter(event["detail"]["timer"] for event in marks) == {"ACK": CASES}
        assert all(event["detail"]["late_s"] >= LEAST_LATE.total_seconds() for event in marks)
        assert _furthest_overtaken(marks) <= keepers * LOOPS * BATCH
        told = [notice for notice in rows["notice"] if notice["kind"] == "LATE_WORK"]
        assert all(notice["is_late"] for notice in told)
        assert len(rows["notice"]) < CASES / 10 < sum(notice["count"] for notice in told)
    assert _effects(alone) == _effects(shared)
    if not _library():
        pytest.skip("all of it held, but with true clocks: no libfaketime here that moves one")


async def _missed(url: str) -> None:
    """Cases whose acknowledgement came due within the half hour, two responders for them, and nobody who looked."""
    store = Store(url, name="test")
    store.clock = SteadyClock(await store.measure_time())
    now = store.clock.now()
    oldest = now - LEAST_LATE - AWAY - ACK
    issued = [oldest + AWAY * number / CASES for number in range(CASES)]
    try:
        async with store.begin() as tx:
            await registry.replace_all(
                tx,
                [registry.Unit(code=UNIT, kind="precinct", name_zh="测试所", name_en="Test")],
                [],
                [_responder(code) for code in ("R1", "R2")],
                [
                    registry.Duty(responder=code, starts_at=now - minutes(999), ends_at=now + minutes(999))
                    for code in ("R1", "R2")
                ],
            )
        for first in range(0, CASES, 500):
            times = list(enumerate(issued))[first : first + 500]
            await write(store, *(opening(f"T-{number}", now=at) for number, at in times))
    finally:
        await store.close()


def _responder(code: str) -> registry.Responder:
    return registry.Responder(code=code, unit=UNIT, name=code, grade="officer", post_lat=19.0, post_lon=131.0)


def _settled(url: str, moved_h: Sequence[int], logs: Path) -> Rows:
    """The rows once so many timekeepers, each a process with its clock moved by so many hours, have nothing left."""
    with ExitStack() as running:
        for number, hours in enumerate(moved_h):
            running.enter_context(_timekeeper(url, hours, logs / f"{len(moved_h)}-{number}.log"))
        return asyncio.run(_watched(url))


@contextmanager
def _timekeeper(url: str, hours: int, log: Path) -> Iterator[None]:
    library = _library()
    moved = {"LD_PRELOAD": library, "FAKETIME": f"{hours:+d}h", "DONT_FAKE_MONOTONIC": "1"} if library and hours else {}
    environment = {
        "QUANZU_PRODUCTION": "false",
        "QUANZU_DATABASE": url,
        "QUANZU_KAFKA": "127.0.0.1:1",
        "QUANZU_MASTER_KEYS": base64.b64encode(bytes(32)).decode(),
        "QUANZU_INDEX_KEY": base64.b64encode(bytes(reversed(range(32)))).decode(),
        "QUANZU_LOAD_CAP": "1000000",  # two people for all the cases
        "QUANZU_METRICS_PORT": str(free_port()),
        "PYTHONPATH": str(ROOT),
    }
    argv = (sys.executable, "-m", "services.cli", "serve", "timekeeper")
    program = Program(name="timekeeper", argv=argv, log=log, cwd=ROOT, env=os.environ | environment | moved)
    process = start(program, ready=lambda: True)
    try:
        yield
    finally:
        process.stop()


async def _watched(url: str) -> Rows:
    store = Store(url, name="test")
    store.clock = SteadyClock(await store.measure_time())
    limit = time.monotonic() + 120
    left = select(func.count()).select_from(tables.cases).where(tables.cases.c.next_due_at <= store.clock.now())
    try:
        while True:
            async with store.read() as conn:
                if not (await conn.execute(left)).scalar_one():
                    break
            assert time.monotonic() < limit, "not everything fired"
            await asyncio.sleep(0.1)
        return await rows_of(store)
    finally:
        await store.close()


def _furthest_overtaken(marks: Sequence[Any]) -> int:
    """How far in the order of their due times a limit was from the place in which it fired, at the most."""
    fired = sorted(marks, key=lambda event: (event["recorded_at"], event["at"]))
    due = {event["case_id"]: place for place, event in enumerate(sorted(marks, key=lambda event: event["at"]))}
    return max(abs(place - due[event["case_id"]]) for place, event in enumerate(fired))


def _effects(rows: Rows) -> tuple[Counter[Any], Counter[Any]]:
    """What happened and what is told of it, without the moment at which somebody had time for it."""
    facts = Counter(
        (
            event["case_id"],
            event["version"],
            event["action"],
            event["from_state"],
            event["to_state"],
            event["actor"],
            event["at"] if event["action"] in ("AT_RISK", "BREACH") else None,
            json.dumps({name: event["detail"].get(name) for name in ("timer", "round", "unit", "responder")}),
        )
        for event in rows["event"]
    )
    told = Counter(
        (message["ce_id"], message["topic"], json.dumps(_untimed(json.loads(message["value"])), sort_keys=True))
        for message in rows["outbox"]
    )
    return facts, told


def _untimed(body: Any) -> Any:
    """A message without its times."""
    if isinstance(body, dict):
        return {name: _untimed(value) for name, value in body.items() if not name.endswith(("at", "_by"))}
    if isinstance(body, list):
        return [_untimed(value) for value in body]
    return body


@cache
def _library() -> str | None:
    """What moves the clock of a process; tries to install it."""
    return _installed() or (_installed() if apt_install("libfaketime") else None)


def _installed() -> str | None:
    found = [Path(folder, "faketime", "libfaketime.so.1") for folder in LIBRARIES]
    return next((str(path) for path in found if path.exists()), None)
