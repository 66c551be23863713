"""The demo as a newcomer gets it, at a faster clock: cases move, one breaches, the end adds up and leaves nothing."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from services.cli.demo import Playing, demo_settings, play, summary_lines
from services.cli.demo_words import TEXTS, say
from services.domain.figures import Share
from services.settings import Settings
from services.store.summary import Summary

WALL_MINUTES = 18 / 60
FAST = Playing(speed=60, minutes=WALL_MINUTES, every_s=1.0)


def here(tmp_path: Path, **given: object) -> Settings:
    return demo_settings(var=tmp_path, api_port=0, metrics_port=0, **given)


class Screen:
    """What the demo said, and the run.json that it had while it ran."""

    def __init__(self, var: Path) -> None:
        self.lines: list[str] = []
        self.run: dict[str, object] = {}
        self.mode = 0
        self._path = var / "run.json"

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        if self._path.exists() and not self.run:
            self.run = json.loads(self._path.read_text())
            self.mode = stat.S_IMODE(self._path.stat().st_mode)

    def told(self, word: str) -> list[str]:
        return [line for line in self.lines if word in line]


def ask(database: Path, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(question).fetchall()


def count(database: Path, question: str) -> object:
    return ask(database, question)[0][0]


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")


async def test_the_demo_plays_and_its_summary_equals_the_rows(tmp_path: Path, english: None) -> None:
    screen = Screen(tmp_path)

    async with asyncio.timeout(60):
        code, counted = await play(here(tmp_path), FAST, screen)

    assert code == 0, screen.lines
    database = tmp_path / "demo.db"
    assert screen.told(" assigned ")
    assert screen.told(" acknowledged by ")
    assert screen.told(" BREACHED ACK")
    assert "/phone#token=qz_" in screen.told("waits for you  phone")[0]
    assert counted.warnings == count(database, "SELECT count(*) FROM received") > 5
    assert counted.cases == count(database, "SELECT count(*) FROM cases")
    assert counted.acknowledged == count(database, "SELECT count(acknowledged_at) FROM cases") >= 1
    assert counted.closed == count(database, "SELECT count(*) FROM cases WHERE state = 'CLOSED'")
    assert counted.reported == count(database, "SELECT count(feedback_at) FROM cases")
    assert counted.dead_letters == count(database, "SELECT count(*) FROM dead_letter") == 1
    assert counted.breached_by_limit == dict(
        ask(
            database,
            "SELECT json_extract(detail, '$.timer'), count(*) FROM event WHERE action = 'BREACH' GROUP BY 1",
        )
    )
    assert counted.breached_by_limit["ACK"] >= 1
    assert counted.assigned_by_rule == dict(
        ask(database, "SELECT routed_by, count(*) FROM cases WHERE assigned_at IS NOT NULL GROUP BY 1")
    )
    within = "feedback_at - issued_at <= 3600 * 1000000"
    assert counted.one_hour.part == count(database, f"SELECT count(*) FROM cases WHERE {within}")  # noqa: S608
    _leaves_nothing(tmp_path, screen)


def _leaves_nothing(var: Path, screen: Screen) -> None:
    assert not (var / "run.json").exists()
    assert screen.mode == 0o600
    assert screen.run["pid"] == os.getpid()
    for address in (str(screen.run["kafka"]), str(screen.run["api"]).removeprefix("http://")):
        host, _, port = address.partition(":")
        with closing(socket.socket()) as probe:
            assert probe.connect_ex((host, int(port))) != 0
    assert {task for task in asyncio.all_tasks() if task is not asyncio.current_task()} == set()
    token = screen.run["tokens"]["operator"]  # type: ignore[index]  # a document of JSON
    assert screen.told(f"Bearer {token}")
    assert not (var / "demo.db").read_bytes().count(token.encode())


async def test_every_fifth_case_is_left_to_the_person(tmp_path: Path, english: None) -> None:
    screen = Screen(tmp_path)

    async with asyncio.timeout(60):
        await play(here(tmp_path), Playing(speed=60, minutes=9 / 60, every_s=0.5), screen)

    assert not screen.told("W-0005  acknowledged")
    assert screen.told("W-0004  acknowledged") or screen.told("W-0003  acknowledged")


async def test_a_second_start_forgets_the_first_and_is_quick(tmp_path: Path, english: None) -> None:
    short = Playing(speed=10, minutes=1 / 60, every_s=10)
    loop = asyncio.get_running_loop()

    async with asyncio.timeout(60):
        await play(here(tmp_path), short, Screen(tmp_path))
        began = loop.time()
        _, counted = await play(here(tmp_path), short, Screen(tmp_path))

    assert counted.warnings <= 1
    assert loop.time() - began < 15


async def test_a_port_in_use_is_replaced_and_said(tmp_path: Path, english: None) -> None:
    screen = Screen(tmp_path)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]

        async with asyncio.timeout(60):
            await play(
                demo_settings(var=tmp_path, api_port=port, metrics_port=0),
                Playing(speed=10, minutes=0.5 / 60, every_s=10),
                screen,
            )

    assert screen.told(f"port {port} is in use")
    assert str(screen.run["api"]) != f"http://127.0.0.1:{port}"


async def test_ctrl_c_ends_it_in_good_order(tmp_path: Path) -> None:
    surroundings = {**os.environ, "QUANZU_VAR": str(tmp_path), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    demo = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.cli", "demo"),
        env=surroundings | {"QUANZU_API_PORT": "0", "QUANZU_METRICS_PORT": "0", "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert demo.stdout is not None
    async with asyncio.timeout(40):
        while b"W-0001" not in await demo.stdout.readline():
            pass
        demo.send_signal(signal.SIGINT)
        rest = (await demo.stdout.read()).decode()
        code = await demo.wait()

    assert code == 0, rest
    assert "Stopped. The data stays in" in rest
    assert "Traceback" not in rest
    assert not (tmp_path / "run.json").exists()


def test_a_rate_of_nothing_is_a_dash(english: None) -> None:
    nothing = Summary(
        warnings=0,
        cases=0,
        assigned_by_rule={},
        acknowledged=0,
        breached_by_limit={},
        reported=0,
        closed=0,
        dead_letters=0,
        one_hour=Share(part=0, whole=0),
    )

    assert summary_lines(nothing)[-1].endswith(": –")


def test_the_demos_database_and_keys_withstand_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANZU_DATABASE", "postgresql://somebody@real:5432/truth")
    monkeypatch.setenv("QUANZU_KAFKA", "real:9092")

    settings = demo_settings(var=tmp_path)

    assert settings.database == f"sqlite:///{tmp_path / 'demo.db'}"
    assert settings.kafka == ""
    assert not settings.production


def test_the_demo_speaks_both_languages(monkeypatch: pytest.MonkeyPatch, english: None) -> None:
    assert all(len(pair) == 2 and all(pair) for pair in TEXTS.values())
    assert say("summary") == "summary"

    monkeypatch.setenv("LANG", "zh_CN.UTF-8")

    assert say("summary") == "小结"
