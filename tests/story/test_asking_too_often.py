"""Whoever asks too often hears when to come again, in their language; nobody else, and no act of the loop, waits for it."""

import httpx2
import pytest
from centre import Centre
from prometheus_client import REGISTRY

from services.api.app import make_app
from services.settings import Settings


def _bounded(centre: Centre, **bounds: int) -> httpx2.AsyncClient:
    settings: Settings = centre.parts.settings.model_copy(update=bounds)
    object.__setattr__(centre.parts, "settings", settings)
    client: httpx2.AsyncClient = centre.client_of(make_app(centre.parts))
    return client


def _refused(pace: str) -> float:
    return REGISTRY.get_sample_value("quanzu_api_too_many_total", {"pace": pace}) or 0.0


async def test_a_greedy_reader_is_told_when_to_come_again(centre: Centre) -> None:
    case, before = await centre.warn(), _refused("read")
    client = _bounded(centre, reads_per_min=3)
    greedy = centre.headers("R11") | {"accept-language": "en"}

    answers = [await client.get("/cases", headers=greedy) for _ in range(4)]
    lost = await client.get("/nothing-is-here", headers=greedy)
    command = greedy | {"idempotency-key": "tap", "if-match": '"2"'}
    acknowledged = await client.post(f"/cases/{case}/acknowledgement", headers=command)
    other = await client.get("/cases", headers=centre.headers("R12"))

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    refusal = answers[-1]
    assert refusal.headers["content-type"] == "application/problem+json"
    assert (refusal.headers["retry-after"], refusal.json()["type"]) == ("20", "/problems/too-many")
    assert refusal.json()["title"] == "Too many at once"
    assert lost.status_code == 429  # also where no route is
    assert (acknowledged.status_code, other.status_code) == (200, 200)
    assert _refused("read") == before + 2


async def test_wrong_tokens_from_one_address_are_slowed_and_right_ones_not(centre: Centre) -> None:
    client = _bounded(centre, open_per_min=2)
    wrong = {"authorization": "Bearer qz_" + "x" * 43}

    answers = [(await client.get("/me", headers=wrong)).status_code for _ in range(3)]

    assert answers == [401, 401, 429]
    assert (await client.get("/me", headers=centre.headers("R11"))).status_code == 200
    assert (await client.get("/livez")).status_code in (200, 503)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_an_hour_of_a_busy_responder_meets_no_bound(centre: Centre) -> None:
    """With the bounds as they come: 150 acts of a phone that was offline, sent in one go, and twice as many questions."""
    client = _bounded(
        centre, **{name: Settings.model_fields[name].default for name in ("reads_per_min", "changes_per_min")}
    )
    headers = centre.headers("R11")
    sent = [await client.post("/notices/seen", headers=headers, json={"notices": [1]}) for _ in range(150)]
    read = [await client.get("/me", headers=headers) for _ in range(300)]

    assert 429 not in {answer.status_code for answer in (*sent, *read)}
