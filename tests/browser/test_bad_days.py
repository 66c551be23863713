"""What the board does on a bad day: nothing typed is lost, nothing dead looks alive, nothing is done twice."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from desk import Desk, Sit
from installation import Installation, bearer, waited

TYPED = "请补充见面经过,附照片。"
RIGHT_TO_LEFT = "\u202e\u200b\u2067"


def returning(installation: Installation, desk: Desk, number: str) -> UUID:
    """A reason typed into the form that returns a feedback, and not sent."""
    case = installation.warn(number=number)
    installation.reported(case)
    desk.go(installation.api, installation.tokens.operator, f"#/queue?case={case}")
    desk.page.wait_for_selector(".acts .main")
    desk.page.keyboard.press("b")
    desk.page.fill("dialog textarea", TYPED)
    return case


def returned(installation: Installation, case: UUID) -> int:
    """How often the case was returned."""
    answer = installation.client.get(f"/cases/{case}/timeline", headers=bearer(installation.tokens.supervisor))
    return sum(fact["action"] == "RETURN" for fact in answer.json()["items"])


def test_a_server_that_starts_again_costs_no_word_and_no_case(installation: Installation, sit: Sit) -> None:
    desk = sit()
    case = returning(installation, desk, "RESTART-1")
    installation.down()
    desk.page.wait_for_selector(".stale", timeout=20_000)
    desk.page.click("dialog .main")
    desk.page.wait_for_selector("dialog .fault >> text=服务器没有应答")

    installation.up()
    assert desk.page.input_value("dialog textarea") == TYPED
    desk.page.click("dialog .main")

    installation.case(case, until="IN_PROGRESS")
    assert returned(installation, case) == 1
    desk.page.wait_for_selector(".stale", state="detached")
    later = installation.warn(number="RESTART-2")
    waited(lambda: installation.found(later))
    desk.page.wait_for_selector('[role=option][data-number="RESTART-2"]')


def test_a_session_that_ends_while_one_types_loses_no_word(installation: Installation, sit: Sit) -> None:
    desk = sit()
    case = returning(installation, desk, "ENDED-1")
    desk.page.evaluate("sessionStorage.removeItem('quanzu.token')")
    desk.page.click("dialog .main")
    desk.page.wait_for_selector("text=登录已失效")
    assert returned(installation, case) == 0

    desk.page.fill("#token", installation.tokens.supervisor)
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_selector("dialog textarea")
    assert desk.page.input_value("dialog textarea") == ""
    desk.page.keyboard.press("Escape")
    desk.page.click("text=退出")
    desk.page.fill("#token", installation.tokens.operator)
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_selector(".acts .main")
    desk.page.keyboard.press("b")

    desk.page.wait_for_function("typed => document.querySelector('dialog textarea')?.value === typed", arg=TYPED)
    desk.page.click("dialog .main")
    installation.case(case, until="IN_PROGRESS")
    assert returned(installation, case) == 1


def test_what_another_tab_has_done_is_said_and_the_text_stays(installation: Installation, sit: Sit) -> None:
    desk = sit()
    case = returning(installation, desk, "TABS-1")
    other = desk.context.new_page()
    other.goto(f"{installation.api}/#token={installation.tokens.operator}")
    other.evaluate("hash => { location.hash = hash }", f"#/queue?case={case}")
    other.wait_for_selector(".acts .main")
    other.keyboard.press("c")
    other.wait_for_selector("dialog")
    other.keyboard.press("Control+Enter")
    installation.case(case, until="CLOSED")
    desk.page.wait_for_selector(".names p >> text=已办结")

    desk.page.click("dialog .main")

    told = desk.page.wait_for_selector("dialog .conflict").inner_text()
    assert "办结" in told
    assert desk.page.input_value("dialog textarea") == TYPED
    assert returned(installation, case) == 0


def test_a_clock_an_hour_wrong_changes_no_time_on_the_board(installation: Installation, sit: Sit) -> None:
    case = installation.warn(number="SKEW-1", risk="MEDIUM")
    due = datetime.fromisoformat(installation.case(case)["total_due_at"])
    for wrong in (timedelta(hours=-1), timedelta(hours=1)):
        desk = sit()
        desk.page.clock.install(time=datetime.now(UTC) + wrong)
        desk.go(installation.api, installation.tokens.operator, f"#/queue?case={case}")
        desk.page.wait_for_selector(".panel h1")
        desk.page.wait_for_function(
            "() => /^[45]\\d:/.test(document.querySelector('.clocks > :last-child .left').innerText.trim())"
        )

        minutes, seconds = re.findall(r"\d+", desk.page.inner_text(".clocks > :last-child .left"))
        shown = timedelta(minutes=int(minutes), seconds=int(seconds))
        assert abs(due - datetime.now(UTC) - shown) < timedelta(seconds=5)


def test_a_name_too_long_is_a_dead_letter_and_a_hard_one_turns_nothing_round(
    installation: Installation, sit: Sit
) -> None:
    installation.warn(number="LONG-1", subject={"name": "长" * 400, "phone": "199-0000-6601"})
    hard = installation.warn(
        number="LONG-2",
        subject={"name": RIGHT_TO_LEFT + "长" * 90, "phone": "199-0000-6602"},
        scam={"transfer_under_way": True},
        place={"address": RIGHT_TO_LEFT + "墨汀县" + "柳湾1号" * 97, "point": None},
        narrative=RIGHT_TO_LEFT + "说" * 1500,
    )
    installation.case(hard)
    desk = sit()
    desk.go(installation.api, installation.tokens.operator, f"#/queue?q=LONG-&case={hard}")
    page = desk.page
    page.wait_for_selector(".panel h1")

    places = page.evaluate(
        """() => ['.first strong', '.first bdi', '.flag.money', '.list']
        .map(one => document.querySelector(one).getBoundingClientRect()).map(({left, right}) => [left, right])"""
    )
    (name, _), (fraud, _), (flag, ends), (_, edge) = places
    assert name < fraud < flag < ends < edge
    assert page.evaluate("document.querySelector('.panel header').getBoundingClientRect().right <= innerWidth")
    assert page.evaluate("(body => body.scrollWidth <= body.clientWidth)(document.querySelector('#tab-body'))")
    page.evaluate("location.hash = '#/dead-letters'")
    page.wait_for_selector("td.told >> text=name")
