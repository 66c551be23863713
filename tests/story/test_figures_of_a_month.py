"""Figures of a small month, known by hand: who counts, what divides what, and what a later loss changes."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from beside_steps import DAY, HOUR, from_bank, orders, payment, told_ok, work_on
from centre import START, Centre, minute, shown
from sqlalchemy import insert

from services.domain.words import Mode, Role
from services.handlers.counting import check, count_on
from services.store import tables

MONTH = "/figures?from=2026-11-01&to=2026-12-01"


async def counted(centre: Centre, path: str = MONTH, who: str = "reviewer") -> Any:
    """The figures, once everything that happened is counted."""
    while not (await count_on(centre.store, centre.context.zone)).done:
        pass
    answer = await centre.get(who, path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def share(figures: Any, name: str) -> tuple[int, int]:
    one = figures["shares"][name]
    return one["part"], one["whole"]


async def hour_with_a_stop(centre: Centre) -> UUID:
    """The whole hour: met in person, awakened, all money held in time, reported after 40 minutes, closed after 45."""
    case = await centre.warn(risk="HIGH")
    await centre.do("R11", case, "acknowledgement", at=minute(2))
    await centre.do("R11", case, "stop-payment", payment(amount_fen=1000), at=minute(3))
    (order,) = await orders(centre, case)
    await from_bank(
        centre, case, order["order_id"], "held", result="HELD", held_fen=1000, held_until=minute(5) + 48 * HOUR
    )
    await centre.do("R11", case, "attempts", {"result": "REACHED_IN_PERSON", "channel": "visit"}, at=minute(4))
    await centre.do("R11", case, "contact", {"mode": "in_person"}, at=minute(15))
    ending = {"outcome": "DISSUADED_NO_LOSS", "awakened": True, "amount_saved_fen": 1000}
    await centre.do("R11", case, "conclusion", ending, at=minute(30))
    await centre.do("R11", case, "feedback", {"text": "已劝阻"}, at=minute(40))
    await centre.do("operator", case, "closing", {}, at=minute(45))
    return case


async def test_a_small_month_is_right_by_hand(centre: Centre) -> None:
    first = await hour_with_a_stop(centre)
    # A day later: nobody acknowledges, the hour passes, and it is cancelled then: it stays in the figures.
    await centre.pass_time(START + DAY)
    late = await centre.warn(risk="URGENT", unit="P2")
    await centre.do("supervisor", late, "cancellation", {"reason": "测试"}, at=START + DAY + timedelta(minutes=61))
    # Cancelled before any limit was over: it never was.
    early = await centre.warn(risk="LOW", unit="P2")
    await centre.do("supervisor", early, "cancellation", {"reason": "测试"})
    # Half an hour old: nobody can tell yet.
    await centre.warn(risk="HIGH", unit="P1", at=centre.clock.now() - timedelta(minutes=1))

    seen = await counted(centre)
    total = seen["total"]

    assert total["cases"] == 3
    assert share(total, "one_hour_rate") == (1, 2)
    assert total["shares"]["one_hour_rate"]["value"] == 0.5
    assert total["shares"]["one_hour_rate"]["small"] is True
    assert total["loop"] == {"n": 1, "small": True, "p50_s": 2400, "p90_s": 2400, "p99_s": 2400}
    assert share(total, "meeting_rate") == share(total, "awaken_rate") == share(total, "dissuasion_success") == (1, 1)
    assert share(total, "warn_to_dissuade") == (1, 3)
    assert share(total, "effective_stop_rate") == (1, 1)
    assert share(total, "held_share") == (1000, 1000)
    assert share(total, "post_warning_loss_rate") == (0, 3)
    assert share(total, "closing_rate") == (1, 3)
    assert total["shares"]["reject_rate"]["value"] == 0.0
    assert share(total, "on_time_stop_confirm") == (1, 1)
    assert share(total, "on_time_review") == (1, 1)
    assert total["shares"]["strike_off_rate"] == {
        "part": 0,
        "whole": 1,
        "value": 0.0,
        "small": True,
    }  # its first is due
    assert share(total, "follow_up_on_time") == (0, 0)
    assert total["shares"]["follow_up_on_time"]["value"] is None
    assert (total["amounts"]["saved_fen"], total["amounts"]["held_fen"]) == (1000, 1000)
    assert total["amounts"]["refunded_fen"] == 0
    assert total["outcomes"]["DISSUADED_NO_LOSS"] == 1
    assert seen["names"]["one_hour_rate"] == {"zh": "一小时闭环率", "en": "closed loop within one hour"}

    # Every link leads to the cases that make the number.
    behind = seen["cases"]["one_hour_rate"]
    part = (await centre.get("auditor", behind["part"])).json()["items"]
    whole = (await centre.get("auditor", behind["whole"])).json()["items"]
    missed = (await centre.get("auditor", behind["missed"])).json()["items"]
    assert [item["case_id"] for item in part] == [str(first)]
    assert [item["case_id"] for item in whole] == [str(late), str(first)]  # nobody can tell yet of the youngest
    assert [item["case_id"] for item in missed] == [str(late)]
    waiting = (await centre.get("auditor", f"/figures/cases?{MONTH.partition('?')[2]}&count=waiting")).json()["items"]
    assert len(waiting) == 2
    assert str(early) not in {item["case_id"] for item in whole}
    assert (await check(centre.store, centre.context.zone)).right


async def test_a_loss_found_later_changes_the_old_month(centre: Centre) -> None:
    case = await hour_with_a_stop(centre)
    before = await counted(centre)
    await centre.pass_time(START + 20 * DAY)

    loss = {"loss_after_fen": 70_000, "lost_at": shown(START + 2 * DAY), "note": "复核"}
    await told_ok(centre, f"/cases/{case}/loss", loss)
    after = await counted(centre)

    assert before["total"]["post_warning_loss"] == {"cases": 0, "amount_fen": 0}
    assert after["total"]["post_warning_loss"] == {"cases": 1, "amount_fen": 70_000}
    assert share(after["total"], "post_warning_loss_rate") == (1, 1)
    assert (before["as_of"], after["as_of"]) == (shown(minute(45)), shown(START + 20 * DAY))
    assert (await counted(centre, "/figures?from=2026-12-01&to=2027-01-01"))["total"]["cases"] == 0
    assert (await check(centre.store, centre.context.zone)).right


async def test_a_corrected_time_changes_the_loop_and_its_limits(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH")
    await work_on(centre, case)
    before = (await counted(centre))["total"]
    body = {"stamp": "feedback_at", "at": shown(minute(35)), "reason": "手表慢了"}
    await centre.do("supervisor", case, "corrections", body)

    after = (await counted(centre))["total"]

    assert (before["loop"]["p50_s"], after["loop"]["p50_s"]) == (40 * 60, 35 * 60)
    assert share(after, "on_time_feedback") == (1, 1)


async def test_groups_add_up_and_levels_are_told_apart(centre: Centre) -> None:
    await centre.warn(risk="HIGH", unit="P1")
    await centre.warn(risk="HIGH", unit="P2")
    await centre.warn(risk="LOW", unit="P2")
    await centre.warn(risk="LOW", unit=None)  # nobody is responsible
    await centre.pass_time(START + 2 * HOUR)

    seen = await counted(centre, f"{MONTH}&by=unit&by=level")
    by_hour = await counted(centre, "/figures?from=2026-11-20T08:00:00Z&to=2026-11-20T10:00:00Z&by=hour")
    by_day = await counted(centre, f"{MONTH}&by=day&level=LOW")

    groups = {(one["unit"], one["level"]): one["figures"]["cases"] for one in seen["groups"]}
    assert groups == {("", "LOW"): 1, ("P1", "HIGH"): 1, ("P2", "HIGH"): 1, ("P2", "LOW"): 1}
    assert share(seen["total"], "one_hour_rate") == (0, 4)
    assert [(one["starts_at"], one["figures"]["cases"]) for one in by_hour["groups"]] == [(shown(START), 4)]
    # 08:00 UTC is the afternoon of a day that began at 16:00 UTC the day before.
    assert [one["starts_at"] for one in by_day["groups"]] == ["2026-11-19T16:00:00Z"]
    assert by_day["total"]["cases"] == 2
    # Only what was asked for, and only of the afternoon.
    one = await counted(centre, f"{MONTH}&by=level&figure=one_hour_rate")
    assert {tuple(group["figures"]["shares"]) for group in one["groups"]} == {("one_hour_rate",)}
    span = "/figures/cases?from=2026-11-20&to=2026-11-21&count=cases"
    assert [len((await centre.get("operator", f"{span}&hour={hour}")).json()["items"]) for hour in (15, 16)] == [0, 4]


async def test_a_desk_sees_its_own_unit_and_no_other(centre: Centre) -> None:
    await centre.warn(unit="P1")
    await centre.warn(unit="P2")
    await counted(centre)

    own = (await centre.get("desk-1", MONTH)).json()
    foreign = await centre.get("desk-1", f"{MONTH}&unit=P2")
    everything = (await centre.get("operator", f"{MONTH}&by=unit")).json()
    behind = (await centre.get("desk-1", "/figures/cases?count=cases")).json()["items"]

    assert own["total"]["cases"] == 1
    assert (foreign.status_code, foreign.json()["type"]) == (404, "/problems/unit-not-found")
    assert [one["unit"] for one in everything["groups"]] == ["P1", "P2"]
    assert [item["responsible_unit"] for item in behind] == ["P1"]
    for who in ("R11", "administrator", "integrator", "bank"):
        assert (await centre.get(who, MONTH)).status_code == 403
    await centre.token("desk-9", Role.DESK, "P9")
    assert (await centre.get("desk-9", MONTH)).status_code == 404


async def test_a_period_that_cannot_be_summed_is_refused(centre: Centre) -> None:
    wrong = (
        "from=2026-11-02&to=2026-11-01",
        "from=2026-11-01&to=2026-11-01",
        "from=2020-01-01&to=2026-11-01",
        "from=2026-11-01T08:30:00Z&to=2026-11-02T08:30:00Z",
        "from=2026-11-01T09:00:00Z&to=2026-11-02T09:00:00Z&by=day",
        "from=2026-11-01&to=2026-12-20&by=hour",
        "from=0001-01-01&to=0001-01-02",
        "from=9999-12-31",
        "from=yesterday",
        "from=2026-11-01T08:00:00",
        "level=RED",
        "by=responder",
        "by=unit&by=level&by=day&by=hour",
        "by=day&by=hour",
    )
    answers = {query: await centre.get("operator", f"/figures?{query}") for query in wrong}
    assert answers["from=yesterday"].json()["errors"] == [{"pointer": "/query/from", "error": "day_or_hour"}]
    answers["count"] = await centre.get("operator", "/figures/cases?count=names")
    answers["watch"] = await centre.get("operator", "/figures/watch-coverage?from=2026-01-01&to=2026-12-01")
    answers["hours"] = await centre.get("operator", "/figures/cases?from=2026-01-01&count=cases&hour=8")
    answers["no hour"] = await centre.get("operator", "/figures/cases?count=cases&hour=24")
    answers["no share"] = await centre.get("operator", "/figures?figure=cases")
    answers["no count"] = await centre.get("operator", "/figures/cases")

    assert {query: (one.status_code, one.json()["type"]) for query, one in answers.items()} == dict.fromkeys(
        answers, (422, "/problems/invalid")
    )


async def test_the_watch_is_covered_as_far_as_people_were_there(centre: Centre) -> None:
    await centre.pass_time(START + 5 * HOUR)

    seen = (await centre.get("auditor", "/figures/watch-coverage?from=2026-11-20&to=2026-11-21")).json()
    own = (await centre.get("desk-1", "/figures/watch-coverage?from=2026-11-20&to=2026-11-21")).json()

    # The day began 16 hours before 08:00 UTC, everybody is on duty from 07:00 UTC on, and it is 13:00 UTC now.
    assert [(one["unit"], one["covered"]["part"], one["covered"]["whole"]) for one in seen["items"]] == [
        ("P1", 6 * 3600, 21 * 3600),
        ("P2", 6 * 3600, 21 * 3600),
    ]
    assert [one["unit"] for one in own["items"]] == ["P1"]


async def test_more_groups_than_anybody_reads_are_refused(centre: Centre) -> None:
    row = {"span": "HOUR", "level": "LOW", "unit": "P1", "loops": b"", "cases": 1}
    async with centre.store.begin() as tx:
        rows = [
            row | {"unit": f"P{unit}", "starts_at": START + hour * HOUR} for hour in range(30) for unit in range(34)
        ]
        await tx.conn.execute(insert(tables.figure_count), rows)
    path = "/figures?from=2026-11-20&to=2026-11-22&by=hour"

    refused = await centre.get("operator", f"{path}&by=unit")

    assert (refused.status_code, refused.json()["errors"][0]["error"]) == (422, "too_many_groups")
    assert len((await centre.get("operator", path)).json()["groups"]) == 30


async def test_a_drill_runs_whole_beside_a_real_case_uncounted(centre: Centre) -> None:
    same = "990102190001019999"
    real = await centre.warn(risk="HIGH", id_number=same)
    drill = await centre.warn(risk="HIGH", id_number=same, mode=Mode.EXERCISE)
    assert drill != real  # not taken into the case of the real one
    who = (await centre.case(drill))["responder"]
    for at, what, body in (
        (2, "acknowledgement", None),
        (3, "attempts", {"result": "REACHED_IN_PERSON", "channel": "visit"}),
        (10, "contact", {"mode": "in_person"}),
        (20, "conclusion", {"outcome": "REFUSED"}),
        (25, "feedback", {"text": "演练"}),
    ):
        await centre.do(who, drill, what, body, at=minute(at))
    await centre.do("operator", drill, "closing", {}, at=minute(30))

    seen = await counted(centre)

    assert (await centre.case(drill))["state"] == "CLOSED"
    assert (await centre.get("operator", f"/follow-ups?case_id={drill}")).json()["items"]
    assert (await centre.case(real))["repeat_count"] == 0
    assert (seen["total"]["cases"], share(seen["total"], "closing_rate")) == (1, (0, 1))
