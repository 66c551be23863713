"""The rota, the registry and a precinct's own desk: changed by keys and pointer, undone, explained where somebody was first."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from desk import Desk, Sit
from installation import Installation, bearer, waited
from playwright.sync_api import expect
from test_everybody import AXE, CHINESE, RUN

UNIT, OTHER = "MT05", "MT06"
CHINA = timedelta(hours=8)
# Names and codes of the made-up county, and who a button switches to.
DATA = "[lang], .name, tbody th, option, aside h2, li strong, .told, dd, td, li button, .strip li, h2.told"
PEOPLE = "警号,单位,姓名,身份\nMT05-90,MT05,测试警员新,辅警\nMT99-01,MT99,测试警员远,民警\n"


def rota_of(installation: Installation, unit: str = UNIT) -> dict[str, Any]:
    answer = installation.client.get(f"/rota/units/{unit}", headers=bearer(installation.tokens.supervisor))
    found: dict[str, Any] = answer.json()
    return found


def changed(
    installation: Installation, what: str, body: dict[str, Any], *, unit: str = UNIT, put: bool = False
) -> None:
    """What somebody else does meanwhile."""
    installation.keys += 1
    headers = bearer(installation.tokens.supervisor) | {"idempotency-key": f"duty-{installation.keys}"}
    path = f"/rota/units/{unit}/{what}"
    if put:
        headers["if-match"] = f'"{rota_of(installation, unit)["version"]}"'
    answer = installation.client.request("PUT" if put else "POST", path, headers=headers, json=body)
    assert answer.status_code == 200, answer.text


def later(days: int) -> str:
    return (datetime.now(UTC) + CHINA + timedelta(days=days)).date().isoformat()


def at_next_week(desk: Desk, installation: Installation, token: str) -> None:
    """A whole week that is still to come."""
    desk.go(installation.api, token, f"#/rota?from={later(7)}")
    desk.page.wait_for_selector("[role=gridcell] button")


def test_a_leave_is_given_by_keys_and_taken_back(installation: Installation, sit: Sit) -> None:
    desk = sit()
    at_next_week(desk, installation, installation.tokens.desks[UNIT])
    page = desk.page
    assert "没有缺岗" in page.inner_text(".summary")

    page.focus("[role=gridcell] button[tabindex='0']")
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowUp", "Enter", "l"):
        page.keyboard.press(key)
    page.wait_for_selector("dialog")
    page.keyboard.press("Control+Enter")

    page.wait_for_selector("td .mark:has-text('休假')")
    assert page.locator("td:has(.mark:has-text('休假')) .shift").count() == 0
    (entry,) = rota_of(installation)["entries"]
    assert entry["kind"] == "LEAVE"
    assert entry["starts_at"].startswith(later(7)) or entry["ends_at"].startswith(later(8))

    page.click(".note button:has-text('撤回'), .note button >> nth=0")
    expect(page.locator("td .mark")).to_have_count(0)
    assert rota_of(installation)["entries"] == []


def test_a_gap_is_seen_without_colour_and_filled(installation: Installation, sit: Sit, tmp_path: Path) -> None:
    group = rota_of(installation)["rotations"][-1]["document"]["groups"][0]["members"]
    window = {"starts_at": f"{later(8)}T00:00:00+08:00", "ends_at": f"{later(9)}T00:00:00+08:00"}
    for who in group:
        changed(installation, "leave", {"responder": who, **window})
    desk = sit(language="en")
    at_next_week(desk, installation, installation.tokens.desks[UNIT])
    page = desk.page

    assert re.search(r"⚠\s*\d\d:00–\d\d:00\s+\w+ 0 of 1", page.inner_text("td.thin"))
    assert "1 gap this week" in page.inner_text(".summary")
    column = page.locator("tr.gaps td").evaluate_all("all => all.findIndex(one => one.classList.contains('thin'))")
    last = page.locator("tbody tr").last.locator("td button").nth(column)
    last.click()
    page.click("aside button:has-text('Put on duty')")
    page.click("dialog footer .main")
    expect(page.locator("td.thin")).to_have_count(0)
    page.click("section button:has-text('Withdraw') >> nth=0")
    page.click("dialog footer .main")
    page.wait_for_selector(".note:has-text('Withdrawn')")

    with page.expect_download() as came:
        page.click("button:has-text('Calendar')")
    came.value.save_as(tmp_path / "rota.ics")
    assert (tmp_path / "rota.ics").read_text().startswith("BEGIN:VCALENDAR")


def test_whoever_was_first_is_named_and_nothing_typed_is_lost(installation: Installation, sit: Sit) -> None:
    token = installation.tokens.desks[OTHER]
    shifts = installation.client.get(f"/rota/units/{OTHER}/shifts?from={later(7)}", headers=bearer(token)).json()[
        "items"
    ]
    asker, other = shifts[0], next(one for one in shifts if one["shift"] != shifts[0]["shift"])
    gives = {name: asker[name] for name in ("starts_at", "ends_at")}
    swap = {"asker": asker["responder"], "other": other["responder"], "gives": gives}
    changed(installation, "swaps", swap, unit=OTHER)
    desk = sit()
    at_next_week(desk, installation, token)
    page = desk.page

    (asked,) = rota_of(installation, OTHER)["swaps"]
    changed(installation, f"swaps/{asked['id']}/refusal", {}, unit=OTHER)
    page.click("section button:has-text('同意')")
    page.click("dialog footer .main")
    page.wait_for_selector("dialog [role=alert]:has-text('demo-supervisor 已先作了修改')")
    page.click("dialog footer .main")
    page.wait_for_selector("dialog [role=alert]:has-text('换班申请已答复')")
    page.keyboard.press("Escape")

    page.click("button:has-text('轮班')")
    page.wait_for_selector("dialog select[name=pattern] option", state="attached")
    page.fill("dialog input[name=starts_on]", later(3))
    document = rota_of(installation, OTHER)["rotations"][-1]["document"]
    changed(installation, "rotation", {**document, "starts_on": later(2)}, unit=OTHER, put=True)
    page.click("dialog footer .main")
    page.wait_for_selector("dialog .conflict:has-text('demo-supervisor')")
    assert page.input_value("dialog input[name=starts_on]") == later(3)
    page.click("dialog footer .main")
    page.click("dialog footer .main")
    page.wait_for_selector("dialog", state="detached")
    assert rota_of(installation, OTHER)["rotations"][-1]["starts_on"] == later(3)


def test_a_file_is_tried_mended_and_written(installation: Installation, sit: Sit, tmp_path: Path) -> None:
    desk = sit()
    desk.go(installation.api, installation.tokens.supervisor, "#/registry?tab=import")
    page = desk.page
    page.select_option("form select >> nth=0", "responders")

    def choose(text: str) -> None:
        file = {"name": "people.csv", "mimeType": "text/csv", "buffer": text.encode("gb18030")}
        page.set_input_files("input[type=file]", file)  # type: ignore[arg-type]  # a file that is on no disk
        page.click("form .acts button")
        page.wait_for_selector("section .sums")

    choose(PEOPLE)
    assert "没有单位 MT99" in page.inner_text("section table >> nth=0")
    assert page.is_disabled(".apply button")
    choose(PEOPLE.rsplit("MT99-01", 1)[0])
    assert page.locator("section .sums li").all_inner_texts()[-1] == "人员 · 新增 1"
    page.click(".apply button")
    page.wait_for_selector("section h2:has-text('已写入')")

    page.evaluate("() => { location.hash = '#/registry?unit=MT05' }")
    page.wait_for_selector("td:has-text('MT05-90')")
    told = bearer(installation.tokens.supervisor)
    installation.client.put("/units/MT05/switches/notify", headers=told, json={"on": False})
    page.click("label:has-text('自动分派')")
    page.wait_for_selector("[role=alert]:has-text('demo-supervisor 已先作了修改')")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.switches input')].map(one => +one.checked).join('') === '101'"
    )
    installation.client.put("/units/MT05/switches/notify", headers=told, json={"on": True})
    page.click("#tab-check")
    page.wait_for_selector(".verdict:has-text('✓')")
    with page.expect_download() as came:
        page.click("button:has-text('导出全部')")
    came.value.save_as(tmp_path / "registry.zip")
    assert (tmp_path / "registry.zip").read_bytes().startswith(b"PK")


def test_a_desk_lands_on_its_own_cases_and_every_button_works(installation: Installation, sit: Sit) -> None:
    case = installation.warn(number="DESK-1")
    seen = installation.case(case, until="ASSIGNED")
    unit = seen["assigned_unit"]
    foreign = next(code for code in installation.tokens.desks if code not in (unit, seen["responsible_unit"]))
    desk, stranger = sit(), sit()
    desk.go(installation.api, installation.tokens.desks[unit])
    stranger.go(installation.api, installation.tokens.desks[foreign])
    page = desk.page
    page.click('[role=option][data-number="DESK-1"]')
    page.wait_for_selector(".acts .main")
    stranger.page.wait_for_selector(".strip li")
    assert stranger.page.locator('[role=option][data-number="DESK-1"]').count() == 0
    assert page.locator("select[aria-label='单位']").count() == 0

    names = [one.split()[0] for one in page.locator(".panel .acts button").all_inner_texts()]
    assert names == ["签收", "改派", "退回分派"]
    page.keyboard.press("a")
    page.click("dialog footer .main")
    installation.case(case, until="ACKNOWLEDGED")
    page.wait_for_selector(".acts button:has-text('移交')")
    page.keyboard.press("r")
    page.wait_for_selector("dialog select[name=responder] option >> nth=1", state="attached")
    assert page.locator("dialog select[name=unit] option").count() == 2  # none chosen, or its own
    page.select_option("dialog select[name=responder]", index=1)
    page.fill("dialog textarea", "换近处的人")
    page.click("dialog footer .main")
    installation.case(case, until="ASSIGNED")
    page.wait_for_selector("dialog", state="detached")

    page.click(".strip li button >> nth=0")
    page.select_option("dialog select[name=activity]", "ON_SCENE")
    page.click("dialog footer .main")
    page.wait_for_selector("dialog", state="detached")
    people = installation.client.get(f"/units/{unit}", headers=bearer(installation.tokens.desks[unit])).json()["people"]
    assert [one["activity"] for one in people if one["activity"]] == ["ON_SCENE"]
    waited(lambda: page.locator(".strip li:has-text('可派')").count() or None)


@pytest.mark.parametrize(("language", "scheme"), [("zh", "light"), ("en", "dark")])
def test_axe_finds_nothing_on_the_pages_of_duty(
    installation: Installation, sit: Sit, language: str, scheme: str
) -> None:
    desk = sit(language=language, color_scheme=scheme)
    at_next_week(desk, installation, installation.tokens.supervisor)
    page = desk.page
    found = _looked_at(desk, "rota")
    page.click("[role=gridcell] button >> nth=3")
    page.wait_for_selector("aside")
    found += _looked_at(desk, "day")
    page.keyboard.press("w")
    page.wait_for_selector("dialog")
    found += _looked_at(desk, "swap")
    page.keyboard.press("Escape")
    page.click("article .tools > button >> nth=0")
    page.wait_for_selector("dialog select[name=pattern] option", state="attached")
    found += _looked_at(desk, "turn")
    page.keyboard.press("Escape")
    for tab, sign in (("units", "section table"), ("import", "form"), ("check", ".verdict")):
        page.evaluate("tab => { location.hash = '#/registry?unit=MT05&tab=' + tab }", tab)
        page.wait_for_selector(sign)
        found += _looked_at(desk, tab)
    page.click("nav summary")
    found += _looked_at(desk, "menu")
    other = sit(language=language, color_scheme=scheme)
    other.go(installation.api, installation.tokens.desks[UNIT])
    other.page.wait_for_selector(".strip li")
    found += _looked_at(other, "desk")

    assert found == []


def _looked_at(desk: Desk, where: str) -> list[str]:
    """What axe says, and on an English page every Chinese word that is none of a person or a place."""
    if not desk.page.evaluate("typeof axe === 'object'"):
        desk.page.evaluate(AXE)
    told = [f"{where} {problem}" for problem in desk.page.evaluate(RUN)]
    if desk.page.get_attribute("html", "lang") != "zh-CN":
        left = desk.page.evaluate(
            """data => { const page = document.body.cloneNode(true);
            page.querySelectorAll(data + ', noscript').forEach(one => one.remove()); return page.textContent; }""",
            DATA,
        )
        told += [f"{where} {word}" for word in CHINESE.findall(left)]
    return told
