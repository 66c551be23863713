"""send: put made-up warnings on Kafka, to see what becomes of them."""

import asyncio
import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any
from uuid import uuid4

import shapely
import typer
from pydantic import ValidationError

from schemas.fields import reasons
from schemas.warning import WarningIssued
from services.broker.producer import Message, Sender
from services.cli.issuing import broker_of, made_up_subject, record
from services.cli.running import Running, clock_of
from services.cli.session import given, settings_of, store_of
from services.cli.show import print_json
from services.cli.stopped import Stopped
from services.cli.words import say
from services.domain.case import case_id_for
from services.domain.datum import Datum
from services.domain.words import Risk
from services.settings import Settings
from services.store import registry

SOURCE = "/quanzu/send"
TRIES = 1000  # throws for a point inside an area


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the warnings shall say."""

    risk: Risk
    body: dict[str, Any]
    subject: dict[str, Any]
    near: str | None
    count: int


def send(
    ctx: typer.Context,
    *,
    risk: Annotated[Risk, typer.Option(help=say("option.risk"))] = Risk.HIGH,
    fraud_type: Annotated[str, typer.Option("--type", help=say("option.type"))] = "BRUSHING_REBATE",
    lat: Annotated[float | None, typer.Option(help=say("option.lat"))] = None,
    lon: Annotated[float | None, typer.Option(help=say("option.lon"))] = None,
    datum: Annotated[Datum, typer.Option(help=say("option.datum"))] = Datum.WGS84,
    near: Annotated[str | None, typer.Option(metavar="UNIT", help=say("option.near"))] = None,
    region_code: Annotated[str | None, typer.Option(help=say("option.region_code"))] = None,
    address: Annotated[str | None, typer.Option(help=say("option.address"))] = None,
    name: Annotated[str | None, typer.Option(help=say("option.name"))] = None,
    phone: Annotated[str | None, typer.Option(help=say("option.phone"))] = None,
    amount: Annotated[float | None, typer.Option(min=0, metavar="YUAN", help=say("option.amount"))] = None,
    transfer: Annotated[bool, typer.Option("--transfer", help=say("option.transfer"))] = False,
    exercise: Annotated[bool, typer.Option("--exercise", help=say("option.exercise"))] = False,
    count: Annotated[int, typer.Option(min=1, max=10_000, help=say("option.count"))] = 1,
) -> None:
    if (lat is None) != (lon is None):
        raise Stopped(say("fault.half_a_point"), code=2)
    place: dict[str, Any] = {"region_code": region_code, "address": address}
    if lat is not None:
        place["point"] = {"lat": lat, "lon": lon, "datum": datum.value}
    scam: dict[str, Any] = {"transfer_under_way": transfer}
    if amount is not None:
        scam["amount_at_risk_fen"] = round(Decimal(str(amount)) * 100)
    body = {
        "fraud_type": fraud_type,
        "mode": "exercise" if exercise else "actual",
        "places": {"current": place},
        "scam": scam,
        "narrative": say("send.narrative"),
    }
    subject = {key: value for key, value in (("name", name), ("phone", phone)) if value is not None}
    wanted = Wanted(risk=risk, body=body, subject=subject, near=near, count=count)
    settings, running = settings_of(ctx)
    sent = asyncio.run(_send(settings, running, wanted))
    if given(ctx).json:
        print_json(sent)
    else:
        for one in sent:
            typer.echo(say("send.sent", case_id=one["case_id"], topic=one["topic"]))


send.__doc__ = f"{say('help.send')}\n\n{say('example', command='quanzu send --risk URGENT --near 城关 --amount 50000')}"


async def _send(settings: Settings, running: Running | None, wanted: Wanted) -> list[dict[str, str]]:
    address = broker_of(settings)
    clock = clock_of(running)
    area = await _area_of(settings, wanted.near) if wanted.near is not None else None
    tag = uuid4().hex[:12]
    numbers = [f"{tag}-{index}" for index in range(wanted.count)]
    records = [
        record(
            source=SOURCE,
            number=number,
            ce_id=number,
            at=clock.now(),
            risk=wanted.risk,
            body=_body(wanted, index, tag, area),
        )
        for index, number in enumerate(numbers)
    ]
    _must_be_warnings(records[:1])
    sender = Sender(address, name="quanzu-send")
    try:
        await sender.send(records, within=10.0)
    finally:
        await sender.stop(within=2.0)
    return [
        {"case_id": str(case_id_for(SOURCE, number)), "topic": record.topic, "source": SOURCE, "number": number}
        for number, record in zip(numbers, records, strict=True)
    ]


def _body(wanted: Wanted, index: int, tag: str, area: shapely.Geometry | None) -> dict[str, Any]:
    subject = made_up_subject(index, tag=tag)
    if wanted.subject:  # somebody was named: the same person each time
        subject = {"name": subject["name"], "phone": subject["phone"]} | wanted.subject
    body = wanted.body | {"subject": subject}
    if area is not None:
        lat, lon = _point_in(area)
        current = wanted.body["places"]["current"] | {"point": {"lat": lat, "lon": lon, "datum": "WGS84"}}
        body["places"] = {"current": current}
    return body


def _must_be_warnings(records: list[Message]) -> None:
    """What is sent on purpose is a warning; `dead-letters` are made in other ways. Raises Stopped."""
    try:
        for one in records:
            WarningIssued.model_validate_json(one.value)
    except ValidationError as invalid:
        raise Stopped(say("fault.no_warning", reason=reasons(invalid)), code=2) from None


async def _area_of(settings: Settings, near: str) -> shapely.Geometry:
    """The area of the unit with this code, or with this in its name. Raises Stopped where none or several have it."""
    async with store_of(settings) as store, store.read() as conn:
        units = await registry.unit_names(conn)
        areas = await registry.read(conn, registry.Area, at=store.clock.now() if store.clock else None)
    codes = [unit.code for unit in units.values() if near == unit.code]
    codes = codes or [unit.code for unit in units.values() if near in unit.name_zh or near in unit.name_en]
    parts = [shapely.from_wkb(area.polygon) for area in areas if codes == [area.unit]]
    if not parts:
        raise Stopped(say("fault.no_area", unit=near), code=2)
    return shapely.union_all(parts)


def _point_in(area: shapely.Geometry) -> tuple[float, float]:
    west, south, east, north = area.bounds
    for _ in range(TRIES):
        lat, lon = random.uniform(south, north), random.uniform(west, east)  # noqa: S311 - no secret
        if shapely.contains_xy(area, lon, lat):
            return round(lat, 6), round(lon, 6)
    inside = area.representative_point()
    return inside.y, inside.x
