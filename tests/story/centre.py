"""A centre for stories: two made-up precincts in the sea, four responders, a clock moved by hand, real tokens."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import shapely
from fastapi import FastAPI

from schemas.envelope import EventType, headers_for
from schemas.topics import WARNING_ISSUED
from services.api.app import make_app
from services.api.events import Broadcaster
from services.broker.link import BrokerAddress
from services.clock import MovedClock
from services.domain.choice import Rules
from services.domain.datum import Datum
from services.domain.words import Mode, Role
from services.handlers import picture
from services.handlers.context import Context
from services.handlers.deadline import fire_due
from services.handlers.warning import decode, prepare, take
from services.health import Health
from services.settings import DEMO_KEY, read_settings
from services.store import deadlines, lanes, registry, schema, tokens
from services.store.engine import Store
from services.store.intake import Progress
from services.store.policies import Policies
from services.store.revision import is_current
from services.store.sealing import Sealer
from services.wiring import Parts
from tests.hasty import hasty

AT_WILL: Mapping[str, int] = dict.fromkeys(
    ("reads_per_min", "changes_per_min", "intake_per_min", "open_per_min"), 0
)  # a story asks as often as it likes
START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
PHONE, NAME, ID_NUMBER = "199-0000-0001", "测试甲", "990102190001010011"
ADDRESS = "测试省测试县测试村 1 号"
INSIDE = {"P1": (10.05, -149.95), "P2": (10.05, -149.85)}
TOKENS: Mapping[str, tuple[Role, str | None]] = {
    "operator": (Role.OPERATOR, None),
    "supervisor": (Role.SUPERVISOR, None),
    "reviewer": (Role.REVIEWER, None),
    "auditor": (Role.AUDITOR, None),
    "administrator": (Role.ADMINISTRATOR, None),
    "integrator": (Role.INTEGRATOR, None),
    "bank": (Role.BANK, None),
    "desk-1": (Role.DESK, "P1"),
    "desk-2": (Role.DESK, "P2"),
    "R11": (Role.RESPONDER, "P1"),
    "R12": (Role.RESPONDER, "P1"),
    "R21": (Role.RESPONDER, "P2"),
    "R22": (Role.RESPONDER, "P2"),
}


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def shown(moment: datetime) -> str:
    """A time as the api writes it."""
    return moment.isoformat().replace("+00:00", "Z")


@dataclass(slots=True)
class Centre:
    """Everything one story needs. A command names the case's present turn and a new key, unless it is told otherwise."""

    store: Store
    clock: MovedClock
    parts: Parts
    client: httpx2.AsyncClient
    secrets: dict[str, str]
    lane: int
    broadcaster: Broadcaster
    app: FastAPI
    client_of: Any
    sent: int = 0
    keys: int = 0
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def context(self) -> Context:
        return self.parts.context

    async def warn(
        self, *, risk: str = "HIGH", unit: str | None = "P1", at: datetime | None = None, **given: Any
    ) -> UUID:
        """A warning of a new person (or of `number`, `phone`, `name`, `id_number`), through the router's own steps.

        `scam` is laid on what it says of the fraud. Under a `ce_id` that was there before it is a redelivery.
        """
        self.sent += 1
        lat, lon = INSIDE.get(unit or "", (0.0, 0.0))
        warning = {
            "instruction_number": given.get("number", f"T-{self.sent}"),
            "issued_at": shown(at or self.clock.now()),
            "risk": risk,
            "mode": given.get("mode", Mode.ACTUAL),
            "fraud_type": "FAKE_LOAN",
            "subject": {
                "name": given.get("name", NAME),
                "phone": given.get("phone", PHONE),
                "id_number": given.get("id_number", f"{ID_NUMBER[:-4]}{self.sent:04}"),
            },
            "places": {"current": {"address": ADDRESS, "point": {"lat": lat, "lon": lon, "datum": "WGS84"}}},
            "scam": {"amount_at_risk_fen": 500_000, "suspect_phone": "199-0000-0009"} | given.get("scam", {}),
            "narrative": "对方自称客服。",
        }
        ce_id = given.get("ce_id", f"event-{self.sent}")
        headers = headers_for(id=ce_id, source="test-source", type=EventType.WARNING_ISSUED, time=START, key="k")
        incoming = decode(headers, json.dumps(warning).encode())
        async with self.store.begin() as tx:
            policy = await self.context.policies.newest(tx.conn)
            prepared = prepare(self.context, [incoming], policy=policy, now=tx.now)
            moved = [(0, self.sent - 1, self.sent)]
            await take(tx, self.context, prepared, Progress(topic=WARNING_ISSUED, lane=self.lane, moved=moved))
        if given.get("look", True):
            await self.look_round()
        return incoming.case_id

    async def look_round(self) -> None:
        """A new roster, as a process draws one every second."""
        async with self.store.read() as conn:
            await picture.redraw(conn, self.context, now=self.clock.now())

    async def pass_time(self, until: datetime) -> None:
        """Move the clock, stopping wherever something is due, as a timekeeper would."""
        while True:
            async with self.store.read() as conn:
                due_at = await deadlines.earliest(conn)
            if due_at is None or due_at > until:
                break
            self.clock.move_to(max(due_at, self.clock.now()))
            async with self.store.begin() as tx:
                await fire_due(tx, self.context)
            await self.look_round()
        self.clock.move_to(until)

    async def restart(self) -> None:
        """Every process dies and comes again: only what was committed is still there."""
        await self.client.aclose()
        await self.store.close()
        self.store = hasty(Store(self.store.url.render_as_string(hide_password=False), name="story"))
        self.store.clock = self.clock
        self.parts = await parts_on(self.store, self.clock)
        self.app = make_app(self.parts, self.broadcaster)
        self.client = self.client_of(self.app)

    async def token(self, name: str, role: Role, unit: str | None = None, *, responder: str | None = None) -> None:
        """A token for `name`, in the place of an older one."""
        async with self.store.begin() as tx:
            responder = name if role is Role.RESPONDER else responder
            self.secrets[name] = await tokens.make(tx, name, role=role, unit=unit, responder=responder)

    async def get(self, who: str, path: str, **more: Any) -> httpx2.Response:
        return await self.client.get(path, headers=self.headers(who) | more.pop("headers", {}), **more)

    async def case(self, case_id: UUID, who: str = "supervisor") -> dict[str, Any]:
        answer = await self.get(who, f"/cases/{case_id}")
        assert answer.status_code == 200, answer.text
        seen: dict[str, Any] = answer.json()
        return seen

    async def post(
        self,
        who: str,
        case_id: UUID,
        what: str,
        body: Any = None,
        *,
        key: str | None = None,
        turn: int | None = None,
        at: datetime | None = None,
    ) -> httpx2.Response:
        if at is not None:
            await self.pass_time(at)
        self.keys += 1
        seen = turn if turn is not None else (await self.case(case_id))["turn"]
        headers = {"idempotency-key": key or f"key-{self.keys}", "if-match": f'"{seen}"'}
        return await self.client.post(f"/cases/{case_id}/{what}", headers=self.headers(who) | headers, json=body)

    async def do(self, who: str, case_id: UUID, what: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """A command that must succeed; its answer."""
        answer = await self.post(who, case_id, what, body, **more)
        assert answer.status_code == 200, answer.text
        done: dict[str, Any] = answer.json()
        return done

    async def limit(self, case_id: UUID, kind: str) -> dict[str, Any]:
        """The newest round of one limit."""
        limits = (await self.case(case_id))["limits"]
        found: dict[str, Any] = max((limit for limit in limits if limit["kind"] == kind), key=lambda one: one["round"])
        return found

    def headers(self, who: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.secrets[who]}", **self.extra}


async def build(store: Store, client_of: Any) -> Centre:
    """A migrated database with the map, the people and their tokens; `client_of` makes a client for an app."""
    store.clock = clock = MovedClock(START)
    if not await is_current(store):
        await schema.upgrade(store)
    secrets: dict[str, str] = {}
    async with store.begin() as tx:
        await _lay_out(tx)
        lane = await lanes.open_lane(tx, topic=WARNING_ISSUED, process="story")
        await lanes.know(tx, topic=WARNING_ISSUED, partitions=1, incarnation="story")
        await lanes.take(tx, topic=WARNING_ISSUED, lane_id=lane, wanted=1)
        await lanes.start_at(tx, topic=WARNING_ISSUED, lane_id=lane, offsets={0: 0}, incarnation="story")
        for name, (role, unit) in TOKENS.items():
            responder = name if role is Role.RESPONDER else None
            secrets[name] = await tokens.make(tx, name, role=role, unit=unit, responder=responder)
    parts = await parts_on(store, clock)
    broadcaster = Broadcaster()
    app = make_app(parts, broadcaster)
    return Centre(store, clock, parts, client_of(app), secrets, lane, broadcaster, app, client_of)


async def parts_on(store: Store, clock: MovedClock) -> Parts:
    """What a process has inside, drawn anew from the database."""
    settings = read_settings(production=False, master_keys=DEMO_KEY, index_key=DEMO_KEY, **AT_WILL)
    async with store.read() as conn:
        drawn = await picture.draw(conn, Policies(), now=clock.now(), rules=Rules())
    context = Context(
        policies=Policies(),
        sealer=Sealer(settings.masters, settings.index, *settings.index_over),
        picture=drawn,
        source_datum=Datum.GCJ02,
        edge_limit_m=500,
        station_limit_m=5000,
    )
    return Parts(
        settings=settings,
        store=store,
        clock=clock,
        context=context,
        broker=BrokerAddress(bootstrap="127.0.0.1:1"),
        health=Health(),
    )


async def _lay_out(tx: Any) -> None:
    """P1 is the western square, P2 the eastern one; R11 and R21 are nearer to the middle than R12 and R22."""
    west, east = shapely.box(-150.0, 10.0, -149.9, 10.1), shapely.box(-149.9, 10.0, -149.8, 10.1)
    people = [
        registry.Responder(
            code=f"R{square}{place}",
            unit=f"P{square}",
            name=f"测试警员{square}{place}",
            grade="officer",
            post_lat=lat + place * 0.01,
            post_lon=lon,
        )
        for square, (lat, lon) in ((1, INSIDE["P1"]), (2, INSIDE["P2"]))
        for place in (1, 2)
    ]
    await registry.replace_all(
        tx,
        [
            registry.Unit(code="P1", kind="precinct", name_zh="测试一所", name_en="Test One"),
            registry.Unit(code="P2", kind="precinct", name_zh="测试二所", name_en="Test Two"),
        ],
        [
            registry.Area(unit="P1", polygon=shapely.to_wkb(west)),
            registry.Area(unit="P2", polygon=shapely.to_wkb(east)),
        ],
        people,
        [
            registry.Duty(responder=one.code, starts_at=START - timedelta(hours=1), ends_at=START + timedelta(days=30))
            for one in people
        ],
    )
