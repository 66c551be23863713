"""The native stack with stand-ins for our processes: what starts, what stays, and what a failure leaves behind."""

import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.native.ports import answers, free_port
from deploy.native.processes import StartError
from deploy.native.stack import METRICS_PORT, Service, Stack
from deploy.native.state import State

READY_SERVICE = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()

for needed in ("QUANZU_DATABASE", "QUANZU_KAFKA", "QUANZU_MASTER_KEYS", "QUANZU_INDEX_KEY"):
    os.environ[needed]
HTTPServer(("127.0.0.1", int(os.environ["QUANZU_METRICS_PORT"])), Ready).serve_forever()
"""
FAILS = (sys.executable, "-c", "raise SystemExit('no such table')")


@pytest.fixture(scope="module")
def stack(server_programs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of the real servers and two stand-ins that is up; erased afterwards."""
    made = _stack(tmp_path_factory.mktemp("up"))
    try:
        made.up()
        yield made
    finally:
        made.down(erase=True)


def test_a_second_up_starts_nothing(stack: Stack) -> None:
    before = _state(stack)

    stack.up()

    assert _state(stack).parts == before.parts
    assert list(before.parts) == ["postgres", "kafka", "first", "second"]
    assert stack.status()


def test_up_starts_only_what_has_died(stack: Stack) -> None:
    before = _state(stack)
    before.parts["postgres"].process("postgres").kill()
    before.parts["second"].process("second").kill()
    assert not stack.status()

    stack.up()

    assert stack.status()
    assert _changed(before, _state(stack)) == {"postgres", "second"}
    assert {name: _state(stack).ports(name) for name in before.parts} == {
        name: part.ports for name, part in before.parts.items()
    }


def test_a_taken_port_moves_the_service_on(stack: Stack) -> None:
    before = _state(stack)
    before.parts["second"].process("second").kill()
    wanted = before.ports("second")[METRICS_PORT]

    with socket.create_server(("127.0.0.1", wanted)):
        stack.up()

    assert _state(stack).ports("second")[METRICS_PORT] > wanted
    assert answers(_state(stack).parts["second"].ready_url)


def test_a_failed_up_leaves_what_ran_before(stack: Stack) -> None:
    before = _state(stack)
    broken = replace(stack, services=[*stack.services, _service("healthy"), _service("broken", FAILS)])

    with pytest.raises(StartError, match=r"broken ended by itself(?s:.*)no such table"):
        broken.up()

    assert _state(stack).parts == before.parts
    assert stack.status()


def test_down_stops_all_and_keeps_the_data(stack: Stack) -> None:
    before = _state(stack)

    stack.down()

    assert not any(before.alive(name) for name in before.parts)
    assert not (stack.home / "state.json").exists()
    assert (stack.home / "kafka" / "data" / "meta.properties").exists()
    assert (stack.home / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_a_failed_upgrade_leaves_nothing_running(server_programs: None, tmp_path: Path) -> None:
    stack = replace(_stack(tmp_path), upgrade=FAILS)
    try:
        with pytest.raises(StartError, match=r"database: .*exit code 1(?s:.*)no such table"):
            stack.up()

        assert not _state(stack).parts
    finally:
        stack.down(erase=True)


def _stack(folder: Path) -> Stack:
    return Stack(
        home=folder / "stack",
        services=[_service("first"), _service("second")],
        upgrade=(sys.executable, "-c", ""),
        declare_topics=lambda _: 0,
        postgres_port=free_port(),
        kafka_port=free_port(),
    )


def _service(name: str, argv: tuple[str, ...] = (sys.executable, "-c", READY_SERVICE)) -> Service:
    return Service(name=name, argv=argv, ports={METRICS_PORT: free_port()})


def _state(stack: Stack) -> State:
    return State.read(stack.home / "state.json")


def _changed(before: State, after: State) -> set[str]:
    return {name for name, part in after.parts.items() if part != before.parts.get(name)}
