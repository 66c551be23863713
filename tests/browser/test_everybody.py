"""Every page in both languages, light and dark: nothing that axe finds, no word of the other language, no broken policy."""

import re

import pytest
from desk import Desk, Sit
from installation import Installation

from deploy.native.console import MODULES

AXE = (MODULES / "axe-core" / "axe.min.js").read_text() if (MODULES / "axe-core").is_dir() else ""
RUN = """() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations']})
  .then(found => found.violations.map(one => one.id + ': ' +
    one.nodes.map(node => node.target + ' ' + (node.any[0]?.message ?? '')).join(' | ')))"""
PAGES = ("stops", "follow-ups", "reviews", "handover", "dead-letters", "tips", "notices", "leads?days=365")
PAGES += ("figures", "figures?table=1", "policies")
ACCOUNT = "6200000000000000001"
READY = "article .sheet, article canvas, article .wide, article .nothing:has-text('.'), article .nothing:has-text('。')"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# What is no word of ours: names and places of the made-up county, and who the buttons switch to.
DATA = "noscript, .names h1, .row strong, .second, dd, select, [lang], td, .story, .words, h3 + p, .bare[lang]"


@pytest.fixture(scope="module")
def cases(installation: Installation) -> list[str]:
    """One waiting, one reported, with an account in both; one nobody can be found for; a tip."""
    waiting = installation.warn(number="AXE-1", risk="URGENT", scam={"suspect_account": ACCOUNT})
    reported = installation.warn(number="AXE-2", risk="MEDIUM", scam={"suspect_account": ACCOUNT})
    installation.client.post("/public/tips", json={"what": "有人在收银行卡", "call_back": "199-0000-5533"})
    nowhere = installation.warn(number="AXE-3", risk="LOW", place=None)
    installation.put(b"{")
    installation.reported(reported)
    installation.case(nowhere)
    return [str(case) for case in (waiting, reported, nowhere)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_on_any_page(
    installation: Installation, sit: Sit, cases: list[str], language: str, scheme: str
) -> None:
    desk = sit(language=language, color_scheme=scheme)
    desk.page.goto(installation.api)
    desk.page.wait_for_selector("form")
    found = _looked_at(desk, "login")
    desk.go(installation.api, installation.tokens.operator, f"#/queue?q=AXE-&case={cases[1]}")
    desk.page.wait_for_selector(".leaflet-container path")
    found += _looked_at(desk, "panel")
    for tab in ("limits", "timeline", "money", "after", "evidence", "told"):
        desk.page.evaluate("hash => { location.hash = hash }", f"#/queue?q=AXE-&case={cases[1]}&tab={tab}")
        desk.page.wait_for_selector(f"#tab-{tab}[aria-selected=true]")
        desk.page.wait_for_selector("#tab-body :is(table, ol, h2, p:not(:text('…')))")
        found += _looked_at(desk, tab)
    desk.page.keyboard.press("b")
    desk.page.wait_for_selector("dialog")
    found += _looked_at(desk, "form")
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("?")
    desk.page.wait_for_selector("dialog")
    found += _looked_at(desk, "help")
    desk.page.keyboard.press("Escape")
    for page in PAGES:
        desk.page.evaluate("hash => { location.hash = hash }", f"#/{page}")
        desk.page.wait_for_selector(READY)
        found += _looked_at(desk, page)
    desk.page.evaluate("hash => { location.hash = hash }", f"#/subject?case={cases[1]}")
    desk.page.wait_for_selector("article section")
    found += _looked_at(desk, "subject")
    assert found == []


def test_no_chinese_is_left_on_the_english_page(installation: Installation, sit: Sit, cases: list[str]) -> None:
    desk = sit(language="en")
    desk.go(installation.api, installation.tokens.operator, f"#/queue?q=AXE-&case={cases[1]}")
    desk.page.wait_for_selector(".panel h1")

    left = desk.page.evaluate(
        """data => { const page = document.body.cloneNode(true);
        page.querySelectorAll(data).forEach(one => one.remove()); return page.textContent; }""",
        DATA,
    )

    assert CHINESE.findall(left) == [], left


def _looked_at(desk: Desk, where: str) -> list[str]:
    if not desk.page.evaluate("typeof axe === 'object'"):
        desk.page.evaluate(AXE)
    return [f"{where} {problem}" for problem in desk.page.evaluate(RUN)]
