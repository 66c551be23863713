"""A real Prometheus beside the four real processes: every panel of the dashboard has something to show."""

import asyncio
import base64
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from deploy.native.kafka import Kafka
from deploy.native.ports import free_port
from deploy.native.processes import ROOT
from deploy.native.prometheus import Prometheus
from services.broker.link import BrokerAddress
from services.broker.producer import Sender
from services.broker.topics import ensure_topics
from services.clock import SteadyClock
from services.simulator.county import county
from services.simulator.seed import Tokens, seed
from services.simulator.traffic import Traffic
from services.store import schema
from services.store.engine import Store
from tests.watch.panels import JOBS, without_data

WITHIN_S = 180.0
LONG_AGO = timedelta(minutes=61)  # a warning that old is late in everything: its limits fire at once


@contextmanager
def serving(name: str, environment: dict[str, str], log: Path) -> Iterator[str]:
    """One process of the stack; gives where it tells its metrics, and expects it to end well."""
    port = free_port()
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", "serve", name],
            env={**os.environ, **environment, "QUANZU_METRICS_PORT": str(port)},
            stdout=said,
            cwd=ROOT,
        )
    try:
        yield f"127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()[-2000:]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = Store(database_url, name="test")
    opened.clock = SteadyClock(await opened.measure_time())
    await schema.upgrade(opened)
    yield opened
    await opened.close()


async def ready(client: httpx2.AsyncClient, address: str) -> None:
    while True:
        try:
            if (await client.get(f"http://{address}/readyz")).status_code == httpx2.codes.OK:
                return
        except httpx2.TransportError:
            pass
        await asyncio.sleep(0.1)


async def work(client: httpx2.AsyncClient, tokens: Tokens) -> None:
    """Take one case, if there is one, from its instruction to its feedback."""
    operator = {"Authorization": f"Bearer {tokens.operator}"}
    found = (await client.get("/cases", params={"state": "ASSIGNED", "limit": "1"}, headers=operator)).json()["items"]
    for case in found:
        responder = {"Authorization": f"Bearer {tokens.responders[case['responder']]}"}
        turn = case["turn"]
        for command, body in (
            ("acknowledgement", {}),
            ("attempts", {"result": "REACHED_VOICE", "channel": "call"}),
            ("contact", {"mode": "voice"}),
            ("conclusion", {"outcome": "DISSUADED_NO_LOSS"}),
            ("feedback", {"text": "测试反馈"}),
        ):
            headers = {**responder, "Idempotency-Key": uuid4().hex, "If-Match": f'"{turn}"'}
            answer = await client.post(f"/cases/{case['case_id']}/{command}", json=body, headers=headers)
            if answer.status_code != httpx2.codes.OK:
                return  # the timekeeper was first; there will be another
            turn = answer.json()["turn"]


async def test_every_panel_returns_data_from_the_running_stack(
    promtool: Path, store: Store, kafka: Kafka, database_url: str, tmp_path: Path
) -> None:
    assert promtool
    async with store.begin() as tx:
        tokens = await seed(tx)
    address = BrokerAddress(bootstrap=kafka.bootstrap)
    await ensure_topics(address)
    keys = {name: base64.b64encode(os.urandom(32)).decode() for name in ("QUANZU_MASTER_KEYS", "QUANZU_INDEX_KEY")}
    api = free_port()
    environment = {
        **keys,
        "QUANZU_DATABASE": database_url,
        "QUANZU_KAFKA": kafka.bootstrap,
        "QUANZU_API_PORT": str(api),
        "QUANZU_IDENTITY": "tokens",
    }
    traffic = Traffic(county(), source=f"/simulation/{uuid4()}", seed=7)
    sender = Sender(address, name="test")
    async with asyncio.timeout(WITHIN_S), httpx2.AsyncClient(base_url=f"http://127.0.0.1:{api}") as client:
        with ExitStack() as stack:
            targets = {
                job: [stack.enter_context(serving(name, environment, tmp_path / f"{name}.log"))]
                for job, name in zip(JOBS, ("router", "timekeeper", "relay", "api"), strict=True)
            }
            await asyncio.gather(*(ready(client, place) for (place,) in targets.values()))
            prometheus = Prometheus(home=tmp_path / "prometheus", targets=targets)
            await asyncio.to_thread(prometheus.start)
            stack.callback(prometheus.stop)
            assert store.clock is not None
            empty = ["nothing asked yet"]
            while empty:
                now = store.clock.now()
                await sender.send([traffic.next(now), traffic.next(now), traffic.next(now - LONG_AGO)])
                await work(client, tokens)
                empty = await asyncio.to_thread(without_data, prometheus)
    await sender.stop()
