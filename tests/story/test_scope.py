"""Who may see which case, and how much of the person."""

import orjson
import pytest
from centre import ADDRESS, ID_NUMBER, NAME, PHONE, TOKENS, Centre, minute

from services.api.access import ACCESS
from services.domain.words import Role

ROUTES = {
    "assignment": {"unit": "P2", "responder": "R21", "reason": "原因"},
    "acknowledgement": None,
    "decline": {"reason": "原因"},
    "hand-over": {"reason": "原因"},
    "attempts": {"result": "BUSY", "channel": "call"},
    "contact": {"mode": "voice"},
    "contact-lost": None,
    "conclusion": {"outcome": "REFUSED"},
    "feedback": {"text": "文字"},
    "closing": None,
    "return": {"reason": "原因"},
    "reopening": {"reason": "原因"},
    "cancellation": {"reason": "原因"},
    "co-assignments": {"unit": "P2", "reason": "原因"},
    "transfer": {"to": "测试邻县反诈中心", "reason": "原因"},
    "receipt": None,
}


def _may(who: str, what: str) -> bool:
    return TOKENS[who][0] in ACCESS[f"POST /cases/{{case_id}}/{what}"].roles


@pytest.mark.parametrize("who", ["desk-2", "R21"])
async def test_another_precincts_case_is_not_there(centre: Centre, who: str) -> None:
    case = await centre.warn(unit="P1")

    reads = [await centre.get(who, path) for path in (f"/cases/{case}", f"/cases/{case}/timeline")]
    commands = [await centre.post(who, case, what, body) for what, body in ROUTES.items() if _may(who, what)]
    others = [await centre.post(who, case, what, body) for what, body in ROUTES.items() if not _may(who, what)]
    listed = [await centre.get(who, "/cases", params=params) for params in ({}, {"unit": "P1"})]

    assert {answer.status_code for answer in (*reads, *commands)} == {404}
    assert {answer.status_code for answer in others} == {403}  # the role's, whatever case it is
    assert {answer.json()["type"] for answer in (*reads, *commands)} == {"/problems/case-not-found"}
    assert [answer.json()["items"] for answer in listed] == [[], []]


@pytest.mark.parametrize("who", ["administrator", "integrator", "bank"])
async def test_these_roles_never_see_a_case(centre: Centre, who: str) -> None:
    case = await centre.warn()

    answers = [
        *[await centre.get(who, path) for path in ("/cases", f"/cases/{case}", f"/cases/{case}/timeline", "/events")],
        *[await centre.get(who, "/dead-letters")],
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert (await centre.get(who, "/me")).json()["role"] == who


async def test_the_responsible_precinct_still_sees_a_case_lent_out(centre: Centre) -> None:
    case = await centre.warn(unit="P1")
    await centre.do("operator", case, "assignment", {"unit": "P2", "responder": "R21", "reason": "支援"})

    seen = await centre.case(case, "desk-1")
    foreign = await centre.post("desk-1", case, "acknowledgement")

    assert (seen["assigned_unit"], seen["responsible_unit"]) == ("P2", "P1")
    assert (foreign.status_code, foreign.json()["type"]) == (403, "/problems/not-yours")
    assert (await centre.get("R21", f"/cases/{case}")).status_code == 200


async def test_a_responder_lists_own_and_unanswered_cases(centre: Centre) -> None:
    own, colleagues, unanswered = [await centre.warn() for _ in range(3)]
    await centre.warn(unit="P2")
    await centre.do("R11", own, "acknowledgement")
    await centre.do("R12", colleagues, "acknowledgement")

    listed = (await centre.get("R11", "/cases")).json()["items"]

    assert {line["case_id"] for line in listed} == {str(own), str(unanswered)}
    assert len((await centre.get("desk-1", "/cases")).json()["items"]) == 3
    assert len((await centre.get("auditor", "/cases")).json()["items"]) == 4


async def test_only_the_holder_sees_the_person_and_only_then(centre: Centre) -> None:
    case = await centre.warn(id_number=ID_NUMBER)
    everybody = ("R11", "R12", "desk-1", "operator", "supervisor", "reviewer", "auditor")
    secrets = (PHONE, NAME, ID_NUMBER, ADDRESS)

    before = {who: (await centre.get(who, f"/cases/{case}")).text for who in everybody}
    await centre.do("R11", case, "acknowledgement")
    after = {who: (await centre.get(who, f"/cases/{case}")).text for who in everybody}

    assert not any(secret in text for text in before.values() for secret in secrets)
    assert all(secret in after["R11"] for secret in secrets)
    assert not any(secret in after[who] for who in everybody[1:] for secret in secrets)
    masked = orjson.loads(after["operator"])["person"]
    assert (masked["shown"], masked["name"], masked["phone"]) == ("masked", "测**", "199****0001")
    listed = (await centre.get("R11", "/cases")).text
    assert not any(secret in listed for secret in secrets)


async def test_the_person_is_masked_again_after_the_feedback(centre: Centre) -> None:
    case = await centre.warn()
    for what, body in (
        ("acknowledgement", None),
        ("attempts", {"result": "REACHED_VOICE", "channel": "call"}),
        ("contact", {"mode": "voice"}),
        ("conclusion", {"outcome": "DISSUADED_NO_LOSS"}),
        ("feedback", {"text": "已劝阻"}),
    ):
        await centre.do("R11", case, what, body)

    assert (await centre.case(case, "R11"))["person"]["shown"] == "masked"


async def test_a_released_case_is_masked_to_its_former_holder(centre: Centre) -> None:
    case = await centre.warn()
    await centre.do("R11", case, "acknowledgement")
    assert (await centre.case(case, "R11"))["person"]["shown"] == "full"

    await centre.do("R11", case, "hand-over", {"reason": "换班"}, at=minute(1))

    assert (await centre.case(case, "R11"))["person"]["shown"] == "masked"


async def test_sealed_words_are_for_reviewers_and_the_holder(centre: Centre) -> None:
    case = await centre.warn()
    await centre.do("R11", case, "acknowledgement")
    await centre.do("R11", case, "attempts", {"result": "BUSY", "channel": "call", "note": "仅供审核"})

    readers = {
        who
        for who in ("R11", "R12", "desk-1", "operator", "supervisor", "reviewer", "auditor")
        if "仅供审核" in (await centre.get(who, f"/cases/{case}/timeline")).text
    }

    assert readers == {"R11", "operator", "supervisor", "reviewer"}


async def test_a_repeated_warning_stays_closed_in_the_timeline(centre: Centre) -> None:
    """What is sealed with a repeat is a whole warning, not somebody's words."""
    case = await centre.warn(number="T-1")
    await centre.warn(number="T-1", phone="199-0000-0777")

    told = (await centre.get("operator", f"/cases/{case}/timeline")).json()["items"]

    assert told[-1]["action"] == "REPEAT"
    assert told[-1]["words"] is None


async def test_a_revoked_token_is_over_within_five_seconds(centre: Centre) -> None:
    assert (await centre.get("operator", "/me")).status_code == 200
    old = dict(centre.secrets)
    await centre.token("operator", Role.OPERATOR)
    centre.secrets = old

    centre.clock.move_to(minute(5 / 60))

    assert (await centre.get("operator", "/me")).status_code == 401
