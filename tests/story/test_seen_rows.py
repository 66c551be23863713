"""If-Match on whatever has an `etag`: who saw an older state changes nothing and is told the present one."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx2
import pytest
from access_world import BODIES, lived_in
from beside_steps import listed
from centre import Centre, shown
from rota_steps import hour, staff

OTHER = "AAAAAAAAAAAA"
KINDS: Sequence[tuple[str, str, str, str, Any]] = (
    # who asks, where it is listed, what changes it, how, with what
    ("operator", "/follow-ups?case_id={case_id}", "POST", "/follow-ups/{follow_up}/result", {"result": "SAFE"}),
    ("operator", "/reviews?case_id={case_id}", "POST", "/reviews/{review}/cause", {"cause": "x", "accountable": "R11"}),
    ("operator", "/cases/{case_id}/protective-holds", "POST", "/protective-holds/{hold}/notice", None),
    (
        "operator",
        "/cases/{case_id}/stop-payments",
        "POST",
        "/stop-payments/{order_id}/receipts",
        {"result": "REJECTED", "reason": "empty"},
    ),
    ("administrator", "/people", "PUT", "/people/anna", {"role": "reviewer"}),
    ("administrator", "/units", "PUT", "/units/P1/switches/routing", {"on": False}),
    ("administrator", "/units", "PUT", "/units/P1/head", {"responder": "R12"}),
    ("operator", "/rota/patterns", "PUT", "/rota/patterns/two", BODIES["PUT /rota/patterns/{code}"]),
    ("operator", "/rota/holidays", "PUT", "/rota/holidays/2026-12-01", {"off": False, "name": "x"}),
    ("operator", "/rota/holidays", "DELETE", "/rota/holidays/2026-12-01", None),
    ("supervisor", "/policies", "POST", "/policies/{version}/publication", {"note": "x"}),
    ("operator", "/policies", "DELETE", "/policies/{draft}", None),
    ("operator", "/tips", "POST", "/tips/{tip_id}/dismissal", None),
    ("operator", "/rota/units/P1", "POST", "/rota/units/P1/entries/{entry}/withdrawal", None),
    ("R12", "/rota/units/P1", "POST", "/rota/units/P1/swaps/{swap}/acceptance", None),
)


async def _send(  # noqa: PLR0917 - they stand in the table above in this order
    centre: Centre, who: str, method: str, path: str, body: Any = None, seen: str | None = None
) -> httpx2.Response:
    centre.keys += 1
    headers = centre.headers(who) | {"idempotency-key": f"seen-{centre.keys}"}
    if seen is not None:
        headers["if-match"] = f'"{seen}"'
    return await centre.client.request(method, path, headers=headers, json=body)


async def _world(centre: Centre) -> dict[str, Any]:
    """One of everything that can be changed; its ids."""
    ids: dict[str, Any] = dict((await lived_in(centre))["P1"])
    await staff(centre)
    for who, method, path, body in (
        ("administrator", "PUT", "/people/anna", {"role": "auditor"}),
        ("operator", "PUT", "/rota/patterns/two", BODIES["PUT /rota/patterns/{code}"] | {"name_en": "Two"}),
        ("operator", "PUT", "/rota/holidays/2026-12-01", {"off": True, "name": "x"}),
    ):
        assert (await _send(centre, who, method, path, body)).status_code == 200
    policy, draft = [
        await _send(centre, who, "POST", "/policies", {"document": {}}) for who in ("operator", "supervisor")
    ]
    leave = {"responder": "R12", "starts_at": shown(hour(48)), "ends_at": shown(hour(72))}
    entry = await _send(centre, "desk-1", "POST", "/rota/units/P1/leave", leave)
    put = leave | {"responder": "R11", "put": "ON"}
    assert (await _send(centre, "desk-1", "POST", "/rota/units/P1/overrides", put)).status_code == 200
    gives = {"starts_at": shown(hour(48)), "ends_at": shown(hour(72))}
    swap = await _send(centre, "R11", "POST", "/rota/units/P1/swaps", {"asker": "R11", "other": "R12", "gives": gives})
    tip = await centre.client.post("/public/tips", json={"what": "测试"})
    assert (entry.status_code, swap.status_code, tip.status_code) == (200, 200, 202), (entry.text, swap.text)
    return ids | {
        "version": policy.json()["version"],
        "draft": draft.json()["version"],
        "entry": entry.json()["ids"][0],
        "swap": swap.json()["id"],
        "tip_id": tip.json()["tip_id"],
    }


async def _tags(centre: Centre, who: str, path: str) -> list[str]:
    """Every tag of a list, or of the lists of a unit's rota."""
    answer = (await centre.get(who, path)).json()
    lists = (answer.get(name, []) for name in ("items", "ruled", "entries", "swaps"))
    return [one["etag"] for found in lists for one in found if "etag" in one]


async def test_who_saw_an_older_state_changes_nothing(centre: Centre) -> None:
    ids = await _world(centre)
    for who, list_path, method, change, body in KINDS:
        path, where = change.format(**ids), list_path.format(**ids)
        before = await _tags(centre, who, where)
        stale = await _send(centre, who, method, path, body, OTHER)
        assert stale.status_code == 412, (change, stale.text)
        problem = stale.json()
        assert problem["type"] == "/problems/stale-row"
        assert problem["etag"] in before, change
        assert problem["present"], change
        assert problem.get("holder") or not change.startswith(("/rota/units", "/policies")), change
        assert await _tags(centre, who, where) == before, change

        done = await _send(centre, who, method, path, body, problem["etag"])
        assert done.status_code == 200, (change, done.text)
        assert (await _tags(centre, who, where)).count(problem["etag"]) < before.count(problem["etag"]), change
        again = await _send(centre, who, method, path, body, problem["etag"])
        assert again.status_code in (200, 409, 412), (change, again.text)
        if again.status_code == 200:  # the same by the same person stays done
            assert change.endswith(("publication", "dismissal"))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_the_same_command_is_answered_before_what_it_saw_is_looked_at(centre: Centre) -> None:
    ids = await _world(centre)
    (tag,) = await _tags(centre, "operator", f"/cases/{ids['case_id']}/protective-holds")
    headers = centre.headers("operator") | {"idempotency-key": "once", "if-match": f'"{tag}"'}

    answers = [await centre.client.post(f"/protective-holds/{ids['hold']}/notice", headers=headers) for _ in range(2)]

    assert answers[0].status_code == 200
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_a_bank_is_not_shown_what_it_may_not_read(centre: Centre) -> None:
    ids = await _world(centre)
    path, body = f"/stop-payments/{ids['order_id']}/receipts", {"result": "REJECTED", "reason": "empty"}

    stale = await _send(centre, "bank", "POST", path, body, OTHER)

    assert (stale.status_code, "present" in stale.json(), "etag" in stale.json()) == (412, False, False)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_what_is_not_there_matches_nothing(centre: Centre) -> None:
    any_of = await _send(centre, "administrator", "PUT", "/people/nobody", {"role": "auditor"}, "*")
    wild = await _send(centre, "administrator", "PUT", "/people/nobody", {"role": "auditor"}, "not a tag, \x7f")
    made = await _send(centre, "administrator", "PUT", "/people/nobody", {"role": "auditor"})

    assert (any_of.status_code, wild.status_code, made.status_code) == (412, 412, 200)
    assert "present" not in any_of.json()
    assert (await _send(centre, "administrator", "PUT", "/people/nobody", {"role": "auditor"}, "*")).status_code == 200


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
async def test_of_eight_who_saw_the_same_one_changes_it(centre: Centre) -> None:
    for path, first in (("/people/anna", {"role": "auditor"}), ("/units/P1/head", {"responder": "R11"})):
        await _send(centre, "administrator", "PUT", path, first)
    pattern = BODIES["PUT /rota/patterns/{code}"]
    await _send(centre, "operator", "PUT", "/rota/patterns/two", pattern)
    anna = (await listed(centre, "/people", "administrator"))[0]["etag"]
    unit = next(one["etag"] for one in await listed(centre, "/units") if one["code"] == "P1")
    two = next(one["etag"] for one in await listed(centre, "/rota/patterns") if one["code"] == "two")

    for who, path, tag, bodies in (
        ("administrator", "/people/anna", anna, [{"role": "reviewer", "login": f"l-{n}"} for n in range(8)]),
        ("administrator", "/units/P1/head", unit, [{"responder": "R12"}] * 8),
        ("operator", "/rota/patterns/two", two, [pattern | {"name_en": f"n-{n}"} for n in range(8)]),
    ):
        answers = await asyncio.gather(*(_send(centre, who, "PUT", path, body, tag) for body in bodies))
        assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7, path
        if path.startswith("/units"):
            assert {answer.json().get("holder") for answer in answers} == {None, "administrator"}
