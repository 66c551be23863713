"""Small manners of the door: which verbs a path takes, what a body says it is, where a fault is, what a time looks like."""

import pytest
from bad_input import WARNING, said
from centre import Centre, minute, shown

from services.api.access import verbs_at


@pytest.mark.parametrize(
    ("path", "verbs"),
    [("/policies", "GET, POST"), ("/warnings/batch", "POST"), ("/cases", "GET"), ("/people/zhang", "PUT")],
)
async def test_a_wrong_verb_is_told_every_right_one(centre: Centre, path: str, verbs: str) -> None:
    answer = await centre.client.request("PATCH", path, headers=centre.headers("supervisor"))

    assert (answer.status_code, answer.headers["allow"]) == (405, verbs)
    assert verbs_at("/nowhere") == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [("text/plain", 415), ("", 415), ("application/json; charset=utf-8", 202), ("application/cloudevents+json", 202)],
)
async def test_only_a_body_of_json_is_read(centre: Centre, kind: str, status: int) -> None:
    headers = centre.headers("integrator") | {"idempotency-key": "k-1", "content-type": kind}

    assert (await centre.client.post("/warnings", headers=headers, content=said(WARNING))).status_code == status


async def test_a_fault_of_a_warning_names_its_fields(centre: Centre) -> None:
    headers = centre.headers("integrator") | {"idempotency-key": "k-1"}

    answer = await centre.client.post("/warnings", headers=headers, json=WARNING | {"subject": {"phone": 1}})

    assert answer.json()["errors"] == [{"pointer": "/subject/phone", "error": "string_type"}]


@pytest.mark.parametrize("told", [1763625600, 0.5, "1763625600", True])
async def test_a_number_is_no_time(centre: Centre, told: object) -> None:
    case = await centre.warn()

    refused = await centre.post("R11", case, "acknowledgement", {"occurred_at": told})
    asked = await centre.get("operator", "/rota/on-duty", params={"at": str(told)})

    assert (refused.status_code, asked.status_code) == (422, 422)
    assert (await centre.post("R11", case, "acknowledgement", {"occurred_at": shown(minute(0))})).status_code == 200


async def test_a_key_before_that_is_none_is_refused_beside_a_good_turn(centre: Centre) -> None:
    case = await centre.warn()
    headers = centre.headers("R11") | {"idempotency-key": "k-1", "if-match": '"1"', "after-key": "not a key"}

    answer = await centre.client.post(f"/cases/{case}/acknowledgement", headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
