"""The commands that speak to a real Kafka: replay with a router at work, dead letters sent again and mended."""

import asyncio
import base64
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.native.kafka import Kafka
from deploy.native.processes import ROOT
from schemas.envelope import EventType
from schemas.topics import WARNING_ISSUED
from services.broker.link import BrokerAddress
from services.broker.producer import Message, Sender
from services.cli import main
from tests.topics import renew_topics

Quanzu = Callable[..., Any]
QUANZU = [sys.executable, "-m", "services.cli"]
LETTER = "dead-letter"
SQUARE = [[[131.0, 19.0], [131.1, 19.0], [131.1, 19.1], [131.0, 19.1], [131.0, 19.0]]]


@pytest.fixture
def quanzu(
    database_url: str, kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Quanzu:
    """Run a command on a fresh database and empty topics; gives what it said, and fails where it failed."""
    asyncio.run(renew_topics(kafka.bootstrap))
    for name in ("QUANZU_MASTER_KEYS", "QUANZU_INDEX_KEY"):
        monkeypatch.setenv(name, base64.b64encode(os.urandom(32)).decode())
    places = {"QUANZU_DATABASE": database_url, "QUANZU_KAFKA": kafka.bootstrap, "QUANZU_VAR": str(tmp_path)}
    for name, value in {**places, "QUANZU_METRICS_PORT": "0", "QUANZU_IDENTITY": "tokens", "LC_ALL": "C"}.items():
        monkeypatch.setenv(name, value)

    def run(*words: object, code: int = 0) -> Any:
        ended = main(["--json", *map(str, words)])
        said = capsys.readouterr()
        assert ended == code, said.err
        return json.loads(said.out) if said.out.startswith(("[", "{")) else said.out

    return run


@pytest.fixture
def router(quanzu: Quanzu, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A router with one square precinct, ended by SIGTERM, which it must obey."""
    feature = {"type": "Feature", "properties": {"code": "A"}, "geometry": {"type": "Polygon", "coordinates": SQUARE}}
    areas = tmp_path / "areas.geojson"
    areas.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    quanzu("db", "upgrade")
    quanzu("registry", "import", "--jurisdictions", areas, "--code", "code", "--commit")
    with (tmp_path / "router.log").open("w") as log:
        process = subprocess.Popen([*QUANZU, "serve", "router"], stdout=log, text=True)
    yield process
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_every_replayed_row_is_accounted_for(quanzu: Quanzu, router: subprocess.Popen[str], tmp_path: Path) -> None:
    rows = [("1", "19.05", "131.05", "A", ""), ("2", "19.05", "131.06", "B", ""), ("3", "", "", "", "")]
    rows += [("4", "19.05", "131.05", "A", ""), ("4", "19.05", "131.05", "A", ""), ("5", "", "", "", "no code")]
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("number", "lat", "lon", "unit", "region"), *rows])
    words = [
        "replay",
        path,
        "--id",
        "number",
        "--label",
        "unit",
        "--region-code",
        "region",
        "--wait",
        "60",
        "--rate",
        "50",
    ]

    summary = quanzu(*words)

    counts = {name: summary[name] for name in ("sent", "cases", "merged", "dead_letters", "unsettled")}
    assert counts == {"sent": 6, "cases": 4, "merged": 1, "dead_letters": 1, "unsettled": 0}
    assert summary["by_rule"] == {"POLYGON": 4, "CENTRE": 1}
    assert (summary["labelled"], summary["right"], summary["agreement"]) == (4, 3, 0.75)


def test_a_dead_letter_goes_again_as_it_was_and_mended(
    quanzu: Quanzu, router: subprocess.Popen[str], tmp_path: Path
) -> None:
    asyncio.run(_send_broken(os.environ["QUANZU_KAFKA"]))
    letter = _until(quanzu, 1)[0]
    assert "oops" not in json.dumps(letter)

    again = quanzu("dead-letters", "replay", letter["id"])

    first, second = sorted(_until(quanzu, 2), key=lambda one: int(one["id"]))
    raw = [quanzu("dead-letters", "show", one["id"], "--raw", "--reason", "test")["raw"] for one in (first, second)]
    assert again == {"sent": [letter["id"]], "without_bytes": []}
    assert raw[0] == raw[1]
    assert raw[0]["value"] == "{oops"
    assert (first["replayed_at"] is not None, second["replayed_at"]) == (True, None)
    assert first["partition"] == second["partition"]

    mended = tmp_path / "mended.json"
    body = {
        "instruction_number": "M-1",
        "issued_at": "2026-01-01T00:00:00Z",
        "risk": "LOW",
        "subject": {"name": "测试甲"},
    }
    mended.write_text(json.dumps(body))
    quanzu("dead-letters", "mend", second["id"], "--file", mended)

    assert _numbers_with_a_case(quanzu, "/test") == ["M-1"]
    opened = "DEAD_LETTER_OPENED"
    assert asyncio.run(_on_record()) == ["DEAD_LETTER_SENT", opened, opened, "DEAD_LETTER_SENT"]


def test_doctor_says_that_the_broker_is_away(quanzu: Quanzu) -> None:
    quanzu("db", "upgrade")

    findings = quanzu("--kafka", "127.0.0.1:1", "doctor", code=1)

    assert {one["name"] for one in findings if one["well"] is False} == {"broker"}


def test_the_readme_program_sends_a_warning_that_becomes_a_case(quanzu: Quanzu, router: subprocess.Popen[str]) -> None:
    (program,) = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    program = program.replace("127.0.0.1:19092", os.environ["QUANZU_KAFKA"])

    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)

    assert _numbers_with_a_case(quanzu, "/example") == ["E-1"]


async def _on_record() -> list[str]:
    """What was done to dead letters, in order."""
    conn = await asyncpg.connect(os.environ["QUANZU_DATABASE"])
    try:
        return [
            row["action"] for row in await conn.fetch("SELECT action FROM audit WHERE about = $1 ORDER BY id", LETTER)
        ]
    finally:
        await conn.close()


async def _send_broken(bootstrap: str) -> None:
    sender = Sender(BrokerAddress(bootstrap=bootstrap))
    headers = [("ce_id", b"broken"), ("ce_source", b"/test"), ("ce_specversion", b"1.0")]
    headers.append(("ce_type", EventType.WARNING_ISSUED.value.encode()))
    try:
        await sender.send([Message(topic=WARNING_ISSUED, key=b"k", value=b"{oops", headers=headers)], within=20)
    finally:
        await sender.stop()


def _until(quanzu: Quanzu, count: int) -> list[dict[str, Any]]:
    """The dead letters of our broken record, asked for until there are so many, within a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        letters = [one for one in quanzu("dead-letters", "list") if one["size"] == len("{oops")]
        if len(letters) == count:
            return letters
    raise AssertionError(f"no {count} dead letters")


def _numbers_with_a_case(quanzu: Quanzu, source: str) -> list[str]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = [quanzu("cases", "show", one["case_id"]) for one in quanzu("cases", "list")]
        numbers = [one["instruction_number"] for one in found if one["source"] == source]
        if numbers:
            return numbers
    raise AssertionError("the mended warning is no case")
