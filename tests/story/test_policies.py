"""A policy from draft to force: who may, what is refused, and that an open case keeps the one it was opened under."""

from typing import Any

import httpx2
import pytest
from centre import Centre, minute, shown

from services.handlers import policy_yaml
from services.store.policies import default_document


def hurried() -> dict[str, Any]:
    """Half an hour for HIGH."""
    document = default_document()
    stages = {"ACK": 1, "FIRST_ATTEMPT": 1, "CONTACT": 10, "DISSUADE": 10, "FEEDBACK": 7, "TOTAL": 30}
    document["limits_min"]["HIGH"] |= stages
    return document


async def send(centre: Centre, who: str, path: str, body: Any) -> httpx2.Response:
    return await centre.client.post(f"/policies{path}", headers=centre.headers(who), json=body)


async def deleted(centre: Centre, who: str, version: int) -> httpx2.Response:
    return await centre.client.delete(f"/policies/{version}", headers=centre.headers(who))


async def done(centre: Centre, who: str, path: str, body: Any) -> dict[str, Any]:
    answer = await send(centre, who, path, body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_policy_changed_in_mid_case_binds_only_the_next(centre: Centre) -> None:
    before = await centre.warn(risk="HIGH")
    draft = await done(centre, "operator", "", {"document": hurried()})
    during = await centre.warn(risk="HIGH")

    await done(centre, "supervisor", f"/{draft['version']}/publication", {"note": "专项行动"})

    after = await centre.warn(risk="HIGH")
    assert [(await centre.case(one))["policy_version"] for one in (before, during, after)] == [1, 1, 2]
    assert [(await centre.case(one))["total_due_at"] for one in (before, during, after)] == [
        shown(minute(count)) for count in (60, 60, 30)
    ]
    for case in (before, after):
        await centre.do("R11", case, "acknowledgement", at=minute(0.5))
        await centre.do("R11", case, "attempts", {"result": "NO_ANSWER", "channel": "call"})
    assert (await centre.limit(before, "CONTACT"))["due_at"] == shown(minute(20.5))
    assert (await centre.limit(after, "CONTACT"))["due_at"] == shown(minute(10.5))

    await centre.pass_time(minute(31))

    assert [(await centre.case(one))["overdue"] for one in (before, after)] == [False, True]


async def test_a_version_tells_who_when_and_why(centre: Centre) -> None:
    centre.clock.move_to(minute(5))
    draft = await done(centre, "operator", "", {"document": hurried()})
    centre.clock.move_to(minute(9))
    await done(centre, "supervisor", "/2/publication", {"note": "专项行动"})

    listed = (await centre.get("desk-1", "/policies")).json()["items"]
    one = (await centre.get("auditor", "/policies/2")).json()
    assert (draft["version"], draft["in_force"], draft["published_at"]) == (2, False, None)
    assert [(line["version"], line["in_force"]) for line in listed] == [(2, True), (1, False)]
    assert (listed[0]["drafted_by"], listed[0]["drafted_at"]) == ("operator", shown(minute(5)))
    assert (listed[0]["published_by"], listed[0]["published_at"]) == ("supervisor", shown(minute(9)))
    assert listed[0]["note"] == "专项行动"
    assert one["document"] == hurried()
    assert policy_yaml.read(one["yaml"])[0] == hurried()


async def test_the_same_draft_again_is_one_version(centre: Centre) -> None:
    first, again = [await done(centre, "operator", "", {"document": hurried()}) for _ in range(2)]
    other = await done(centre, "supervisor", "", {"document": hurried()})

    assert (first["version"], again["version"], other["version"]) == (2, 2, 3)


async def test_a_version_is_published_once(centre: Centre) -> None:
    await done(centre, "operator", "", {"document": hurried()})
    first, again = [await done(centre, "supervisor", "/2/publication", {"note": "专项行动"}) for _ in range(2)]
    other = await send(centre, "supervisor", "/2/publication", {"note": "另一个理由"})
    unknown = await send(centre, "supervisor", "/9/publication", {"note": "没有"})

    assert first == again
    assert (other.status_code, other.json()["type"], other.json()["holder"]) == (
        409,
        "/problems/already-published",
        "supervisor",
    )
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/policy-not-found")


async def test_an_older_draft_may_be_published_after_a_newer(centre: Centre) -> None:
    """What was published last is in force, whatever its number."""
    await done(centre, "operator", "", {"document": hurried()})
    await done(centre, "operator", "", {"document": default_document()})
    for version in (3, 2):
        centre.clock.move_to(minute(5 - version))
        await done(centre, "supervisor", f"/{version}/publication", {"note": "发布"})

    assert (await centre.case(await centre.warn()))["policy_version"] == 2


async def test_a_deleted_draft_is_gone_and_its_number_too(centre: Centre) -> None:
    """Whoever still has the number at hand must not publish another draft by it."""
    for document in (hurried(), default_document()):
        await done(centre, "operator", "", {"document": document})

    gone = await deleted(centre, "supervisor", 3)
    again, published, unknown = [await deleted(centre, "operator", version) for version in (3, 1, 9)]
    dead = await send(centre, "supervisor", "/3/publication", {"note": "发布"})
    redrawn = await done(centre, "operator", "", {"document": hurried()})

    assert (gone.status_code, gone.json()["document"]) == (200, default_document())
    assert [answer.status_code for answer in (again, published, unknown, dead)] == [404, 409, 404, 404]
    assert [line["version"] for line in (await centre.get("operator", "/policies")).json()["items"]] == [4, 2, 1]
    assert (await centre.get("operator", "/policies/3")).status_code == 404
    assert redrawn["version"] == 4
    lines = (await centre.get("auditor", "/audit?about=policy&key=3")).json()["items"]
    assert [(line["action"], line["actor"]) for line in lines] == [
        ("POLICY_DELETED", "supervisor"),
        ("POLICY_DRAFTED", "operator"),
    ]


@pytest.mark.parametrize("who", ["desk-1", "R11", "reviewer", "auditor", "integrator", "bank"])
async def test_others_neither_draft_publish_nor_delete(centre: Centre, who: str) -> None:
    await done(centre, "administrator", "", {"document": hurried()})

    answers = [
        await send(centre, who, "", {"document": hurried()}),
        await send(centre, who, "/2/publication", {"note": "发布"}),
        await deleted(centre, who, 2),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


@pytest.mark.parametrize("who", ["operator", "administrator"])
async def test_only_a_supervisor_publishes(centre: Centre, who: str) -> None:
    await done(centre, who, "", {"document": hurried()})

    assert (await send(centre, who, "/2/publication", {"note": "发布"})).status_code == 403


async def test_a_wrong_word_is_told_with_line_and_nearest(centre: Centre) -> None:
    text = policy_yaml.write(default_document()).replace("FIRST_ATTEMPT: 3", "FIRST_ATEMPT: 3")
    line = text[: text.index("FIRST_ATEMPT")].count("\n") + 1

    answer = await send(centre, "operator", "", {"yaml": text})

    (fault,) = answer.json()["errors"]
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-policy")
    assert (fault["pointer"], fault["error"], fault["line"]) == ("/limits_min/HIGH/?", "UNKNOWN", line)
    assert fault["nearest"] == "FIRST_ATTEMPT"
    assert "FIRST_ATEMPT" not in answer.text


async def test_a_file_is_checked_as_it_is_written(centre: Centre) -> None:
    text = policy_yaml.write(default_document())
    wrong = text.replace("TOTAL: 60", "TOTAL: 59", 1).replace("FIRST_ATTEMPT: 2", "FIRST_ATTEMPT: soon")

    good = await done(centre, "operator", "/check", {"yaml": text})
    told = await done(centre, "administrator", "/check", {"yaml": wrong})
    rubbish = await done(centre, "operator", "/check", {"yaml": "limits_min: ["})

    assert good["errors"] == rubbish["sums"] == []
    assert [(one["risk"], one["spent_min"], one["fits"]) for one in good["sums"]] == [
        ("URGENT", 45, True),
        ("HIGH", 60, True),
        ("MEDIUM", 60, True),
        ("LOW", 60, True),
    ]
    assert [(one["risk"], one["fits"]) for one in told["sums"]] == [("HIGH", False), ("MEDIUM", True), ("LOW", True)]
    assert [(one["error"], one["line"] is None) for one in told["errors"]] == [("NUMBER", False)]
    assert rubbish["errors"][0]["error"] == "YAML"
    assert len((await centre.get("operator", "/policies")).json()["items"]) == 1
    assert (await send(centre, "desk-1", "/check", {"yaml": text})).status_code == 403


async def test_stages_over_their_total_are_told_with_the_sum(centre: Centre) -> None:
    document = hurried()
    document["limits_min"]["HIGH"]["TOTAL"] = 29

    answer = await send(centre, "operator", "", {"document": document})

    (fault,) = answer.json()["errors"]
    assert fault["text_en"] == "limits_min.HIGH: the stages take 0:30:00, the total is only 0:29:00"
    assert fault["text_zh"] == "limits_min.HIGH:各环节合计 0:30:00,总时限只有 0:29:00"
    assert [line["version"] for line in (await centre.get("operator", "/policies")).json()["items"]] == [1]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"document": {}, "yaml": "a: 1"},
        {"document": []},
        {"document": {"limits_min": None}},
        {"yaml": ""},
        {"yaml": "["},
        {"yaml": "3"},
        {"document": {"秘密": 1}},
        {"yaml": "秘密:\n  a: 1\n  a: 2"},
        {"yaml": "秘密: &a 1\nb: *秘密"},
    ],
)
async def test_rubbish_is_refused_and_keeps_no_version(centre: Centre, body: Any) -> None:
    answer = await send(centre, "operator", "", body)

    assert answer.status_code == 422
    assert "秘密" not in answer.text
    assert len((await centre.get("operator", "/policies")).json()["items"]) == 1


async def test_a_preview_counts_what_would_have_breached(centre: Centre) -> None:
    """One case keeps its hour but would not have kept half an hour; a drill is left out."""
    case = await centre.warn(risk="HIGH")
    steps = (("acknowledgement", None, 2), ("attempts", {"result": "REACHED_VOICE", "channel": "call"}, 4))
    for what, body, at in steps:
        await centre.do("R11", case, what, body, at=minute(at))
    await centre.do("R11", case, "contact", {"mode": "in_person"}, at=minute(15))
    await centre.do("R11", case, "conclusion", {"outcome": "REFUSED"}, at=minute(25))
    await centre.do("R11", case, "feedback", {"text": "已见面"}, at=minute(35))
    await done(centre, "operator", "", {"document": hurried()})

    same = (await centre.get("operator", "/policies/1/preview")).json()
    other = (await centre.get("operator", "/policies/2/preview")).json()

    assert (same["cases"], other["cases"]) == (1, 1)
    assert all(line["breached_old"] == line["breached_new"] == 0 for line in same["items"])
    assert {line["stage"]: line["breached_new"] for line in other["items"]} == {
        "ASSIGN": 0,
        "ACK": 1,
        "FIRST_ATTEMPT": 1,
        "CONTACT": 1,
        "DISSUADE": 1,
        "FEEDBACK": 1,
        "TOTAL": 1,
        "REVIEW": 0,
    }
    assert {line["breached_old"] for line in other["items"]} == {0}
    assert (await centre.get("desk-1", "/policies/2/preview")).status_code == 403
    assert (await centre.get("operator", "/policies/9/preview")).status_code == 404
    centre.clock.move_to(minute(60 * 24 * 31))
    assert (await centre.get("operator", "/policies/2/preview")).json()["cases"] == 0
