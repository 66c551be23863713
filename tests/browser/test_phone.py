"""The responder's phone: small, on a bad line, with one thumb; what is tapped without a line arrives once and in order."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from desk import Desk, Sit
from installation import Installation, bearer, started, waited
from test_everybody import AXE, CHINESE, RUN

from deploy.native.console import HOME
from services.simulator.county import LAT, LON

POCKET: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
FIRST_LOAD_BYTES = 100 * 1024
USABLE_WITHIN_S = 3.0
VISITS = 4
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}  # 400 kbit/s
# When the button to acknowledge came, counted from the moment the link was opened.
WATCH = """new MutationObserver((_, watching) => {
  if (document.querySelector('.bar .main') === null) return;
  window.usableAt = performance.now();
  watching.disconnect();
}).observe(document, {childList: true, subtree: true})"""
# What had to come before that; what the worker keeps for later comes after.
CAME = """[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .filter((one) => one.responseEnd <= window.usableAt).reduce((sum, one) => sum + one.transferSize, 0)"""
NOTHING_READ_IS_LEFT = """() => new Promise((told) => {
  indexedDB.open('quanzu-phone').onsuccess = ({ target: { result: kept } }) => {
    kept.transaction('read').objectStore('read').count().onsuccess = ({ target: { result: count } }) => told(count === 0);
  };
})"""
HARD = "\u202egnirts\u202c\u200b\u200d"
HARD_NAME = "长" * 45 + HARD + "名" * 45  # as long as a warning's name may be
HARD_PLACE = {"point": {"lat": LAT, "lon": LON, "datum": "GCJ02"}, "address": "墨汀县" + HARD + "柳湾1号" * 97}
PICTURE = HOME / "public" / "phone" / "icon-512.png"
# What is no word of ours: names, places and codes, and who the buttons switch to.
DATA = "noscript, .told, .who, [lang], .words, .name"


@pytest.fixture(scope="module")
def installation(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One of its own: the many cases of the other tests would all be on the phone's list."""
    del program
    with started(Path(tmp_path_factory.mktemp("phone"))) as made:
        yield made


def on_phone(desk: Desk, installation: Installation, case: UUID, who: str) -> None:
    """Open the case by a link that holds the token."""
    token = installation.tokens.responders[who]
    desk.page.goto(f"{installation.api}/phone#token={token}&case={case}")
    desk.page.wait_for_selector(".bar .main")


def facts(installation: Installation, case: UUID) -> list[dict[str, Any]]:
    answer = installation.client.get(f"/cases/{case}/timeline", headers=bearer(installation.tokens.supervisor))
    told: list[dict[str, Any]] = answer.json()["items"]
    return told


def test_a_case_is_done_with_thirty_minutes_without_a_line_in_it(installation: Installation, sit: Sit) -> None:
    case = installation.warn(number="POCKET-1")
    who = installation.case(case, until="ASSIGNED")["responder"]
    phone = sit(**POCKET)
    page = phone.page
    page.clock.install()
    on_phone(phone, installation, case, who)
    page.tap(".bar .main")
    page.wait_for_selector("text=测试")
    installation.case(case, until="ACKNOWLEDGED")
    page.wait_for_selector("a[href^='tel:']")
    assert page.get_attribute("a[href^='geo:']", "href") is not None

    page.evaluate("navigator.serviceWorker.ready")
    phone.context.set_offline(True)
    page.tap("text=无人接听")
    page.wait_for_selector(".item.waiting")
    page.clock.fast_forward("15:00")
    page.tap("section:has(#attempts) >> text=上门")
    page.tap("button:text-is('见到本人')")
    page.tap("section:has(#contact) >> text=见面")
    page.wait_for_selector(".item.waiting >> nth=2")
    page.reload()  # what was tapped is on the phone, and the page itself, too
    page.wait_for_selector(".item.waiting >> nth=2")
    page.tap(".bar .main")
    page.tap("text=已劝阻未被骗")
    page.fill("[name=amount_saved_fen]", "1200.50")
    page.tap("form .main")
    page.clock.fast_forward("15:00")
    page.tap(".bar .main")
    page.fill("textarea", "已当面劝阻")
    page.reload()
    page.wait_for_function("() => document.querySelector('textarea')?.value === '已当面劝阻'")
    page.tap("form .main")
    page.wait_for_selector(".item.waiting >> nth=4")
    assert installation.case(case)["state"] == "ACKNOWLEDGED"

    phone.context.set_offline(False)
    installation.case(case, until="REPORTED")
    page.wait_for_selector("text=反馈已提交")

    told = [one for one in facts(installation, case) if one["actor"] == who and one["occurred_at"]]
    assert [one["action"] for one in told] == ["ACKNOWLEDGE", "ATTEMPT", "ATTEMPT", "CONTACT", "CONCLUDE", "REPORT"]
    tapped = [datetime.fromisoformat(one["occurred_at"]) for one in told]
    assert tapped == sorted(tapped)
    assert tapped[-1] - tapped[1] >= timedelta(minutes=30)
    assert installation.case(case)["amount_saved_fen"] == 120_050


@pytest.mark.alone
def test_on_a_bad_line_it_is_small_and_soon_of_use(installation: Installation, sit: Sit) -> None:
    """The best of a few first visits: the tests share the machine, the line is what is judged."""
    case = installation.warn(number="POCKET-2")
    who = installation.case(case, until="ASSIGNED")["responder"]
    usable = []
    for _ in range(VISITS):
        phone = sit(**POCKET)
        wire = phone.context.new_cdp_session(phone.page)
        wire.send("Network.enable")
        wire.send("Network.emulateNetworkConditions", SLOW)
        phone.context.add_init_script(WATCH)
        on_phone(phone, installation, case, who)
        usable.append(phone.page.evaluate("window.usableAt") / 1000)
        took = phone.page.evaluate(CAME)
        assert 0 < took <= FIRST_LOAD_BYTES, took
        if usable[-1] <= USABLE_WITHIN_S:
            break

    assert min(usable) <= USABLE_WITHIN_S, usable
    phone.page.tap(".bar .main")
    installation.case(case, until="ACKNOWLEDGED")


def test_who_was_first_is_said_and_the_reason_typed_stays(installation: Installation, sit: Sit) -> None:
    case = installation.warn(number="POCKET-3")
    who = installation.case(case, until="ASSIGNED")["responder"]
    colleague = next(code for code in installation.tokens.responders if code != who and code[:4] == who[:4])
    phone = sit(**POCKET)
    on_phone(phone, installation, case, who)
    phone.page.tap("text=退回分派")
    phone.page.fill("textarea", "正在处理另一起警情")
    installation.do(case, "acknowledgement", token=installation.tokens.responders[colleague])

    phone.page.tap("form .grave")

    told = phone.page.wait_for_selector(".item.refused").inner_text()
    assert f"{colleague} 已先行处理" in told
    assert "正在处理另一起警情" in told
    phone.page.tap("button:text-is('放弃此步')")
    phone.page.tap("text=确认放弃")
    phone.page.wait_for_selector(".item", state="detached")


def test_a_phone_an_hour_wrong_is_told_and_works(installation: Installation, sit: Sit) -> None:
    case = installation.warn(number="POCKET-4")
    who = installation.case(case, until="ASSIGNED")["responder"]
    phone = sit(**POCKET)
    phone.page.clock.install(time=datetime.now(UTC) - timedelta(hours=1))
    on_phone(phone, installation, case, who)
    phone.page.wait_for_selector("text=相差 1:00:00")

    phone.page.tap(".bar .main")

    installation.case(case, until="ACKNOWLEDGED")
    (told,) = [one for one in facts(installation, case) if one["action"] == "ACKNOWLEDGE"]
    assert abs(datetime.fromisoformat(told["occurred_at"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_after_the_session_ended_one_logs_in_and_goes_on(installation: Installation, sit: Sit) -> None:
    case = installation.warn(number="POCKET-5")
    who = installation.case(case, until="ASSIGNED")["responder"]
    phone = sit(**POCKET)
    on_phone(phone, installation, case, who)
    phone.page.evaluate("sessionStorage.clear()")

    phone.page.tap(".bar .main")
    phone.page.wait_for_selector("#token")
    phone.page.wait_for_function(NOTHING_READ_IS_LEFT)
    phone.page.fill("#token", installation.tokens.responders[who])
    phone.page.tap("form button")

    installation.case(case, until="ACKNOWLEDGED")


def test_a_desks_link_opens_the_one_case_and_a_photo_goes_with_it(installation: Installation, sit: Sit) -> None:
    case = installation.warn(number="POCKET-6")
    unit = installation.case(case, until="ASSIGNED")["assigned_unit"]
    operator = bearer(installation.tokens.operator)
    desk = sit()
    desk.go(installation.api, installation.tokens.desks[unit], f"#/queue?case={case}")
    desk.page.wait_for_selector(".panel h1")
    desk.page.keyboard.press(".")
    desk.page.click("dialog .main")
    url = desk.page.input_value("dialog input.link")
    phone = sit(**POCKET)
    page = phone.page
    page.goto(url)
    page.click("button")
    page.wait_for_selector(".bar .main")
    page.wait_for_selector("text=虚假贷款")

    page.tap(".bar .main")
    installation.case(case, until="ACKNOWLEDGED")
    page.wait_for_selector("a[href^='tel:']")
    page.locator("input[type=file]").first.set_input_files(PICTURE)
    page.wait_for_selector("text=照片已保存")

    def kept() -> Any:
        return installation.client.get(f"/cases/{case}/evidence", headers=operator).json()["items"] or None

    (photo,) = waited(kept)
    assert (photo["kind"], photo["media_type"]) == ("PHOTO", "image/jpeg")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_on_the_phone(installation: Installation, sit: Sit, language: str, scheme: str) -> None:
    number = f"POCKET-{language}-{scheme}"
    digits = 7000 + len(scheme) * 10 + (language == "en")
    case = installation.warn(
        number=number, subject={"name": HARD_NAME, "phone": f"199-0000-{digits}"}, place=HARD_PLACE
    )
    who = installation.case(case, until="ASSIGNED")["responder"]
    phone = sit(language=language, color_scheme=scheme, **POCKET)
    page = phone.page
    page.goto(f"{installation.api}/phone")
    page.wait_for_selector("#token")
    found = _looked_at(phone, "sign in")
    on_phone(phone, installation, case, who)
    found += _looked_at(phone, "to acknowledge")
    page.tap(".bar .main")
    page.wait_for_selector("a[href^='tel:']")
    phone.context.set_offline(True)
    page.tap("section:has(#attempts) .pair button")
    page.wait_for_selector(".item.waiting")
    found += _looked_at(phone, "under way")
    for where in (f"#case={case}&do=stop", f"#case={case}&do=conclude", "#queue", "#/"):
        page.evaluate("where => { location.hash = where }", where)
        page.wait_for_selector("form button, main h1, section h2")
        page.wait_for_timeout(60)
        found += _looked_at(phone, where)
    assert found == []
    phone.context.set_offline(False)


def _looked_at(phone: Desk, where: str) -> list[str]:
    """What axe finds, what is wider than the screen, what is too small for a thumb, and Chinese where English is read."""
    page = phone.page
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    found = [str(problem) for problem in page.evaluate(RUN)]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("wider than the screen")
    found += page.evaluate(
        """() => [...document.querySelectorAll('button, a, select, input:not(.unseen, [type=checkbox])')]
        .filter(one => one.getBoundingClientRect().height > 0 && one.getBoundingClientRect().height < 48)
        .map(one => 'too small: ' + one.outerHTML.slice(0, 80))"""
    )
    if page.evaluate("document.documentElement.lang") == "en-GB":
        left = page.evaluate(
            """data => { const page = document.body.cloneNode(true);
            page.querySelectorAll(data).forEach(one => one.remove()); return page.textContent; }""",
            DATA,
        )
        found += CHINESE.findall(left)
    return [f"{where}: {problem}" for problem in found]
