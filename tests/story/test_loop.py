"""One warning through the whole loop, and what the clock does meanwhile."""

from centre import Centre, minute, shown


async def test_a_warning_is_followed_until_it_is_closed(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH")
    await centre.do("R11", case, "acknowledgement", at=minute(2))
    await centre.do(
        "R11", case, "attempts", {"result": "NO_ANSWER", "channel": "call", "note": "无人接听"}, at=minute(4)
    )
    await centre.do("R11", case, "attempts", {"result": "SET_OUT", "channel": "visit"}, at=minute(6))
    await centre.do("R11", case, "contact", {"mode": "in_person"}, at=minute(15))
    conclusion = {"outcome": "DISSUADED_NO_LOSS", "amount_saved_fen": 500_000, "awakened": True}
    await centre.do("R11", case, "conclusion", conclusion, at=minute(25))
    await centre.do("R11", case, "feedback", {"text": "已劝阻"}, at=minute(30))
    await centre.do("operator", case, "closing", at=minute(40))

    seen = await centre.case(case)
    assert (seen["state"], seen["outcome"], seen["amount_saved_fen"]) == ("CLOSED", "DISSUADED_NO_LOSS", 500_000)
    assert {name: at for name, at in seen["stamps"].items() if at} == {
        "issued_at": shown(minute(0)),
        "received_at": shown(minute(0)),
        "assigned_at": shown(minute(0)),
        "acknowledged_at": shown(minute(2)),
        "first_attempt_at": shown(minute(4)),
        "contacted_at": shown(minute(15)),
        "concluded_at": shown(minute(25)),
        "feedback_at": shown(minute(30)),
        "closed_at": shown(minute(40)),
    }
    kinds = {"TOTAL", "ASSIGN", "ACK", "FIRST_ATTEMPT", "LEASE", "CONTACT", "DISSUADE", "FEEDBACK", "REVIEW", "VISIT"}
    assert {limit["kind"] for limit in seen["limits"]} == kinds
    assert all(limit["on_time"] and limit["stopped_at"] for limit in seen["limits"])
    assert seen["total_due_at"] is None
    assert not seen["overdue"]


async def test_the_timeline_tells_every_step_in_order(centre: Centre) -> None:
    case = await centre.warn()
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    await centre.do("R11", case, "attempts", {"result": "BUSY", "channel": "call", "note": "占线"}, at=minute(2))

    told = (await centre.get("operator", f"/cases/{case}/timeline")).json()["items"]

    assert [fact["action"] for fact in told] == ["OPEN", "ASSIGN", "ACKNOWLEDGE", "ATTEMPT", "START_VISIT"]
    assert [fact["version"] for fact in told] == [1, 2, 3, 4, 5]
    assert told[3]["detail"] == {"result": "BUSY", "channel": "call"}
    assert told[3]["words"] == {"note": "占线"}
    assert (told[3]["actor"], told[3]["role"], told[3]["unit"]) == ("R11", "responder", "P1")


async def test_acknowledging_starts_the_first_attempt_clock(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH")

    await centre.do("R11", case, "acknowledgement", at=minute(2))

    limit = await centre.limit(case, "FIRST_ATTEMPT")
    assert (limit["started_at"], limit["due_at"]) == (shown(minute(2)), shown(minute(2 + 3)))
    assert limit["left_s"] == 180
    assert limit["on_time"] is None


async def test_nobody_acknowledges_and_the_next_is_asked(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH")
    before = await centre.case(case)
    total = await centre.limit(case, "TOTAL")

    await centre.pass_time(minute(3))

    after = await centre.case(case)
    assert (before["responder"], after["responder"]) == ("R11", "R12")
    assert after["tried"] == ["R11"]
    assert after["turn"] > before["turn"]
    first = next(limit for limit in after["limits"] if (limit["kind"], limit["round"]) == ("ACK", 1))
    assert first["breached_at"] == shown(minute(3))
    assert first["on_time"] is False
    assert (await centre.limit(case, "ACK"))["due_at"] == shown(minute(6))
    assert (await centre.limit(case, "TOTAL"))["due_at"] == total["due_at"] == shown(minute(60))
    assert "R12" in after["routing"]["choice_zh"]


async def test_a_declined_case_goes_to_the_next_candidate(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH")

    await centre.do("R11", case, "decline", {"reason": "正在处置另一起警情"}, at=minute(1))

    seen = await centre.case(case)
    assert (seen["state"], seen["responder"], seen["stamps"]["released_at"]) == ("ASSIGNED", "R12", shown(minute(1)))
    assert (await centre.limit(case, "ACK"))["due_at"] == shown(minute(1 + 3))


async def test_an_empty_precinct_is_helped_by_its_neighbour(centre: Centre) -> None:
    """The boundary is crossed because nobody of the precinct is left; who is responsible stays."""
    case = await centre.warn(risk="HIGH")
    await centre.do("R11", case, "decline", {"reason": "不在岗"})
    await centre.do("R12", case, "decline", {"reason": "不在岗"})

    seen = await centre.case(case)
    assert (seen["state"], seen["responsible_unit"], seen["assigned_unit"]) == ("ASSIGNED", "P1", "P2")
    assert (seen["responder"], seen["routing"]["decided"]) == ("R21", "NEIGHBOUR")
    assert [(one["responder"], one["why_not_en"]) for one in seen["routing"]["candidates"]] == [
        ("R21", None),
        ("R11", "was asked before"),
        ("R12", "was asked before"),
        ("R22", "is farther"),
    ]
    assert (await centre.case(case, who="desk-1"))["assigned_unit"] == "P2"  # told, and still able to look


async def test_with_nobody_left_the_centre_has_the_case(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH")
    for responder in ("R11", "R12", "R21", "R22"):
        await centre.do(responder, case, "decline", {"reason": "不在岗"})

    seen = await centre.case(case)
    assert (seen["state"], seen["responder"], seen["routing"]["decided"]) == ("PENDING", None, "ALL_EXCLUDED")
    assert len(seen["routing"]["candidates"]) == 2

    await centre.do("operator", case, "assignment", {"unit": "P2", "responder": "R21", "reason": "跨所支援"})
    seen = await centre.case(case)
    assert (seen["assigned_unit"], seen["responsible_unit"], seen["responder"]) == ("P2", "P1", "R21")


async def test_acknowledged_then_silence_goes_back_to_the_queue(centre: Centre) -> None:
    """An acknowledgement is a lease of twice the first attempt's limit."""
    case = await centre.warn(risk="HIGH")
    await centre.do("R11", case, "acknowledgement", at=minute(1))

    await centre.pass_time(minute(1 + 2 * 3))

    seen = await centre.case(case)
    assert (seen["state"], seen["responder"]) == ("ASSIGNED", "R12")
    actions = [fact["action"] for fact in (await centre.get("operator", f"/cases/{case}/timeline")).json()["items"]]
    assert actions[-2:] == ["LAPSE", "ASSIGN"]


async def test_the_hour_is_breached_by_itself_and_shown(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH")
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    await centre.do("R11", case, "attempts", {"result": "BUSY", "channel": "call"}, at=minute(2))
    other = await centre.warn(risk="LOW")

    await centre.pass_time(minute(61))

    seen = await centre.case(case)
    total = await centre.limit(case, "TOTAL")
    assert (total["breached_at"], total["late_s"], total["on_time"]) == (shown(minute(60)), 60, False)
    assert seen["overdue"]
    listed = (await centre.get("operator", "/cases", params={"overdue": True})).json()["items"]
    assert [line["case_id"] for line in listed] == [str(case)]
    assert str(other) != str(case)


async def test_contact_lost_starts_its_limit_again(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH")
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    await centre.do("R11", case, "attempts", {"result": "REACHED_VOICE", "channel": "call"}, at=minute(2))
    await centre.do("R11", case, "contact", {"mode": "voice"}, at=minute(3))

    await centre.do("R11", case, "contact-lost", at=minute(5))

    limit = await centre.limit(case, "CONTACT")
    assert (limit["round"], limit["due_at"]) == (2, shown(minute(5 + 20)))


async def test_a_device_time_within_the_skew_counts(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH")

    await centre.do("R11", case, "acknowledgement", {"occurred_at": shown(minute(1))}, at=minute(2))

    assert (await centre.case(case))["stamps"]["acknowledged_at"] == shown(minute(1))
