"""Lists: pages without repeats, and filters."""

from uuid import uuid4

from centre import Centre, minute


async def test_pages_do_not_repeat_while_new_cases_arrive(centre: Centre) -> None:
    old = {str(await centre.warn()) for _ in range(5)}
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await centre.get("operator", "/cases", params=params)).json()
        seen += [line["case_id"] for line in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
        await centre.warn()

    assert len(seen) == len(set(seen))
    assert set(seen) == old


async def test_a_list_is_filtered_by_state_and_unit(centre: Centre) -> None:
    first, second, third = await centre.warn(), await centre.warn(unit="P2"), await centre.warn(unit=None)
    await centre.do("R11", first, "acknowledgement")

    async def ids(**params: object) -> list[str]:
        return [line["case_id"] for line in (await centre.get("operator", "/cases", params=params)).json()["items"]]

    assert await ids(state=["ACKNOWLEDGED", "PENDING"]) == [str(third), str(first)]
    assert await ids(unit="P2") == [str(second)]
    assert await ids(unit="P9") == []
    assert await ids(case_id=[str(third), str(first), str(uuid4())]) == [str(third), str(first)]
    own = await centre.get("desk-1", "/cases", params={"case_id": [str(first), str(second)]})
    assert [line["case_id"] for line in own.json()["items"]] == [str(first)]
    named = {"case_id": [str(uuid4()) for _ in range(101)]}
    assert (await centre.get("operator", "/cases", params=named)).status_code == 422


async def test_a_line_shows_the_running_limits_only(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH")
    await centre.do("R11", case, "acknowledgement", at=minute(1))

    (line,) = (await centre.get("operator", "/cases")).json()["items"]

    assert {limit["kind"] for limit in line["limits"]} == {"TOTAL", "FIRST_ATTEMPT", "LEASE"}
    assert line["limits"][0]["left_s"] == 59 * 60


async def test_a_case_explains_its_place_in_both_languages(centre: Centre) -> None:
    known, unknown = await centre.warn(unit="P1"), await centre.warn(unit=None)

    placed, lost = (await centre.case(known))["routing"], (await centre.case(unknown))["routing"]

    assert placed["reason_zh"] == "该点位于测试一所辖区内。"
    assert placed["reason_en"] == "The point lies in the area of Test One."
    assert placed["choice_en"] == "R11 is the nearest."
    assert [candidate["responder"] for candidate in placed["candidates"]] == ["R11", "R12"]
    assert lost["reason_en"].startswith("The centre must decide:")


async def test_a_case_that_was_late_is_found_after_the_answer(centre: Centre) -> None:
    """One whose responder kept silent and another took it, one nobody can be asked for, one that was in time."""
    answered, waiting, kept = await centre.warn(), await centre.warn(unit=None), await centre.warn(unit="P2")
    await centre.do("R21", kept, "acknowledgement", at=minute(1))
    await centre.do("R21", kept, "attempts", {"result": "NO_ANSWER", "channel": "call"}, at=minute(2))
    await centre.pass_time(minute(3))
    await centre.do("R12", answered, "acknowledgement", at=minute(4))

    async def found(**params: object) -> list[tuple[str, list[str]]]:
        page = (await centre.get("operator", "/cases", params=params)).json()
        seen = [(line["case_id"], line["missed"]) for line in page["items"]]
        return seen if page["next"] is None else seen + await found(**params, cursor=page["next"])

    assert await found(late="now") == [(str(waiting), ["ASSIGN"])]
    assert await found(late="ever", limit=1) == [(str(waiting), ["ASSIGN"]), (str(answered), ["ACK"])]
    assert await found(late="ever", state="ACKNOWLEDGED") == [(str(answered), ["ACK"])]
    assert await found(late="ever", unit="P2") == []
