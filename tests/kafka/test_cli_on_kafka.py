"""The commands that speak to a real Kafka: replay with a router at work, dead letters sent again and mended."""

import asyncio
import base64
import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.native.kafka import Kafka
from schemas.envelope import EventType
from schemas.topics import WARNING_ISSUED
from services.broker.link import BrokerAddress
from services.broker.producer import Message, Sender

QUANZU = [sys.executable, "-m", "services.cli"]
SQUARE = [[[131.0, 19.0], [131.1, 19.0], [131.1, 19.1], [131.0, 19.1], [131.0, 19.0]]]


@pytest.fixture
def env(database_url: str, kafka: Kafka, tmp_path: Path) -> dict[str, str]:
    keys = {name: base64.b64encode(os.urandom(32)).decode() for name in ("QUANZU_MASTER_KEYS", "QUANZU_INDEX_KEY")}
    places = {"QUANZU_DATABASE": database_url, "QUANZU_KAFKA": kafka.bootstrap, "QUANZU_VAR": str(tmp_path)}
    return {**os.environ, **keys, **places, "QUANZU_METRICS_PORT": "0", "LC_ALL": "C"}


@pytest.fixture
def router(env: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A router with one square precinct, ended by SIGTERM, which it must obey."""
    feature = {"type": "Feature", "properties": {"code": "A"}, "geometry": {"type": "Polygon", "coordinates": SQUARE}}
    areas = tmp_path / "areas.geojson"
    areas.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    _quanzu(env, "db", "upgrade")
    _quanzu(env, "registry", "import", "--jurisdictions", areas, "--code", "code", "--commit")
    with (tmp_path / "router.log").open("w") as log:
        process = subprocess.Popen([*QUANZU, "serve", "router"], env=env, stdout=log, text=True)
    yield process
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_every_replayed_row_is_accounted_for(
    env: dict[str, str], router: subprocess.Popen[str], tmp_path: Path
) -> None:
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

    summary = _json(env, *words)

    counts = {name: summary[name] for name in ("sent", "cases", "merged", "dead_letters", "unsettled")}
    assert counts == {"sent": 6, "cases": 4, "merged": 1, "dead_letters": 1, "unsettled": 0}
    assert summary["by_rule"] == {"POLYGON": 4, "CENTRE": 1}
    assert (summary["labelled"], summary["right"], summary["agreement"]) == (4, 3, 0.75)


def test_a_dead_letter_goes_again_as_it_was_and_mended(
    env: dict[str, str], router: subprocess.Popen[str], tmp_path: Path
) -> None:
    asyncio.run(_send_broken(env["QUANZU_KAFKA"]))
    letter = _until(env, 1)[0]
    assert "oops" not in json.dumps(letter)

    again = _json(env, "dead-letters", "replay", letter["id"])

    first, second = sorted(_until(env, 2), key=lambda one: int(one["id"]))
    raw = [_json(env, "dead-letters", "show", one["id"], "--raw", "--reason", "test")["raw"] for one in (first, second)]
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
    _quanzu(env, "dead-letters", "mend", second["id"], "--file", mended)

    assert _numbers_with_a_case(env) == ["M-1"]


def test_doctor_misses_the_topics_that_are_not_there(env: dict[str, str], tmp_path: Path) -> None:
    _quanzu(env, "db", "upgrade")
    away = {**env, "QUANZU_KAFKA": "127.0.0.1:1"}

    done = subprocess.run(
        [*QUANZU, "--json", "doctor"], env=away, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 1
    assert {one["name"] for one in json.loads(done.stdout) if one["well"] is False} == {"broker"}


async def _send_broken(bootstrap: str) -> None:
    sender = Sender(BrokerAddress(bootstrap=bootstrap))
    headers = [("ce_id", b"broken"), ("ce_source", b"/test"), ("ce_specversion", b"1.0")]
    headers.append(("ce_type", EventType.WARNING_ISSUED.value.encode()))
    try:
        await sender.send([Message(topic=WARNING_ISSUED, key=b"k", value=b"{oops", headers=headers)], within=20)
    finally:
        await sender.stop()


def _until(env: dict[str, str], count: int) -> list[dict[str, Any]]:
    """The dead letters of our broken record, asked for until there are so many; each asking takes its time by itself."""
    for _ in range(40):
        letters = [one for one in _json(env, "dead-letters", "list") if one["size"] == len("{oops")]
        if len(letters) == count:
            return letters
    raise AssertionError(f"no {count} dead letters")


def _numbers_with_a_case(env: dict[str, str]) -> list[str]:
    for _ in range(40):
        found = [_json(env, "cases", "show", one["case_id"]) for one in _json(env, "cases", "list")]
        numbers = [one["instruction_number"] for one in found if one["source"] == "/test"]
        if numbers:
            return numbers
    raise AssertionError("the mended warning is no case")


def _json(env: dict[str, str], *words: object) -> Any:
    return json.loads(_quanzu(env, "--json", *words))


def _quanzu(env: dict[str, str], *words: object) -> str:
    done = subprocess.run([*QUANZU, *map(str, words)], env=env, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
