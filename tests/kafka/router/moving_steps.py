"""Steps of the tests in which a case moves on by itself: every process at work, few people on duty, each case watched."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2
from router_steps import MOTING, Centre
from sqlalchemy import Row, delete, insert, select

from schemas.topics import CASE_CHANGED, INSTRUCTION_ISSUED
from services.api import app
from services.domain.words import Role
from services.handlers.units import lead
from services.relay import loop as relay
from services.router import loop as router
from services.simulator.county import random_point
from services.store import policies, tables, tokens
from services.timekeeper import loop as timekeeper
from services.wiring import Parts, opened

HOME, NEXT = "MT02", "MT03"
BOUND = timedelta(seconds=5)


def people(unit: str) -> list[str]:
    return sorted(one.code for one in MOTING.responders if one.unit == unit)


async def only_on_duty(centre: Centre, *responders: str) -> None:
    """Everybody else goes home."""
    async with centre.store.begin() as tx:
        await tx.conn.execute(delete(tables.duty))
        for one in responders:
            shift = {"starts_at": tx.now - timedelta(hours=1), "ends_at": tx.now + timedelta(days=1)}
            await tx.conn.execute(insert(tables.duty).values(responder=one, **shift))


async def led_by(centre: Centre, head: str) -> None:
    async with centre.store.begin() as tx:
        assert await lead(tx, HOME, head, by="test")


async def soon_over(centre: Centre, *, ack_s: float) -> None:
    """From now on an instruction must be acknowledged within so many seconds."""
    document = policies.default_document()
    for limits in document["limits_min"].values():
        limits["ACK"] = ack_s / 60
    async with centre.store.begin() as tx:
        await policies.publish(tx, document, by="test", note="short", at=tx.now)


@dataclass(slots=True, kw_only=True)
class Stack:
    """A router, a timekeeper, a relay and the api, all at work on one centre."""

    centre: Centre
    client: httpx2.AsyncClient
    secrets: Mapping[str, str]
    keys: int = 0

    async def warn(self) -> str:
        """A HIGH warning inside HOME; its instruction number."""
        unit = next(unit for unit in MOTING.units if unit.code == HOME)
        lat, lon = random_point(self.centre.random, unit)
        warning = self.centre.warning(places={"current": {"point": {"lat": lat, "lon": lon, "datum": "WGS84"}}})
        await self.centre.send(warning)
        number: str = warning["instruction_number"]
        return number

    async def asked(self, number: str, responder: str | None) -> "Row[Any]":
        """Wait until the case is with `responder`, or with nobody; the case."""

        async def so() -> Any:
            case = (await self.centre.cases()).get(number)
            return case if case is not None and case.responder == responder else None

        found: Row[Any] = await self.centre.until(so)
        return found

    async def decline(self, case: "Row[Any]") -> datetime:
        """By whoever was asked; when it was said."""
        self.keys += 1
        said_at = self.centre.now()
        answer = await self.client.post(
            f"/cases/{case.case_id}/decline",
            json={"reason": "测试"},
            headers={
                "authorization": f"Bearer {self.secrets[case.responder]}",
                "idempotency-key": f"key-{self.keys}",
                "if-match": f'"{case.turn}"',
            },
        )
        assert answer.status_code == 200, answer.text
        return said_at

    async def timeline(self, case: "Row[Any]") -> "list[Row[Any]]":
        async with self.centre.store.read() as conn:
            question = select(tables.event).where(tables.event.c.case_id == case.id).order_by(tables.event.c.version)
            return list(await conn.execute(question))

    async def told(self, case: "Row[Any]", topic: str = CASE_CHANGED) -> list[dict[str, Any]]:
        """The messages of the case on a topic, in the order of their versions, once the last version is there."""

        async def whole() -> Any:
            found = [
                body
                for body in await self.centre.messages(self.centre.settings.kafka, topic)
                if body["case_id"] == str(case.case_id)
            ]
            by_version = {body["version"]: body for body in found}
            newest = max(by_version, default=0)
            wanted = case.version if topic == CASE_CHANGED or case.responder is not None else newest
            return [by_version[version] for version in sorted(by_version)] if newest == wanted else None

        messages: list[dict[str, Any]] = await self.centre.until(whole)
        return messages

    async def instructed(self, case: "Row[Any]") -> list[str]:
        """Who got an instruction, in order."""
        return [body["responder"] for body in await self.told(case, INSTRUCTION_ISSUED)]


@asynccontextmanager
async def at_work(centre: Centre) -> AsyncIterator[Stack]:
    """Every process from its first connection until it has stopped in good order."""
    secrets = {}
    async with centre.store.begin() as tx:
        for code in (*people(HOME), *people(NEXT)):
            unit = HOME if code in people(HOME) else NEXT
            secrets[code] = await tokens.make(tx, code, role=Role.RESPONDER, unit=unit, responder=code)
    async with AsyncExitStack() as stack:
        for run, name in ((router.run, "router"), (timekeeper.run, "timekeeper"), (relay.run, "relay")):
            await stack.enter_async_context(_running(centre, run, name))
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def serve(parts: Parts) -> Coroutine[Any, Any, None]:
            return app.run(parts, on_port=port.set_result)

        await stack.enter_async_context(_running(centre, serve, "api"))
        async with asyncio.timeout(20):
            url = f"http://127.0.0.1:{await port}"
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=url))
        yield Stack(centre=centre, client=client, secrets=secrets)


@asynccontextmanager
async def _running(centre: Centre, run: Callable[[Parts], Awaitable[None]], name: str) -> AsyncIterator[None]:
    settings = centre.settings.model_copy(update={"api_port": 0})
    async with opened(settings, name=name) as parts:
        working = asyncio.ensure_future(run(parts))
        try:
            yield
        finally:
            parts.stop.set()
            async with asyncio.timeout(15):
                await working
