"""The pages that are fetched when somebody goes there: a policy from a draft to its publication, a number to its cases."""

import re

from desk import Desk, Sit
from installation import Installation, bearer, waited
from test_everybody import CHINESE

TEXT = "textarea:not([readonly])"


def test_a_policy_that_is_written_outlives_its_session(installation: Installation, sit: Sit) -> None:
    desk = sit()
    desk.go(installation.api, installation.tokens.supervisor, "#/policies")
    desk.page.click("text=据此修改")
    good = desk.page.input_value(TEXT)
    wrong = good.replace("warn_after_h: 40", "warn_after: 39").replace("TOTAL: 45", "TOTAL: 44")
    desk.page.fill(TEXT, wrong)
    line = wrong[: wrong.index("warn_after:")].count("\n") + 1

    desk.page.wait_for_selector(f".faults li:has-text('第 {line} 行'):has-text('是否应为 warn_after_h')")
    assert desk.page.is_disabled("text=存为新版本")
    assert "超出 1 分钟" in desk.page.inner_text(".sums tr:has-text('紧急')")
    assert desk.page.inner_text(".numbers .wrong >> nth=-1").endswith(str(line))

    # The server no longer takes the token, and the next tab is another one.
    desk.page.evaluate("sessionStorage.setItem('quanzu.token', 'qz_gone_0123456789')")
    desk.page.reload()
    desk.page.wait_for_selector("form")
    later = Desk(desk.context, desk.context.new_page(), desk.heard)
    later.go(installation.api, installation.tokens.supervisor, "#/policies")
    later.page.click("header >> text=继续修改")
    assert later.page.input_value(TEXT) == wrong

    later.page.fill(TEXT, good.replace("warn_after_h: 40", "warn_after_h: 39"))
    later.page.wait_for_selector("text=可以保存")
    later.page.click("text=存为新版本")
    later.page.wait_for_selector("text=按实际时间重算")
    version = re.search(r"version=(\d+)", later.page.url)
    assert version is not None
    later.page.click("text=差异")
    later.page.wait_for_selector("td:has-text('stop_payment.warn_after_h')")
    later.page.click("section button.main")
    later.page.fill("dialog textarea", "提前提醒")
    later.page.keyboard.press("Control+Enter")
    later.page.wait_for_selector(f"nav a:has-text('第 {version[1]} 版'):has-text('现行'):has-text('提前提醒')")
    assert later.page.evaluate("Object.keys(localStorage).filter(name => name.includes('policy'))") == []

    headers = bearer(installation.tokens.operator)
    draft = installation.client.post("/policies", headers=headers, json={"document": {}}).json()["version"]
    later.page.evaluate("version => { location.hash = '#/policies?version=' + version }", draft)
    later.page.click("text=删除草稿")
    assert "由 demo 起草" in later.page.inner_text("dialog")
    later.page.keyboard.press("Enter")
    later.page.wait_for_selector(f".note:has-text('第 {draft} 版草稿已删除')")
    assert installation.client.get(f"/policies/{draft}", headers=headers).status_code == 404


def test_each_number_leads_to_the_cases_behind_it(installation: Installation, sit: Sit) -> None:
    reported = installation.warn(number="FIG-1", risk="LOW")
    installation.reported(reported)
    unit = installation.case(reported)["responsible_unit"]
    desk = sit()
    desk.go(
        installation.api, installation.tokens.operator, f"#/figures?unit={unit}&level=LOW&period=today&measure=cases"
    )

    def counted() -> int | None:
        desk.page.click("text=刷新")
        desk.page.wait_for_timeout(200)
        link = desk.page.locator("dl a[href*='of=one_hour_rate'][href*='which=part']")
        return int(link.inner_text()) if link.count() else None

    many = waited(counted)
    desk.page.wait_for_selector("[role=img][aria-label*='预警案件'] canvas")
    desk.page.emulate_media(media="print")
    assert not desk.page.is_visible("[role=search]")
    desk.page.emulate_media(media="screen")
    desk.page.click("text=按班次")
    desk.page.wait_for_selector("h3:has-text('08–16')")
    desk.page.click("text=表格")
    desk.page.wait_for_selector("tbody tr:has-text('16–24')")

    desk.page.click("dl a[href*='of=one_hour_rate'][href*='which=part']")
    desk.page.wait_for_selector("td a:text-is('FIG-1')")
    assert desk.page.locator("tbody tr").count() == many
    desk.page.click("td a:text-is('FIG-1')")
    desk.page.wait_for_selector(".panel h1")
    desk.page.go_back()
    desk.page.click("text=返回指标")
    desk.page.wait_for_selector("dl .big")
    assert f"unit={unit}" in desk.page.url


def test_no_chinese_is_left_on_the_english_pages_of_the_office(installation: Installation, sit: Sit) -> None:
    desk = sit(language="en")
    left = []
    for page, seen in (
        ("figures?by=shift", "[role=img] canvas"),
        ("figures?of=cases", "td a"),
        ("policies", "textarea"),
    ):
        desk.go(installation.api, installation.tokens.supervisor, f"#/{page}")
        desk.page.wait_for_selector(seen)
        text = desk.page.evaluate(
            """() => { const page = document.querySelector('main').cloneNode(true);
            page.querySelectorAll('td, option, .versions .told').forEach(one => one.remove()); return page.textContent; }"""
        )
        left += CHINESE.findall(text)
    assert left == []
