"""Desk: carries out a plan of one person over the HTTP API, in the time of the clock. Decides nothing."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx2
import structlog

from services.clock import Clock
from services.simulator.behaviour import Step

log = structlog.get_logger(__name__)

TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What one person will do with one case, as last seen in `turn`. `name` makes its commands' keys its own."""

    name: str
    case_id: UUID
    turn: int
    token: str
    steps: tuple[Step, ...]


class Desk:
    """`answers` counts the answers by status, for the summary and for tests."""

    def __init__(self, client: httpx2.AsyncClient, clock: Clock, *, pause_s: float = 1.0) -> None:
        self.answers: dict[int, int] = {}
        self._pause_s = pause_s  # before a step is tried again; the person's time, not the clock's
        self._client = client
        self._clock = clock

    async def do(self, errand: Errand) -> bool:
        """Take each step when its time has come. False: somebody was first or the api refused, and the rest was left."""
        turn = errand.turn
        for number, step in enumerate(errand.steps):
            await self._clock.sleep_until(self._clock.now() + timedelta(seconds=step.after_s))
            answer = await self._say(errand, step, key=f"{errand.name}:{number}", turn=turn)
            if answer is None or answer.status_code != HTTPStatus.OK:
                return False
            turn = answer.json()["turn"]
        return True

    async def listed(self, path: str, token: str) -> list[dict[str, Any]]:
        """The items of a list, as the holder of `token` sees it; empty where none came."""
        try:
            answer = await self._client.get(path, headers={"Authorization": f"Bearer {token}"})
        except httpx2.TransportError as away:
            log.info("desk.no_answer", command=path, reason=type(away).__name__)
            return []
        found: list[dict[str, Any]] = answer.json()["items"] if answer.status_code == HTTPStatus.OK else []
        return found

    async def _say(self, errand: Errand, step: Step, *, key: str, turn: int) -> httpx2.Response | None:
        """The answer; the same key is used again where none came, so that nothing is done twice."""
        headers = {"Authorization": f"Bearer {errand.token}", "Idempotency-Key": key}
        if not step.command.startswith("/"):  # what is beside the case has a tag of its own, which nobody here has seen
            headers["If-Match"] = f'"{turn}"'
        for attempt in range(TRIES):
            try:
                answer = await self._client.post(_path(errand, step), json=step.body, headers=headers)
            except httpx2.TransportError as away:
                log.info("desk.no_answer", command=step.command, reason=type(away).__name__)
            else:
                self.answers[answer.status_code] = self.answers.get(answer.status_code, 0) + 1
                if answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                    if answer.status_code != HTTPStatus.OK:
                        log.info("desk.refused", command=step.command, status=answer.status_code)
                    return answer
            await asyncio.sleep(self._pause_s * (attempt + 1))
        return None


def _path(errand: Errand, step: Step) -> str:
    """Where a step is said: a path of its own, or something of the case."""
    return step.command if step.command.startswith("/") else f"/cases/{errand.case_id}/{step.command}"
