"""What cases share: shown as a lead, to each what their scope allows; and one file per person."""

from datetime import timedelta

from centre import Centre, minute
from repeat_steps import ANNA, NEIGHBOUR, conclude, look, send, take_back

ACCOUNT = {"suspect_account": "6200 0000 0000 1234", "suspect_app": "测试理财"}


async def test_two_people_are_linked_by_one_account(centre: Centre) -> None:
    """Written differently, it is the same account. A desk hears of a case elsewhere that there is one, and no more."""
    here = await send(centre, "A-1", ANNA, scam=ACCOUNT)
    written = {"suspect_account": "6200-0000-0000-1234", "suspect_phone": "199-0000-0009"}
    there = await send(centre, "A-2", {"phone": "199-0000-0005"}, unit="P2", scam=written)
    await send(centre, "A-3", {"phone": "199-0000-0006"}, mode="exercise", scam=ACCOUNT)
    assert (await centre.case(here))["linked"] == []  # beside the hot path, within a second
    await look(centre)

    (linked,) = (await centre.case(here))["linked"]
    assert (linked["case_id"], linked["kinds"], linked["elsewhere"]) == (str(there), ["ACCOUNT"], False)
    assert (linked["assigned_unit"], linked["state"], linked["instruction_number"]) == ("P2", "ASSIGNED", "A-2")
    (seen,) = (await centre.case(here, who="desk-1"))["linked"]
    assert {name for name, value in seen.items() if value is not None} == {"kinds", "elsewhere"}
    assert seen["elsewhere"] is True

    (lead,) = (await centre.get("operator", "/leads")).json()["items"]
    assert (lead["kind"], lead["value"], lead["cases"]) == ("ACCOUNT", "****1234", 2)
    assert lead["newest_case"] == str(there)
    (lead,) = (await centre.get("desk-1", "/leads")).json()["items"]
    assert (lead["cases"], lead["newest_case"]) == (2, str(here))
    assert (await centre.get("operator", "/leads?kind=APP")).json()["items"] == []
    assert (await centre.get("operator", "/leads?kind=NAME")).status_code == 422
    assert (await centre.get("R11", "/leads")).status_code == 403
    centre.clock.move_to(minute(0) + timedelta(days=31))
    assert (await centre.get("operator", "/leads")).json()["items"] == []


async def test_an_account_that_an_amendment_brings_is_linked_too(centre: Centre) -> None:
    here, there = await send(centre, "A-1"), await send(centre, "A-2", NEIGHBOUR, scam=ACCOUNT)
    await look(centre)
    await send(centre, "A-1", scam=ACCOUNT)

    (linked,) = (await centre.case(here))["linked"]
    assert (linked["case_id"], linked["kinds"]) == (str(there), ["ACCOUNT", "APP", "NAME"])


async def test_a_person_has_one_file_with_every_case(centre: Centre) -> None:
    """A neighbour of the same name is not in it; what is in another unit is only counted."""
    first = await send(centre, "A-1", scam={"transfer_under_way": True})
    await conclude(centre, first)
    await centre.do("R11", first, "feedback", {"text": "已劝阻"})
    await centre.pass_time(minute(60))
    second = await send(centre, "A-2", unit="P2", source="/test/centre")
    await send(centre, "A-2", NEIGHBOUR)
    await take_back(centre, "A-2", source="/test/centre")

    found = (await centre.get("operator", f"/subjects/{second}/file")).json()
    assert (found["warnings"], found["elsewhere"]) == (2, 0)
    assert found["person"]["phone"] == "199****0001"
    assert found["person"]["shown"] == "masked"
    assert [one["case_id"] for one in found["cases"]] == [str(second), str(first)]
    newest, oldest = found["cases"]
    assert newest["state"] == "CANCELLED"
    assert (oldest["outcome"], oldest["happened"]["ATTEMPT"]) == ("DISSUADED_NO_LOSS", 1)
    assert len(oldest["follow_ups"]) == 3
    assert oldest["stamps"]["feedback_at"]
    assert ANNA["phone"] not in str(found)
    assert "STOP_REQUEST" in [limit["kind"] for limit in oldest["late"]]

    own = (await centre.get("R11", f"/subjects/{first}/file")).json()
    assert ([one["case_id"] for one in own["cases"]], own["elsewhere"]) == ([str(first)], 1)
    assert (await centre.get("R11", f"/subjects/{second}/file")).status_code == 404
    assert (await centre.get("integrator", f"/subjects/{first}/file")).status_code == 403
    await centre.app.state.reads.write()
    (line,) = (await centre.get("auditor", "/audit", params={"actor": "R11"})).json()["items"]
    assert (line["about"], line["detail"]) == ("/subjects/{case_id}/file", {"cases": [str(first)]})
