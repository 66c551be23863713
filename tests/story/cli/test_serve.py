"""serve: health is told first, a signal ends it in good order, one process that ends takes the others along."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from deploy.native.ports import free_port
from services.cli.serve import together
from services.settings import read_settings
from services.wiring import Parts, opened
from tests.story.cli.conftest import Quanzu


@pytest.fixture
def waiting_server(settings: None, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A router whose database and broker are away, and the port where it tells its health."""
    port = free_port()
    away = {"QUANZU_DATABASE": "postgresql://a:b@127.0.0.1:1/x", "QUANZU_KAFKA": "127.0.0.1:2"}
    process = subprocess.Popen(
        [sys.executable, "-m", "services.cli", "serve", "router"],
        env={**os.environ, **away, "QUANZU_METRICS_PORT": str(port)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "serve.started"
    yield process, port
    process.kill()
    process.communicate()


def test_health_says_what_it_waits_for(waiting_server: tuple[subprocess.Popen[str], int]) -> None:
    _, port = waiting_server
    with pytest.raises(HTTPError) as answer:
        urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5)

    with answer.value as refused:
        assert refused.code == 503
        assert "database" in json.load(refused)["waiting_for"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_waiting_process(
    waiting_server: tuple[subprocess.Popen[str], int], number: signal.Signals
) -> None:
    process, _ = waiting_server
    began = time.monotonic()

    process.send_signal(number)

    assert process.wait(10) == 0
    assert time.monotonic() - began < 5


async def test_a_failing_process_stops_the_others(installed: Quanzu) -> None:
    ended = []

    async def fails(parts: Parts) -> None:
        raise RuntimeError("made to fail")

    async def works(parts: Parts) -> None:
        await parts.stop.wait()
        ended.append("in good order")

    async with opened(read_settings(), name="test") as parts:
        assert await together(parts, {"works": works, "fails": fails}) == 1

    assert ended == ["in good order"]


async def test_a_process_that_ends_early_is_a_failure(installed: Quanzu) -> None:
    async def ends(parts: Parts) -> None:
        await asyncio.sleep(0)

    async with opened(read_settings(), name="test") as parts:
        assert await together(parts, {"ends": ends}) == 1


async def test_processes_asked_to_stop_are_no_failure(installed: Quanzu) -> None:
    async def works(parts: Parts) -> None:
        parts.stop.set()
        await parts.stop.wait()

    async with opened(read_settings(), name="test") as parts:
        assert await together(parts, {"works": works}) == 0
