"""From a phone's report to the fix that choosing goes by: who may report, what is refused, what is left behind."""

import base64
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from centre import START, Centre, minute

from schemas.topics import RESPONDER_POSITION
from services.api import access
from services.api.app import make_app
from services.broker.embedded import EmbeddedBroker
from services.broker.follow import Follower
from services.broker.producer import Sender
from services.domain.fix import Fix
from services.domain.words import Role
from services.log import set_up
from services.store import status, tokens

LAT, LON = 10.0712345, -149.9312345
NOW_S = START.timestamp()
OWNTRACKS = {"_type": "location", "lat": LAT, "lon": LON, "tst": int(NOW_S), "acc": 8, "tid": "r1", "batt": 80}
TRACCAR = {
    "location": {
        "timestamp": "2026-11-20T08:00:00Z",
        "coords": {"latitude": LAT, "longitude": LON, "accuracy": 8},
    },
    "device_id": "R21",
}


@dataclass(slots=True)
class Field:
    """A centre whose door reaches a broker, and a follower of the positions."""

    centre: Centre
    client: httpx2.AsyncClient
    follower: Follower

    async def owntracks(self, body: Any, *, who: str = "phone-1", basic: bool = True) -> httpx2.Response:
        headers = basic_of(self.centre.secrets[who]) if basic else self.centre.headers(who)
        return await self.client.post("/positions/owntracks", headers=headers, json=body)

    async def traccar(self, body: Any = None, *, who: str = "phone-1", query: str = "") -> httpx2.Response:
        headers = self.centre.headers(who)
        return await self.client.post(f"/positions/traccar{query}", headers=headers, json=body)

    async def arrived(self, count: int) -> list[Any]:
        """So many records from the topic, taken as a process that chooses takes them."""
        records: list[Any] = []
        while len(records) < count:
            for batch in await self.follower.fetch(wait=0.1):
                records += batch.records
        self.centre.parts.positions.take(records)
        return records


def basic_of(secret: str, name: str = "anybody") -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


@pytest.fixture
async def field(centre: Centre) -> AsyncIterator[Field]:
    await centre.token("phone-1", Role.DEVICE, responder="R11")
    broker = EmbeddedBroker()
    sender = Sender(broker.address)
    await sender.start()
    follower = Follower(broker.address, [RESPONDER_POSITION])
    await follower.start()
    transport = httpx2.ASGITransport(make_app(centre.parts, sender=sender))
    async with httpx2.AsyncClient(transport=transport, base_url="http://c") as client:
        yield Field(centre, client, follower)
    await follower.stop()
    await sender.stop()
    broker.close()


async def test_a_phone_with_owntracks_moves_its_responder(field: Field) -> None:
    answer = await field.owntracks(OWNTRACKS)
    (record,) = await field.arrived(1)

    assert (answer.status_code, answer.json()) == (200, [])
    assert record.key == b"R11"
    assert field.centre.context.fixes == {"R11": Fix(NOW_S, LAT, LON, 8.0)}


async def test_traccar_client_moves_the_tokens_responder_alone(field: Field) -> None:
    """The device says that it is R21's."""
    answers = [
        await field.traccar(TRACCAR),
        await field.traccar([TRACCAR, TRACCAR]),
        await field.traccar(query=f"?id=R21&lat={LAT}&lon={LON}&timestamp={int(NOW_S)}&accuracy=8"),
    ]
    await field.arrived(4)

    assert [(answer.status_code, answer.json()["taken"]) for answer in answers] == [(200, 1), (200, 2), (200, 1)]
    assert field.centre.context.fixes == {"R11": Fix(NOW_S, LAT, LON, 8.0)}


async def test_what_is_forwarded_of_another_device_is_refused(field: Field) -> None:
    """A Traccar server has many devices: under one token it must not put them all into one responder's place."""
    position = {"fixTime": "2026-11-20T08:00:00.000+00:00", "latitude": LAT, "longitude": LON, "accuracy": 8.0}
    told = [{"position": position, "device": {"uniqueId": code}} for code in ("R21", "R11", "R12")]

    answer = await field.traccar(told)
    (record,) = await field.arrived(1)

    assert answer.json() == {"taken": 1, "refused": {"OTHER_DEVICE": 2}}
    assert record.key == b"R11"


async def test_a_refused_fix_is_told_and_holds_nothing_back(field: Field) -> None:
    """A phone that was offline sends its old fixes first, and waits until they are taken."""
    bad = [OWNTRACKS | change for change in ({"tst": int(NOW_S) - 3600}, {"lat": 0, "lon": 0}, {"acc": 3000})]

    answer = await field.owntracks([*bad, OWNTRACKS])
    traccar = await field.traccar({"location": TRACCAR["location"] | {"timestamp": "2026-11-20T09:00:00Z"}})
    await field.arrived(1)

    assert (answer.status_code, answer.json()) == (200, [])
    assert answer.headers["quanzu-refused"] == "STALE=1, ZERO_ZERO=1, INACCURATE=1"
    assert traccar.json() == {"taken": 0, "refused": {"IN_FUTURE": 1}}
    assert field.centre.context.fixes.keys() == {"R11"}


@pytest.mark.parametrize("body", [{"_type": "lwt", "tst": 1}, {"_type": "waypoint"}, [], {"_type": "encrypted"}])
async def test_other_messages_of_owntracks_are_answered(field: Field, body: Any) -> None:
    answer = await field.owntracks(body)

    assert (answer.status_code, answer.json()) == (200, [])
    assert "quanzu-refused" not in answer.headers


async def test_an_empty_body_of_owntracks_is_answered(field: Field) -> None:
    headers = basic_of(field.centre.secrets["phone-1"])

    answer = await field.client.post("/positions/owntracks", headers=headers, content=b"")

    assert (answer.status_code, answer.json()) == (200, [])


async def test_a_device_may_do_nothing_else(field: Field) -> None:
    document = (await field.client.get("/openapi.json")).json()
    allowed = {"/positions/owntracks", "/positions/traccar", "/responders/{code}/status"}
    open_to_all = {*access.OPEN, "/problems/{code}"}
    others = [
        (method, path.replace("{case_id}", "6f1c2f9e-0000-5000-8000-000000000000"))
        for path, about in document["paths"].items()
        if path not in allowed | open_to_all
        for method in about
    ]
    headers = field.centre.headers("phone-1") | {"idempotency-key": "k", "if-match": '"1"'}

    answers = {(method, path): await field.client.request(method, path, headers=headers) for method, path in others}

    assert len(answers) > 20
    assert {key: answer.status_code for key, answer in answers.items() if answer.status_code != 403} == {}


async def test_nobody_but_devices_and_responders_reports(field: Field) -> None:
    people = ["operator", "supervisor", "desk-1", "administrator", "integrator", "bank", "auditor"]
    refused = [await field.owntracks(OWNTRACKS, who=who, basic=False) for who in people]
    own = await field.owntracks(OWNTRACKS, who="R12", basic=False)
    (record,) = await field.arrived(1)

    assert {answer.status_code for answer in refused} == {403}
    assert (own.status_code, record.key) == (200, b"R12")


async def test_a_password_opens_the_door_for_devices_only(field: Field) -> None:
    secrets = field.centre.secrets
    wrong = [
        basic_of(secrets["R11"]),
        basic_of(secrets["operator"]),
        basic_of("qz_" + "x" * 43),
        basic_of(""),
        {"authorization": "Basic"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic /w=="},
        {"authorization": "Basic " + "A" * 5_000},
        {},
    ]
    refused = [await field.client.post("/positions/owntracks", headers=headers, json=OWNTRACKS) for headers in wrong]
    elsewhere = await field.client.put("/responders/R11/status", headers=basic_of(secrets["phone-1"]), json={})

    assert {answer.status_code for answer in refused} == {401}
    assert all("Basic" in answer.headers["www-authenticate"] for answer in refused)
    assert elsewhere.status_code == 401


async def test_a_revoked_device_is_shut_out_at_once(field: Field) -> None:
    """The clock stands still: nothing that is kept for a while runs out."""
    assert (await field.owntracks(OWNTRACKS)).status_code == 200

    async with field.centre.store.begin() as tx:
        await tokens.revoke(tx, "phone-1")

    assert (await field.owntracks(OWNTRACKS)).status_code == 401


async def test_without_a_broker_a_position_is_refused(centre: Centre) -> None:
    await centre.token("phone-1", Role.DEVICE, responder="R11")

    answer = await centre.client.post("/positions/traccar", headers=centre.headers("phone-1"), json=TRACCAR)

    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/broker-away")
    assert answer.headers["retry-after"]


async def test_no_position_is_left_in_a_log_or_an_error(field: Field) -> None:
    stream = io.StringIO()
    set_up(process="test", stream=stream)
    point = {"lat": LAT, "lon": LON}
    answers = [
        await field.owntracks(OWNTRACKS),
        await field.owntracks(OWNTRACKS | {"tst": "never"}),
        await field.owntracks(OWNTRACKS | {"acc": [LAT, LON]}),
        await field.traccar({"location": point}),
        await field.traccar(query=f"?id=1&lat={LAT}&lon={LON}&timestamp=x"),
        await field.traccar(query=f"?id=1&lat={LAT}&lon={LON}"),
        await field.client.post(f"/positions/{LAT}", headers=field.centre.headers("phone-1"), json=point),
    ]
    records = await field.arrived(2)
    records[0].value = records[0].value.replace(b'"at"', b'"when"')
    field.centre.parts.positions.take(records)

    assert [answer.status_code for answer in answers] == [200, 422, 422, 422, 422, 200, 404]
    said = stream.getvalue() + "".join(answer.text + str(answer.headers) for answer in answers)
    assert "request.done" in said
    assert not any(part in said for part in ("0712345", "9312345"))


async def test_a_status_is_set_by_its_responder_or_desk(centre: Centre) -> None:
    await centre.token("phone-1", Role.DEVICE, responder="R11")
    body = {"availability": "CONDITIONALLY_AVAILABLE", "activity": "ON_SCENE"}

    async def put(who: str, code: str = "R11", said: Any = body) -> httpx2.Response:
        return await centre.client.put(f"/responders/{code}/status", headers=centre.headers(who), json=said)

    mine = await put("R11")
    refused = {who: (await put(who)).status_code for who in ("R12", "desk-2", "operator", "bank")}
    centre.clock.move_to(minute(1))
    done = [await put("phone-1", said={"availability": "NOT_AVAILABLE"}), await put("desk-1")]
    unknown = await put("desk-1", "R99")

    assert mine.json() == {"responder": "R11", **body} | {
        "changed_by": "R11",
        "role": "responder",
        "changed_at": "2026-11-20T08:00:00Z",
    }
    assert refused == {"R12": 404, "desk-2": 404, "operator": 403, "bank": 403}
    assert unknown.status_code == 404
    async with centre.store.read() as conn:
        history = await status.changes(conn, "R11")
    assert [answer.status_code for answer in done] == [200, 200]
    assert [(one.availability, one.changed_by) for one in history] == [
        ("CONDITIONALLY_AVAILABLE", "R11"),
        ("NOT_AVAILABLE", "phone-1"),
        ("CONDITIONALLY_AVAILABLE", "desk-1"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"availability": "MAYBE"},
        {"availability": "AVAILABLE", "activity": "OFF_DUTY"},
        {"availability": "AVAILABLE", "mood": "good"},
        [],
    ],
)
async def test_a_status_that_can_not_be_is_refused(centre: Centre, body: Any) -> None:
    answer = await centre.client.put("/responders/R11/status", headers=centre.headers("R11"), json=body)

    assert answer.status_code == 422
