"""The native stack with stand-ins for our processes: what starts, what stays, and what a failure leaves behind."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.native.ports import answers, free_port
from deploy.native.processes import MissingError, StartError
from deploy.native.stack import METRICS_PORT, Service, Stack
from deploy.native.state import State

READY_SERVICE = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()

for needed in ("QUANZU_DATABASE", "QUANZU_KAFKA", "QUANZU_MASTER_KEY"):
    os.environ[needed]
HTTPServer(("127.0.0.1", int(os.environ["QUANZU_METRICS_PORT"])), Ready).serve_forever()
"""
WORKS = (sys.executable, "-c", "")
FAILS = (sys.executable, "-c", "raise SystemExit('no such table')")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack of the real servers and two stand-ins, erased afterwards."""
    made = _stack(tmp_path)
    yield made
    made.down(erase=True)


def test_up_starts_only_what_does_not_run(stack: Stack) -> None:
    _up(stack)
    first = _state(stack)
    first.parts["second"].process("second").kill()
    assert not stack.status()

    stack.up()
    again = _state(stack)

    assert stack.status()
    assert list(again.parts) == ["postgres", "kafka", "first", "second"]
    assert {name for name, part in again.parts.items() if part != first.parts[name]} == {"second"}
    assert again.ports("second") == first.ports("second")
    assert _mode(stack.home / "secrets.env") == 0o600


def test_down_stops_all_and_keeps_data(stack: Stack) -> None:
    _up(stack)
    running = _state(stack)
    secret = (stack.home / "secrets.env").read_text()

    stack.down()

    assert not any(running.alive(name) for name in running.parts)
    assert not _state(stack).parts
    assert (stack.home / "kafka" / "data" / "meta.properties").exists()
    stack.up()
    assert (stack.home / "secrets.env").read_text() == secret


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"upgrade": FAILS}, "database: .*exit code 1(?s:.*)no such table"),
        ({"services": [Service(name="first", argv=FAILS, ports={METRICS_PORT: 21_000})]}, "first ended by itself"),
    ],
)
def test_a_half_failed_up_leaves_nothing_running(tmp_path: Path, broken: dict[str, object], told: str) -> None:
    stack = _stack(tmp_path, **broken)
    try:
        with pytest.raises(StartError, match=told):
            _up(stack)

        assert not _state(stack).parts
        assert not (stack.home / "state.json").exists()
    finally:
        stack.down(erase=True)


def test_a_taken_port_moves_the_service_on(stack: Stack) -> None:
    _up(stack)
    wanted = _state(stack).ports("first")[METRICS_PORT]
    other = _stack(stack.home.parent / "other", services=[_service("first", wanted)])
    try:
        _up(other)

        assert _state(other).ports("first")[METRICS_PORT] > wanted
        assert answers(_state(other).parts["first"].ready_url)
    finally:
        other.down(erase=True)


def _stack(folder: Path, **changes: object) -> Stack:
    services = [_service("first", free_port()), _service("second", free_port())]
    plan = {"services": services, "upgrade": WORKS, "declare_topics": lambda _: 0, **changes}
    return Stack(home=folder / "stack", **plan)  # type: ignore[arg-type]  # the changes are a test's own


def _service(name: str, port: int) -> Service:
    return Service(name=name, argv=(sys.executable, "-c", READY_SERVICE), ports={METRICS_PORT: port})


def _up(stack: Stack) -> None:
    try:
        stack.up()
    except MissingError as missing:
        pytest.skip(str(missing))


def _state(stack: Stack) -> State:
    return State.read(stack.home / "state.json")


def _mode(file: Path) -> int:
    return file.stat().st_mode & 0o777
