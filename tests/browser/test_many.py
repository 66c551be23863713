"""Five hundred open cases and more: the board is there at once, draws only what is seen, and an update costs it little.

`make bench ONLY=board` measures the same in full, on Kafka and PostgreSQL.
"""

import time
from collections.abc import Iterator

import pytest
from desk import Desk, Sit
from installation import Installation, waited
from playwright.sync_api import Route

from tests.bench.replay import LAST_MARK, Replay

MANY = 500
CHANGES = 2_000
BUSY = (503, 429)
LONG = """() => { window.__long = []; new PerformanceObserver(list => list.getEntries().forEach(
  entry => window.__long.push(Math.round(entry.duration)))).observe({type: 'longtask'}); }"""


@pytest.mark.alone
def test_five_hundred_open_cases_are_shown_at_once_and_stay_cheap(installation: Installation, sit: Sit) -> None:
    subjects = ({"name": f"测试多{place}", "phone": f"199-0500-{place:04}"} for place in range(MANY))
    last = [installation.warn(number=f"MANY-{place}", risk="LOW", subject=one) for place, one in enumerate(subjects)][
        -1
    ]
    waited(lambda: installation.found(last), within_s=60)
    desk = sit()
    desk.go(installation.api, installation.tokens.operator)
    desk.page.wait_for_selector("[role=option]")

    painted = min(_painted(desk) for _ in range(3))
    waited(lambda: _count(desk) >= MANY or None)
    desk.page.evaluate(LONG)
    for place in range(10):
        installation.warn(number=f"MORE-{place}", risk="URGENT", subject={"phone": f"199-0600-{place:04}"})
    waited(lambda: _count(desk) >= MANY + 10 or None)

    assert desk.page.locator("[role=option]").count() < 40
    assert painted < 1.5
    assert sum(desk.page.evaluate("window.__long")) < 500  # ten arrivals; a task below 50 ms is not counted


@pytest.fixture
def replay(installation: Installation) -> Iterator[Replay]:
    """Two hundred made-up open cases, whose changes the test tells of."""
    case = installation.case(installation.warn(number="LIKE-1"))
    made = Replay(installation.api, case, 200)
    yield made
    made.close()


@pytest.mark.alone
def test_two_thousand_changes_leave_nothing_behind(installation: Installation, sit: Sit, replay: Replay) -> None:
    desk = sit()
    desk.context.add_init_script("delete window.SharedWorker")  # the page itself hears the stream, and is measured
    desk.go(replay.url, installation.tokens.operator)
    waited(lambda: replay.heard or None)
    cdp = desk.context.new_cdp_session(desk.page)

    held = []
    for _ in range(2):
        replay.update(CHANGES)
        replay.last()
        desk.page.wait_for_selector(f"[role=option][data-number={LAST_MARK}]", timeout=30_000)
        replay.forget_last()
        desk.page.wait_for_selector(f"[role=option][data-number={LAST_MARK}]", state="detached")
        cdp.send("HeapProfiler.collectGarbage")
        held.append(cdp.send("Runtime.getHeapUsage")["usedSize"] / 1e6)

    assert held[1] - held[0] < 2, held
    assert _count(desk) <= 200


def test_a_new_case_is_asked_for_until_the_server_answers(installation: Installation, sit: Sit) -> None:
    """A server that is busy for a moment must not cost a board its case."""
    desk, refused = sit(), []

    def once(route: Route) -> None:
        refused.append(route.request.url)
        if len(refused) <= len(BUSY):
            status = BUSY[len(refused) - 1]
            route.fulfill(status=status, content_type="application/problem+json", body='{"type": "/problems/busy"}')
        else:
            route.continue_()

    desk.go(installation.api, installation.tokens.operator, "#/queue?q=BUSY-1")
    desk.page.wait_for_selector(".link.live")
    desk.page.route("**/cases?case_id=*", once)

    installation.warn(number="BUSY-1")

    desk.page.wait_for_selector("[role=option][data-number=BUSY-1]")
    assert len(refused) > len(BUSY)


def _painted(desk: Desk) -> float:
    began = time.monotonic()
    desk.page.reload()
    desk.page.wait_for_selector("[role=option]")
    return time.monotonic() - began


def _count(desk: Desk) -> int:
    return int(desk.page.locator("[role=option]").first.get_attribute("aria-setsize") or 0)
