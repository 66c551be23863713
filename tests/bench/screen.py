"""One board in a real Chromium, and what it can tell of itself: when it painted, what a change costs it, what it holds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from deploy.native import chromium

# When the first row, and when all of them, were painted; and when there were how many.
WATCHES = """
window.__seen = {sizes: []};
new MutationObserver(() => {
  const size = +(document.querySelector('[role=option]')?.getAttribute('aria-setsize') ?? 0);
  if (size === 0 || size === window.__seen.size) return;
  window.__seen.size = size;
  window.__seen.sizes.push([Date.now(), size]);
  requestAnimationFrame(() => setTimeout(() => {
    window.__seen.first ??= performance.now();
    if (size >= WANTED) window.__seen.all ??= performance.now();
  }));
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['aria-setsize']});
"""
WIDE = {"width": 1366, "height": 768}


@contextmanager
def browsing() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=str(chromium.find()), args=list(chromium.FLAGS))
        yield made
        made.close()


@contextmanager
def board(browser: Browser, api: str, token: str, *, wanted: int, alone: bool = False) -> Iterator[Page]:
    """A board of a browser of its own: nothing is kept from another. Alone, the page itself hears the stream."""
    context = browser.new_context(viewport=WIDE, locale="zh-CN")
    context.add_init_script(f"sessionStorage.setItem('quanzu.token', '{token}')")
    context.add_init_script(WATCHES.replace("WANTED", str(wanted)))
    if alone:
        context.add_init_script("delete window.SharedWorker")
    page = context.new_page()
    page.goto(f"{api}/")
    try:
        yield page
    finally:
        context.close()


def whole(page: Page, *, within_s: float = 60) -> None:
    """Wait until every case is on it."""
    page.wait_for_function("() => window.__seen.all", timeout=within_s * 1000)


def heap_mb(cdp: CDPSession) -> float:
    """What scripts hold, once everything that nobody holds is gone; in units of 10⁶ bytes."""
    for _ in range(2):
        cdp.send("HeapProfiler.collectGarbage")
    used: float = cdp.send("Runtime.getHeapUsage")["usedSize"]
    return used / 1e6


class Meter:
    """How long the page's own thread has worked: its processor time, which others on the machine don't change."""

    def __init__(self, page: Page) -> None:
        self._cdp = page.context.new_cdp_session(page)
        self._cdp.send("Performance.enable", {"timeDomain": "threadTicks"})

    def ms(self) -> float:
        told: list[dict[str, Any]] = self._cdp.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in told if one["name"] == "TaskDuration")) * 1000

    def each(self, act: Callable[[], None], *, times: int, apart_s: float) -> list[float]:
        """The work of each turn in which `act` was done and its moment had passed."""
        found, before = [], self.ms()
        for _ in range(times):
            act()
            time.sleep(apart_s)
            after = self.ms()
            found.append(after - before)
            before = after
        return found
