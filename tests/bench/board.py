"""Line `board`: the operators' board in a real Chromium: how soon it is there, what a change costs it, what it holds after
twelve hours, how soon a new case is on fifty of them, how many bytes it is.
"""

import asyncio
import itertools
import json
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Browser, Page

from deploy.native import console
from deploy.native.ports import answers, free_port
from deploy.native.processes import Process
from services.clock import SteadyClock
from services.domain.case import case_id_for
from services.domain.words import Role
from services.store import tokens
from services.store.engine import Store
from tests.bench.ground import Ground, waited
from tests.bench.replay import LAST_MARK, Replay
from tests.bench.rows import Row, row_of, say
from tests.bench.screen import Meter, board, browsing, heap_mb, whole
from tests.bench.warnings import SOURCE, fill, producer_for, warnings

MANY, VERY_MANY = 500, 2_000
PAINT_S, UPDATE_MS, HEAP_MB, NEW_S, BUNDLE_KB = 1.5, 16.0, 20.0, 1.0, 250.0
UPDATES, APART_S = 60, 0.15
HOURS, RATE = 12, 2  # changes a second: sixty times what a county of 180,000 warnings a year has
BURST = 500
BOARDS, SCREENS, ARRIVALS = 50, 4, 20
PACE_S = 2.0
PROCESSES = ("router", "relay", "timekeeper", "api")
ENCODED = """() => performance.getEntriesByType('resource').filter(one => /\\.(js|css|svg)$/.test(one.name))
  .reduce((sum, one) => sum + one.encodedBodySize, 0)"""
STEPS = """async () => { const found = [];
  for (let step = 0; step < 30; step++) {
    const began = performance.now();
    dispatchEvent(new KeyboardEvent('keydown', {key: 'j'}));
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    found.push(performance.now() - began);
  }
  return found; }"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    ground: Ground
    port: int
    token: str
    api_pid: int

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> Any:
        headers = {"authorization": f"Bearer {self.token}"}
        answer = httpx2.get(f"{self.api}{path}", headers=headers, timeout=30, trust_env=False)
        return answer.json() if answer.status_code == 200 else None


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """The servers, our four processes, the browser and the listening boards share the cores."""
    console.build()
    with _served(ground) as stack, browsing() as browser:
        fill(ground.kafka.bootstrap, warnings(range(MANY), run="board"))
        one = _waited(lambda: stack.get(f"/cases/{case_id_for(SOURCE, f'BENCH-board-{MANY - 1:08}')}"))
        rows = [_bundle(browser, stack), _paint(browser, stack, MANY, rounds, PAINT_S)]
        rows += [_update(browser, stack, one, MANY, UPDATE_MS), _heap(browser, stack, one)]
        rows.append(_new_cases(browser, stack))
        fill(ground.kafka.bootstrap, warnings(range(MANY, VERY_MANY), run="board"))
        _waited(lambda: stack.get(f"/cases/{case_id_for(SOURCE, f'BENCH-board-{VERY_MANY - 1:08}')}"))
        rows += [_paint(browser, stack, VERY_MANY, rounds, 2 * PAINT_S), *_very_many(browser, stack, one)]
    return rows


def _bundle(browser: Browser, stack: Stack) -> Row:
    with board(browser, stack.api, stack.token, wanted=1) as page:
        whole(page)
        kb = page.evaluate(ENCODED) / 1e3
    return _row(
        "board: scripts and styles of its first load, packed", "KB", [kb], f"≤ {BUNDLE_KB:g} KB", kb <= BUNDLE_KB
    )


def _paint(browser: Browser, stack: Stack, count: int, rounds: int, limit_s: float) -> Row:
    """From the request for the page to the first rows painted, with nothing kept from before."""
    first, last = [], []
    for _ in range(max(rounds, 3)):
        with board(browser, stack.api, stack.token, wanted=count) as page:
            whole(page)
            seen = page.evaluate("window.__seen")
        first.append(seen["first"] / 1e3)
        last.append(seen["all"] / 1e3)
    say(f"    {count:,} open cases: first rows {_spread(first)} s, all of them known {_spread(last)} s")
    met = statistics.median(first) <= limit_s
    return _row(f"board: first rows of {count:,} open cases", "s", first, f"≤ {limit_s:g} s", met)


def _update(browser: Browser, stack: Stack, one: dict[str, Any], count: int, limit_ms: float) -> Row:
    """The work of the page's thread in a turn with one change, whatever else it does in it: a second's tick too."""
    with _replayed(browser, stack, one, count) as (page, replay):
        meter = Meter(page)
        idle = meter.each(lambda: None, times=UPDATES, apart_s=APART_S)
        busy = meter.each(replay.update, times=UPDATES, apart_s=APART_S)
    p95, quiet = _p95(busy), statistics.median(idle)
    say(
        f"    {count:,} open cases: a change {statistics.median(busy):.1f} ms, p95 {p95:.1f} ms; a turn without {quiet:.1f} ms"
    )
    return _row(f"board: a change of one of {count:,} cases, p95", "ms", [p95], f"≤ {limit_ms:g} ms", p95 <= limit_ms)


def _heap(browser: Browser, stack: Stack, one: dict[str, Any]) -> Row:
    """Changes through the page's own stream as fast as it takes them; what it holds more than after the first tenth."""
    count = HOURS * 3600 * RATE
    with _replayed(browser, stack, one, MANY) as (page, replay):
        cdp = page.context.new_cdp_session(page)
        cdp.send("HeapProfiler.enable")
        began = time.monotonic()
        _replay(page, replay, count // 10)
        before = heap_mb(cdp)
        _replay(page, replay, count - count // 10)
        grown = heap_mb(cdp) - before
        say(
            f"    {count:,} changes in {time.monotonic() - began:.0f} s: {before:.1f} MB after the first tenth, {grown:+.1f} MB"
        )
    return _row(
        f"board: heap grown over {HOURS} h of changes, {RATE} a second",
        "MB",
        [grown],
        f"< {HEAP_MB:g} MB",
        grown < HEAP_MB,
    )


def _replay(page: Page, replay: Replay, count: int) -> None:
    for _ in range(-(-count // BURST)):
        replay.update(BURST)
    replay.last()
    page.wait_for_selector(f"[role=option][data-number={LAST_MARK}]", timeout=900_000)
    replay.forget_last()
    page.wait_for_selector(f"[role=option][data-number={LAST_MARK}]", state="detached", timeout=30_000)


def _new_cases(browser: Browser, stack: Stack) -> Row:
    """From the record to each of fifty boards: a few with screens, the others listen and read as the page does."""
    with ExitStack() as open_boards:
        pages = [open_boards.enter_context(board(browser, stack.api, stack.token, wanted=MANY)) for _ in range(SCREENS)]
        for page in pages:
            whole(page)
        file = stack.ground.home / "seen-by-boards"
        order = ("-m", "tests.bench.boards", str(stack.port), str(BOARDS - SCREENS), str(ARRIVALS), "120", str(file))
        listening = stack.ground.run("boards", order, "sqlite:///none", BENCH_TOKEN=stack.token)
        _waited(lambda: "ready" in listening.tail() or None)
        before = [page.evaluate("window.__seen.size") for page in pages]
        worked = _worked_s(stack.api_pid)
        sent = _sent_slowly(stack)
        waited(listening, within_s=150)
        told = json.loads(file.read_text())
        worked = _worked_s(stack.api_pid) - worked
        late = [at - sent[case] for one in told["seen"] for case, at in one]
        late += list(
            itertools.chain(
                *(_painted(page, size, list(sent.values())) for page, size in zip(pages, before, strict=True))
            )
        )
    p50, p95 = statistics.median(late), _p95(late)
    say(
        f"    {ARRIVALS} new cases on {BOARDS} boards, {SCREENS} of them with screens: p50 {p50:.2f} s, p95 {p95:.2f} s,"
        f" asked again {told['refused']} times; the api worked {worked / ARRIVALS:.2f} s a case"
    )
    met = len(late) == BOARDS * ARRIVALS and p95 <= NEW_S
    return _row(f"board: a new case on {BOARDS} boards after its record, p95", "s", [p95], f"≤ {NEW_S:g} s", met)


def _sent_slowly(stack: Stack) -> dict[str, float]:
    """When each was handed to Kafka, by the case it becomes."""
    producer, sent = producer_for(stack.ground.kafka.bootstrap), {}
    for number, record in enumerate(warnings(range(ARRIVALS), run="new")):
        sent[str(case_id_for(SOURCE, f"BENCH-new-{number:08}"))] = time.time()
        producer.produce("fraud.warning.issued", record.value, record.key, headers=record.headers)
        producer.flush(10)
        time.sleep(PACE_S)
    return sent


def _painted(page: Page, before: int, sent: Sequence[float]) -> Iterator[float]:
    """How late the list of a page was one longer, for each that was sent."""
    page.wait_for_function("size => window.__seen.size >= size", arg=before + len(sent), timeout=60_000)
    sizes = page.evaluate("window.__seen.sizes")
    for place, at in enumerate(sent):
        yield next(ms / 1e3 for ms, size in sizes if size > before + place and ms / 1e3 >= at) - at


def _very_many(browser: Browser, stack: Stack, one: dict[str, Any]) -> list[Row]:
    """Fit to work with: a change, and a step with a key, stay as cheap as the eye needs."""
    with _replayed(browser, stack, one, VERY_MANY) as (page, _):
        steps = page.evaluate(STEPS)
        drawn = page.locator("[role=option]").count()
    say(
        f"    {VERY_MANY:,} open cases: {drawn} rows drawn, a step {statistics.median(steps):.0f} ms, p95 {_p95(steps):.0f} ms"
    )
    step = _row(
        f"board: a step by key among {VERY_MANY:,} cases, p95", "ms", [_p95(steps)], "≤ 200 ms", _p95(steps) <= 200
    )
    return [_update(browser, stack, one, VERY_MANY, 50.0), step]


@contextmanager
def _replayed(browser: Browser, stack: Stack, one: dict[str, Any], count: int) -> Iterator[tuple[Page, Replay]]:
    """A board that looks at `count` made-up cases and hears of them itself."""
    replay = Replay(stack.api, one, count)
    try:
        with board(browser, replay.url, stack.token, wanted=count, alone=True) as page:
            whole(page)
            _waited(lambda: replay.heard or None)
            yield page, replay
    finally:
        replay.close()


@contextmanager
def _served(ground: Ground) -> Iterator[Stack]:
    """Everything that a warning goes through, each a process of its own, and the token of a supervisor."""
    ground.empty_topics()
    with ground.fresh_database() as database:
        token, port = asyncio.run(_supervisor(database)), free_port()
        started: list[Process] = []
        try:
            for name in PROCESSES:
                own = {"QUANZU_API_PORT": str(port), "QUANZU_METRICS_PORT": str(free_port())}
                started.append(ground.run(name, ("-m", "services.cli", "serve", name), database, **own))
            _waited(lambda: answers(f"http://127.0.0.1:{port}/livez") or None)
            yield Stack(ground=ground, port=port, token=token, api_pid=started[-1].pid)
        finally:
            for process in reversed(started):
                process.stop()


async def _supervisor(database: str) -> str:
    store = Store(database, name="bench")
    try:
        store.clock = SteadyClock(await store.measure_time())
        async with store.begin() as tx:
            return await tokens.make(tx, "supervisor", role=Role.SUPERVISOR, unit=None, responder=None)
    finally:
        await store.close()


def _worked_s(pid: int) -> float:
    """The processor time of a process so far: others on the machine don't change it."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _waited(look: Any, *, within_s: float = 90.0) -> Any:
    ends = time.monotonic() + within_s
    while (found := look()) is None:
        if time.monotonic() > ends:
            raise TimeoutError(f"it did not come within {within_s:g} s")
        time.sleep(0.1)
    return found


def _row(goal: str, unit: str, found: Sequence[float], required: str, met: bool) -> Row:
    return row_of(goal, unit, [(one, None) for one in found], required=required, aim=required, met=met)


def _p95(found: Sequence[float]) -> float:
    return statistics.quantiles(found, n=20)[-1]


def _spread(found: Sequence[float]) -> str:
    return f"{statistics.median(found):.2f} ({min(found):.2f}–{max(found):.2f})"
