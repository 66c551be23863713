"""Five hundred open cases and more: the board is there at once, draws only what is seen, and an update costs it little."""

import time

from desk import Desk, Sit
from installation import Installation, waited

MANY = 500
LONG = """() => { window.__long = []; new PerformanceObserver(list => list.getEntries().forEach(
  entry => window.__long.push(Math.round(entry.duration)))).observe({type: 'longtask'}); }"""


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


def _painted(desk: Desk) -> float:
    began = time.monotonic()
    desk.page.reload()
    desk.page.wait_for_selector("[role=option]")
    return time.monotonic() - began


def _count(desk: Desk) -> int:
    return int(desk.page.locator("[role=option]").first.get_attribute("aria-setsize") or 0)
