"""A timekeeper gives signs of life only while it keeps time, and ends itself when it can't although the database answers."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from prometheus_client import REGISTRY
from store_steps import context
from structlog.testing import capture_logs

from deploy.native.postgres import Postgres
from services.broker.link import BrokerAddress
from services.health import Health
from services.settings import Settings, read_settings
from services.store.engine import Store
from services.timekeeper import loop
from services.timekeeper.guard import Stuck
from services.wiring import Parts

SECRET = "/ping/3f0c-canary"


@dataclass(slots=True)
class Monitor:
    """A monitor on this machine that hears signs of life; it answers with `status`."""

    status: str = "200 OK"
    heard: list[str] = field(default_factory=list)
    port: int = 0
    more: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append((await reader.readline()).decode().strip())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {self.status}\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".encode())
        self.more.set()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def listening(status: str = "200 OK") -> AsyncIterator[Monitor]:
    monitor = Monitor(status)
    server = await asyncio.start_server(monitor.answer, "127.0.0.1", 0)
    async with server:
        monitor.port = server.sockets[0].getsockname()[1]
        yield monitor


def parts_on(store: Store, settings: Settings) -> Parts:
    assert store.clock is not None
    return Parts(
        settings=settings,
        store=store,
        clock=store.clock,
        context=context("R1"),
        broker=BrokerAddress(bootstrap="nowhere:1"),
        health=Health(),
    )


def pings(result: str) -> float:
    return REGISTRY.get_sample_value("quanzu_deadman_pings_total", {"result": result}) or 0


@asynccontextmanager
async def at_work(parts: Parts) -> AsyncIterator[None]:
    working = asyncio.create_task(loop.run(parts))
    try:
        yield
    finally:
        parts.stop.set()
        async with asyncio.timeout(20):
            await working


@pytest.mark.parametrize("status", ["200 OK", "500 Broken", "302 Found"])
async def test_a_sign_of_life_is_sent_and_its_address_kept_secret(
    postgres_store: Store, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    result = "sent" if status.startswith("200") else "failed"
    before = pings(result)
    async with listening(status) as monitor:
        url = f"http://127.0.0.1:{monitor.port}{SECRET}"
        parts = parts_on(postgres_store, read_settings(deadman_url=url, deadman_s=1))
        with capture_logs() as logs:
            async with at_work(parts), asyncio.timeout(20):
                await monitor.more.wait()
                while pings(result) == before:
                    await asyncio.sleep(0.01)

    assert set(monitor.heard) == {f"GET {SECRET} HTTP/1.1"}
    failed = [one for one in logs if one["event"] == "deadman.failed"]
    assert [one["host"] for one in failed][:1] == ([] if result == "sent" else ["127.0.0.1"])
    told = [str(one) for one in logs] + [one.getMessage() for one in caplog.records if one.name.startswith("httpx")]
    assert not [one for one in told if "canary" in one]
    assert "canary" not in repr(parts.settings)


async def test_no_sign_of_life_while_nobody_looks(postgres: Postgres, postgres_store: Store) -> None:
    async with listening() as monitor:
        url = f"http://127.0.0.1:{monitor.port}{SECRET}"
        parts = parts_on(postgres_store, read_settings(deadman_url=url, deadman_s=1, timekeeper_stuck_s=1))
        postgres.kill()
        try:
            before = pings("withheld")
            async with at_work(parts), asyncio.timeout(20):
                while pings("withheld") < before + 2:
                    await asyncio.sleep(0.01)
        finally:
            await asyncio.to_thread(postgres.start)

    assert len(monitor.heard) <= 1  # before it was seen that the database is away; and it did not end itself


async def test_a_timekeeper_that_stands_still_ends_itself(sqlite_url: str, postgres_store: Store) -> None:
    """Its look never gets its turn, and the database answers all the while: what it raises ends the process with 1."""
    store = Store(sqlite_url, name="test")
    store.clock = postgres_store.clock
    parts = parts_on(store, read_settings(timekeeper_stuck_s=1))
    try:
        async with store._one_writer, asyncio.timeout(30):
            with capture_logs() as logs, pytest.raises(Stuck):
                await loop.run(parts)
    finally:
        await store.close()

    assert "timekeeper.stuck" in [one["event"] for one in logs]
