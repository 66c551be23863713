"""run.json: where an installation with an embedded broker runs now, so that other commands of this machine find it."""

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from services.clock import SteadyClock

NAME = "run.json"


class Running(BaseModel):
    """What run.json says. `demo`: the keys are the demo's, which are no secret."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kafka: str
    pid: int
    api: str | None = None
    metrics: str | None = None
    database: str | None = None
    demo: bool = False
    tokens: dict[str, str] = {}


def find(var: Path) -> Running | None:
    """What runs now; None where nothing does, or where the file was left by a process that is gone."""
    try:
        running = Running.model_validate_json((var / NAME).read_bytes())
        os.kill(running.pid, 0)
    except (OSError, ValidationError):
        return None
    return running


@contextlib.contextmanager
def written(var: Path, running: Running) -> Iterator[None]:
    """run.json as long as the block lasts; only its owner may read it, because it may hold tokens."""
    path = var / NAME
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(running.model_dump(), file)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def clock_of(running: Running | None) -> SteadyClock:
    """The clock of what runs: a demo's may be faster than the host's, and only its api knows. Else the host's."""
    if running is None or running.api is None:
        return SteadyClock(datetime.now(UTC))
    token = next(iter(running.tokens.values()), "")
    bearer = {"authorization": f"Bearer {token}"} if token else {}
    answer = httpx2.get(f"{running.api}/clock", headers=bearer, timeout=3).raise_for_status()
    told: dict[str, Any] = answer.json()
    speed = float(told.get("speed", 1))
    lag = timedelta(seconds=answer.elapsed.total_seconds() / 2 * speed)
    return SteadyClock(datetime.fromisoformat(told["now"]) + lag, speed=speed)
