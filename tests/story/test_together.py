"""Several units on one case: who may do what, who sees it, and that one unit stays accountable."""

import asyncio
from typing import Any
from uuid import UUID

import orjson
import pytest
from centre import ADDRESS, NAME, PHONE, Centre, minute
from sqlalchemy import select

from schemas.case import CaseChanged
from schemas.envelope import EventType
from services.domain.words import Role
from services.store import tables

JOINING = {"unit": "P2", "responder": "R21", "reason": "需要增援"}
ALONE = {"unit": "P2", "reason": "需要增援"}


async def shared(centre: Centre, joining: dict[str, str] = JOINING) -> UUID:
    """A case of P1 that R11 has acknowledged, with P2 co-assigned."""
    case = await centre.warn(unit="P1")
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    await centre.do("operator", case, "co-assignments", joining)
    return case


async def let_go(centre: Centre, who: str, case: UUID, unit: str, key: str = "let-go") -> Any:
    seen = await centre.case(case)
    headers = centre.headers(who) | {"idempotency-key": key, "if-match": f'"{seen["turn"]}"'}
    return await centre.client.request(
        "DELETE", f"/cases/{case}/co-assignments/{unit}", headers=headers, json={"reason": "已完成"}
    )


async def told(centre: Centre, case: UUID) -> list[CaseChanged]:
    """Every change of the case that waits to be sent, in order."""
    async with centre.store.read() as conn:
        question = select(tables.outbox.c.value).where(
            tables.outbox.c.key == str(case), tables.outbox.c.ce_type == EventType.CASE_CHANGED
        )
        found = [CaseChanged.model_validate_json(value) for value in (await conn.execute(question)).scalars()]
    return sorted(found, key=lambda one: one.version)


async def test_a_co_assigned_unit_sees_the_case_and_lists_it(centre: Centre) -> None:
    case = await shared(centre)

    for who in ("desk-2", "R21"):
        assert (await centre.get(who, f"/cases/{case}")).status_code == 200
        assert [line["case_id"] for line in (await centre.get(who, "/cases")).json()["items"]] == [str(case)]
    assert (await centre.get("R22", "/cases")).json()["items"] == []
    assert [line["case_id"] for line in (await centre.get("operator", "/cases?unit=P2")).json()["items"]] == [str(case)]


async def test_one_unit_stays_accountable_and_nothing_moves(centre: Centre) -> None:
    case = await centre.warn(unit="P1")
    before = await centre.case(case)

    await centre.do("operator", case, "co-assignments", JOINING)

    after = await centre.case(case)
    assert after["co_assigned"] == [{"unit": "P2", "responder": "R21"}]
    same = ("state", "assigned_unit", "responder", "turn", "total_due_at", "next_due_at")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert after["version"] == before["version"] + 1


async def test_the_named_responder_records_attempts_and_contact(centre: Centre) -> None:
    case = await shared(centre)

    await centre.do("R21", case, "attempts", {"result": "REACHED_IN_PERSON", "channel": "visit"}, at=minute(3))
    await centre.do("R21", case, "contact", {"mode": "in_person"}, at=minute(4))

    seen = await centre.case(case)
    assert (seen["state"], seen["assigned_unit"], seen["responder"]) == ("CONTACTED", "P1", "R11")
    timeline = (await centre.get("operator", f"/cases/{case}/timeline")).json()["items"]
    assert [(fact["action"], fact["actor"], fact["unit"]) for fact in timeline[-2:]] == [
        ("ATTEMPT", "R21", "P2"),
        ("CONTACT", "R21", "P2"),
    ]


@pytest.mark.parametrize(
    ("steps", "what", "body"),
    [
        (0, "acknowledgement", None),
        (0, "decline", {"reason": "原因"}),
        (1, "hand-over", {"reason": "原因"}),
        (3, "conclusion", {"outcome": "DISSUADED_NO_LOSS"}),
        (4, "feedback", {"text": "文字"}),
    ],
)
async def test_the_rest_of_the_loop_stays_with_the_accountable(
    centre: Centre, steps: int, what: str, body: dict[str, str] | None
) -> None:
    case = await centre.warn(unit="P1")
    await centre.do("operator", case, "co-assignments", JOINING)
    loop: list[tuple[str, dict[str, str] | None]] = [
        ("acknowledgement", None),
        ("attempts", {"result": "REACHED_VOICE", "channel": "call"}),
        ("contact", {"mode": "voice"}),
        ("conclusion", {"outcome": "DISSUADED_NO_LOSS"}),
    ]
    for step, given in loop[:steps]:
        await centre.do("R11", case, step, given)

    refused = await centre.post("R21", case, what, body)

    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-yours")


async def test_the_named_responder_alone_sees_the_person(centre: Centre) -> None:
    case = await shared(centre)
    secrets = (PHONE, NAME, ADDRESS)

    seen = {who: (await centre.get(who, f"/cases/{case}")).text for who in ("R21", "R22", "desk-2")}

    assert all(secret in seen["R21"] for secret in secrets)
    assert not any(secret in seen[who] for who in ("R22", "desk-2") for secret in secrets)


async def test_a_unit_without_a_named_responder_looks_on(centre: Centre) -> None:
    case = await shared(centre, ALONE)

    refused = await centre.post("R21", case, "attempts", {"result": "BUSY", "channel": "call"})
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-yours")
    assert PHONE not in (await centre.get("R21", f"/cases/{case}")).text

    await centre.do("operator", case, "co-assignments", JOINING)  # and now one is named
    await centre.do("R21", case, "attempts", {"result": "BUSY", "channel": "call"})

    seen = await centre.case(case)
    assert [(one["unit"], one["responder"], one["removed_at"] is None) for one in seen["co_assignments"]] == [
        ("P2", None, False),
        ("P2", "R21", True),
    ]


async def test_a_released_unit_sees_the_case_no_longer(centre: Centre) -> None:
    case = await shared(centre)

    first = await let_go(centre, "operator", case, "P2")
    again = await let_go(centre, "operator", case, "P2")  # the same key

    assert (first.status_code, again.json()) == (200, first.json())
    assert (await centre.get("desk-2", f"/cases/{case}")).status_code == 404
    assert (await centre.get("R21", "/cases")).json()["items"] == []
    assert (await let_go(centre, "operator", case, "P2", key="another")).status_code == 422


async def test_co_assignments_end_with_the_case(centre: Centre) -> None:
    case = await shared(centre)

    await centre.do("supervisor", case, "cancellation", {"reason": "误报"}, at=minute(2))

    seen = await centre.case(case)
    assert (seen["state"], seen["co_assigned"]) == ("CANCELLED", [])
    assert all(one["removed_at"] for one in seen["co_assignments"])
    assert (await centre.get("R21", f"/cases/{case}")).status_code == 404
    last = (await centre.get("operator", f"/cases/{case}/timeline")).json()["items"][-1]
    assert (last["action"], last["detail"]) == ("CO_RELEASE", {"unit": "P2", "responder": "R21", "why": "ENDED"})


async def test_a_unit_made_accountable_is_co_assigned_no_longer(centre: Centre) -> None:
    case = await shared(centre)

    await centre.do("operator", case, "assignment", {"unit": "P2", "responder": "R22", "reason": "改派"})

    seen = await centre.case(case)
    assert (seen["assigned_unit"], seen["responder"], seen["co_assigned"]) == ("P2", "R22", [])


async def test_a_case_given_back_keeps_who_helps(centre: Centre) -> None:
    case = await shared(centre)

    await centre.do("R11", case, "hand-over", {"reason": "换班"}, at=minute(2))

    seen = await centre.case(case)
    assert (seen["responder"], seen["co_assigned"]) == ("R12", [{"unit": "P2", "responder": "R21"}])


@pytest.mark.parametrize(
    ("joining", "status"),
    [
        ({"unit": "P1", "reason": "原因"}, 422),  # it is accountable
        ({"unit": "P9", "reason": "原因"}, 422),  # nobody knows it
        ({"unit": "P2", "responder": "R11", "reason": "原因"}, 409),  # not of that unit
        ({"unit": "P2", "reason": " "}, 422),
        ({"unit": "P2"}, 422),
    ],
)
async def test_what_can_not_join_is_refused(centre: Centre, joining: dict[str, str], status: int) -> None:
    case = await centre.warn(unit="P1")

    assert (await centre.post("operator", case, "co-assignments", joining)).status_code == status
    assert (await centre.case(case))["co_assigned"] == []


async def test_only_the_centre_adds_and_removes_units(centre: Centre) -> None:
    case = await shared(centre)

    asked = [await centre.post(who, case, "co-assignments", ALONE) for who in ("desk-1", "R11", "desk-2", "R21")]
    removed = [await let_go(centre, who, case, "P2", key=who) for who in ("desk-1", "R11", "desk-2", "R21")]

    assert {answer.status_code for answer in (*asked, *removed)} == {403}
    await centre.do("supervisor", case, "co-assignments", ALONE)


@pytest.mark.parametrize("state", ["PENDING", "REPORTED"])
async def test_a_case_that_is_not_under_way_is_not_shared(centre: Centre, state: str) -> None:
    case = await centre.warn(unit="P1" if state == "REPORTED" else None)
    if state == "REPORTED":
        for what, body in (
            ("acknowledgement", None),
            ("attempts", {"result": "REACHED_VOICE", "channel": "call"}),
            ("contact", {"mode": "voice"}),
            ("conclusion", {"outcome": "DISSUADED_NO_LOSS"}),
            ("feedback", {"text": "已劝阻"}),
        ):
            await centre.do("R11", case, what, body)

    refused = await centre.post("operator", case, "co-assignments", ALONE)

    assert (refused.status_code, refused.json()["state"]) == (409, state)


async def test_a_repeat_of_the_command_adds_nobody_twice(centre: Centre) -> None:
    case = await centre.warn(unit="P1")

    first = await centre.do("operator", case, "co-assignments", JOINING, key="once")
    again = await centre.do("operator", case, "co-assignments", JOINING, key="once")
    other = await centre.post("operator", case, "co-assignments", JOINING)

    assert first == again
    assert (other.status_code, other.json()["why"]) == (422, "it is co-assigned already")
    assert len((await centre.case(case))["co_assignments"]) == 1


async def test_the_stream_follows_who_joins_and_who_leaves(centre: Centre) -> None:
    case = await shared(centre)
    await let_go(centre, "operator", case, "P2")
    joined, left = (await told(centre, case))[-2:]
    assert (joined.co_assigned_units, joined.left_units) == (("P2",), ())
    assert (left.co_assigned_units, left.left_units) == ((), ("P2",))
    centre.broadcaster.begin("test", {0: 0})

    async def always() -> bool:
        return True

    stream = centre.broadcaster.stream(unit="P2", last_id=None, allowed=always, beat_s=60)
    await anext(stream)
    for offset, change in enumerate((joined, left)):
        centre.broadcaster.tell(change, partition=0, offset=offset)
    async with asyncio.timeout(5):
        frames = (await anext(stream)).decode()

    first, second = [frame.splitlines() for frame in frames.split("\n\n") if frame]
    assert first[1] == "event: case"
    assert second[1] == "event: gone"
    assert orjson.loads(second[2].removeprefix("data: ")) == {"case_id": str(case)}


async def test_another_unit_is_not_let_in_by_a_colleagues_case(centre: Centre) -> None:
    """One case shared with P2 opens no other one of P1."""
    await centre.token("desk-3", Role.DESK, "P3")
    case, other = await shared(centre), await centre.warn(unit="P1")

    assert (await centre.get("desk-2", f"/cases/{other}")).status_code == 404
    assert (await centre.get("desk-3", f"/cases/{case}")).status_code == 404
