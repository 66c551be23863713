"""The operators' board against the real api: what arrives is seen, keys are enough, nothing is lost, nobody is fooled."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from desk import Sit
from installation import Installation, waited
from wire import Wire

from deploy.native.console import BUILT

WHOLE_BOARD_BYTES = 250 * 1024


def row(number: str) -> str:
    return f'[role=option][data-number="{number}"]'


def number_of(installation: Installation, case_id: object) -> str:
    return str(installation.case(case_id)["instruction_number"])  # type: ignore[arg-type]


def test_the_whole_board_is_small(program: Path) -> None:
    """Packed, with its map and every page that is fetched later; the phone's page is counted apart."""
    del program  # it is built
    packed = {
        one.name: one.stat().st_size for one in (BUILT / "assets").glob("*.gz") if not one.name.startswith("phone")
    }

    assert sum(packed.values()) <= WHOLE_BOARD_BYTES, packed


@pytest.mark.alone
def test_a_warning_on_kafka_is_on_the_board_within_a_second(installation: Installation, sit: Sit) -> None:
    desk = sit()
    desk.go(installation.api, installation.tokens.operator, "#/queue?q=FAST-")
    desk.page.wait_for_selector(".link.live")
    took = []

    for place in range(5):
        number = f"FAST-{place}"
        began = time.monotonic()
        installation.warn(number=number)
        desk.page.wait_for_selector(row(number))
        took.append(time.monotonic() - began)

    assert sorted(took)[len(took) // 2] < 1.0, took
    assert "预警" in desk.page.inner_text("[aria-live=polite]")


def test_a_case_goes_from_warning_to_closed_by_keys_alone(installation: Installation, sit: Sit) -> None:
    case = installation.warn(number="KEYS-1")
    responder = installation.case(case, until="ASSIGNED")["responder"]
    field, operator = sit(), sit()
    field.go(installation.api, installation.tokens.responders[responder], f"#/queue?q=KEYS-1&case={case}")
    field.page.wait_for_selector(".panel h1")

    def press(*keys: str) -> None:
        for key in keys:
            field.page.keyboard.press(key)

    def until(state: str) -> None:
        installation.case(case, until=state)
        field.page.wait_for_selector("dialog", state="detached")
        field.page.wait_for_function(
            "code => window.document.querySelector('.names p').textContent.includes(code)", arg=state_zh[state]
        )

    state_zh = {
        "ACKNOWLEDGED": "已签收",
        "IN_PROGRESS": "劝阻中",
        "CONTACTED": "已联系",
        "CONCLUDED": "已有结论",
        "REPORTED": "待审核",
    }
    press("a")
    field.page.wait_for_selector("dialog")
    press("Enter")
    until("ACKNOWLEDGED")
    press("d")
    field.page.wait_for_selector("dialog")
    press("Space", "Tab", "Space", "Enter")
    until("IN_PROGRESS")
    press("v")
    field.page.wait_for_selector("dialog")
    press("Space", "ArrowRight", "Enter")
    until("CONTACTED")
    press("o")
    field.page.wait_for_selector("dialog")
    press("Space", "Enter")
    until("CONCLUDED")
    press("f")
    field.page.wait_for_selector("dialog")
    field.page.keyboard.type("已当面劝阻,对象未转账。")
    press("Control+Enter")
    until("REPORTED")

    operator.go(installation.api, installation.tokens.operator)
    operator.page.wait_for_selector(".link.live")
    operator.page.keyboard.press("/")
    operator.page.keyboard.type("KEYS-1")
    operator.page.keyboard.press("Enter")
    operator.page.keyboard.press("j")
    operator.page.wait_for_selector(".panel h1")
    operator.page.keyboard.press("c")
    operator.page.wait_for_selector("dialog")
    operator.page.keyboard.type("反馈完整。")
    operator.page.keyboard.press("Control+Enter")

    installation.case(case, until="CLOSED")
    operator.page.wait_for_selector(".note >> text=已办结")


def test_what_was_late_is_found_after_its_end_with_the_reason(installation: Installation, sit: Sit) -> None:
    """Who is asked first keeps silent through the last seconds of the hour, and the next one sees it through."""
    desk = sit()
    page = desk.page
    desk.go(installation.api, installation.tokens.operator)
    page.wait_for_selector(".link.live")
    issued_at = datetime.now(UTC) - timedelta(minutes=59, seconds=58)
    case = installation.warn(number="LATE-1", issued_at=issued_at.isoformat())
    silent = installation.case(case, until="ASSIGNED")["responder"]

    def passed_on() -> str | None:
        seen = installation.case(case, until="ASSIGNED")
        return str(seen["responder"]) if silent in seen["tried"] else None

    second = waited(passed_on)
    page.wait_for_selector(f"{row('LATE-1')} .missed")
    assert installation.reported(case) == second
    installation.do(case, "closing", {"note": "好"}, token=installation.tokens.supervisor)
    page.wait_for_selector(row("LATE-1"), state="detached")

    page.click("text=曾超时")
    page.click(row("LATE-1"))
    page.wait_for_selector(".panel h1")
    page.keyboard.press("2")
    told = page.inner_text("#tab-body dl")
    assert "late=ever" in page.url
    assert all(words in told for words in (f"{silent} 应在", "无人签收", second, "才办理:反馈"))


def test_of_two_operators_the_second_is_told_who_was_first(installation: Installation, sit: Sit) -> None:
    case = installation.warn(number="TWO-1")
    installation.reported(case)
    one = sit()
    one.go(installation.api, installation.tokens.operator, f"#/queue?case={case}")
    one.page.wait_for_selector(".acts .main")
    one.page.keyboard.press("b")
    one.page.fill("dialog textarea", "请补充见面经过。")
    installation.do(case, "closing", {"note": "好"}, token=installation.tokens.supervisor)

    one.page.click("dialog .main")

    told = one.page.wait_for_selector("dialog .conflict").inner_text()
    assert "demo-supervisor" in told
    assert "办结" in told
    assert one.page.input_value("dialog textarea") == "请补充见面经过。"
    one.page.keyboard.press("Escape")
    one.page.reload()
    one.page.wait_for_selector(".panel h1")
    assert "请补充见面经过。" in one.page.evaluate("JSON.stringify(sessionStorage)")


def test_a_cut_stream_is_said_and_loses_and_doubles_nothing(installation: Installation, sit: Sit) -> None:
    wire = Wire(installation.api)
    desk = sit()
    desk.go(wire.url, installation.tokens.operator, "#/queue?q=CUT-")
    desk.page.wait_for_selector(".link.live")
    before = installation.warn(number="CUT-1")
    desk.page.wait_for_selector(row("CUT-1"))

    wire.cut()
    desk.page.wait_for_selector(".stale")
    for place in (2, 3, 4):
        installation.warn(number=f"CUT-{place}")
    installation.case(before)
    assert desk.page.locator(row("CUT-2")).count() == 0
    wire.mend()

    for place in (1, 2, 3, 4):
        desk.page.wait_for_selector(row(f"CUT-{place}"))
    desk.page.wait_for_selector(".stale", state="detached")
    assert desk.page.locator('[data-number^="CUT-"]').count() == 4
    wire.close()


def test_the_chosen_row_stays_where_it_is_when_others_come(installation: Installation, sit: Sit) -> None:
    installation.warn(number="STAY-1", risk="LOW")
    desk = sit()
    desk.go(installation.api, installation.tokens.operator, "#/queue?q=STAY-")
    desk.page.wait_for_selector(row("STAY-1"))
    desk.page.keyboard.press("j")
    at = desk.page.locator(row("STAY-1")).bounding_box()

    installation.warn(number="STAY-2", risk="URGENT")
    installation.warn(number="STAY-3", risk="URGENT")
    desk.page.wait_for_selector(".arrived")

    assert desk.page.locator(row("STAY-1")).bounding_box() == at
    desk.page.keyboard.press("0")
    desk.page.wait_for_selector(".arrived", state="detached")
    assert desk.page.locator("[role=option]").first.get_attribute("data-number") in ("STAY-2", "STAY-3")


def test_a_dead_letter_is_seen_mended_and_becomes_a_case(installation: Installation, sit: Sit) -> None:
    installation.put(b'{"instruction_number": "DEAD-1", "risk": "VERY"}')
    desk = sit()
    desk.go(installation.api, installation.tokens.operator)
    desk.page.wait_for_selector(".link.live")
    desk.page.click("nav summary")
    desk.page.click("text=无法处理")
    for _ in range(20):
        if desk.page.locator(".do button").count():
            break
        desk.page.click("text=刷新")
        desk.page.wait_for_timeout(100)
    desk.page.locator(".do button").first.click()
    desk.page.fill("dialog textarea", "来源来电核对")
    desk.page.click("dialog .main")
    text = desk.page.input_value("#raw")
    assert "DEAD-1" in text

    good = '{"instruction_number": "DEAD-1", "issued_at": "%s", "risk": "HIGH", "subject": {"phone": "199-0000-8888"}}'
    desk.page.fill("#raw", good % time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    desk.page.click("text=按改后内容发送")
    desk.page.wait_for_selector("text=已重新发送")
    desk.page.evaluate("location.hash = '#/queue?q=DEAD-'")

    desk.page.wait_for_selector(row("DEAD-1"))
