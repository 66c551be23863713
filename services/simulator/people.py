"""Responders who answer instructions, and reviewers who read their feedback: people as the API knows them."""

import asyncio
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, TypeVar
from uuid import UUID

import structlog
from pydantic import ValidationError

from schemas.case import CaseChanged
from schemas.envelope import BadEnvelope, read
from schemas.fields import Wire
from schemas.instruction import InstructionIssued
from schemas.topics import CASE_CHANGED, INSTRUCTION_ISSUED
from services.broker.follow import Follower
from services.broker.link import BrokerAddress
from services.domain.states import Action, State
from services.domain.words import Risk
from services.simulator.behaviour import Step, mending, planned
from services.simulator.chance import Lognormal, happens
from services.simulator.desk import Desk, Errand
from services.simulator.following import records
from services.simulator.texts import RETURNING

log = structlog.get_logger(__name__)
Told = TypeVar("Told", bound=Wire)

MOST_AT_ONCE = 500  # errands; more wait, and with them the reading of the topic
LEFT_EVERY = 5  # each fifth case is the person's at the screen
RETURNED = 5  # of a hundred feedbacks; only ever for their words
TO_REVIEW = Lognormal(mean=240, sigma=0.5)  # seconds of the clock


class Responders:
    """All responders at once. What each does with an instruction depends on the seed, the case and the round alone.

    `left` hears each instruction of a case that is left to the person at the screen.
    """

    def __init__(
        self,
        address: BrokerAddress,
        desk: Desk,
        tokens: Mapping[str, str],
        *,
        left: Callable[[InstructionIssued], None] = lambda _: None,
        seed: int = 7,
    ) -> None:
        self._follower = Follower(address, [INSTRUCTION_ISSUED, CASE_CHANGED], name="simulated-responders")
        self._desk = desk
        self._tokens = tokens
        self._tell = left
        self._seed = seed
        self._asked: set[UUID] = set()
        self._left: set[UUID] = set()

    async def start(self) -> None:
        """From here on every instruction is seen."""
        await self._follower.start()

    async def stop(self) -> None:
        """Look on no longer; to be called whatever became of `start` and `run`."""
        await self._follower.stop()

    async def run(self) -> None:
        """Act until cancelled."""
        await _acting(self._follower, self._desk, self._errand)

    def _errand(self, record: Any) -> Errand | None:
        if record.topic == INSTRUCTION_ISSUED:
            return self._instructed(read_as(InstructionIssued, record))
        return self._returned(read_as(CaseChanged, record))

    def _instructed(self, told: InstructionIssued | None) -> Errand | None:
        if told is None:
            return None
        if self._leaves(told):
            self._tell(told)
            return None
        name = f"{told.responder}:{told.case_id}:{told.round}"
        paid_at = told.issued_at if told.due.stop_request_by is not None else None
        visit = told.due.visit_by is not None
        steps = planned(Random(f"{self._seed}:{name}"), Risk(told.risk), paid_at=paid_at, visit=visit)
        return self._as_asked(told, name, steps)

    def _leaves(self, told: InstructionIssued) -> bool:
        """Whether this case, in all its rounds, is left to the person at the screen."""
        if told.case_id not in self._asked:  # an instruction may come twice, and again in a later round
            self._asked.add(told.case_id)
            if len(self._asked) % LEFT_EVERY == 0:
                self._left.add(told.case_id)
        return told.case_id in self._left

    def _returned(self, told: CaseChanged | None) -> Errand | None:
        if told is None or told.changes[-1].action != Action.RETURN_TEXT:
            return None
        name = f"{told.responder}:{told.case_id}:again:{told.turn}"
        return self._as_asked(told, name, mending(Random(f"{self._seed}:{name}")))

    def _as_asked(self, told: InstructionIssued | CaseChanged, name: str, steps: tuple[Step, ...]) -> Errand | None:
        token = self._tokens.get(told.responder or "")
        if token is None:  # nobody of the simulation
            return None
        return Errand(name=name, case_id=told.case_id, turn=told.turn, token=token, steps=steps)


class Reviewers:
    """Whoever at the centre reads the feedback: closes it after a while, or returns it for its words."""

    def __init__(self, address: BrokerAddress, desk: Desk, token: str, *, seed: int = 7) -> None:
        self._follower = Follower(address, [CASE_CHANGED], name="simulated-reviewers")
        self._desk = desk
        self._token = token
        self._seed = seed

    async def start(self) -> None:
        """From here on every feedback is seen."""
        await self._follower.start()

    async def stop(self) -> None:
        """Look on no longer; to be called whatever became of `start` and `run`."""
        await self._follower.stop()

    async def run(self) -> None:
        """Act until cancelled."""
        await _acting(self._follower, self._desk, self._errand)

    def _errand(self, record: Any) -> Errand | None:
        told = read_as(CaseChanged, record)
        if told is None or told.state != State.REPORTED or told.changes[-1].action != Action.REPORT:
            return None
        name = f"review:{told.case_id}:{told.turn}"
        step = reviewed(Random(f"{self._seed}:{name}"))
        return Errand(name=name, case_id=told.case_id, turn=told.turn, token=self._token, steps=(step,))


def reviewed(rng: Random) -> Step:
    """What a reviewer does with one feedback."""
    after_s = TO_REVIEW.draw(rng)
    if happens(rng, RETURNED):
        return Step(after_s=after_s, command="return", body={"reason": rng.choice(RETURNING), "text_only": True})
    return Step(after_s=after_s, command="closing")


async def _acting(follower: Follower, desk: Desk, errand_for: Callable[[Any], Errand | None]) -> None:
    """Run the errands of every record that brings one, at most MOST_AT_ONCE at a time, each errand once."""
    free = asyncio.Semaphore(MOST_AT_ONCE)
    begun: set[str] = set()

    async def run(errand: Errand) -> None:
        try:
            await desk.do(errand)
        finally:
            free.release()

    async with asyncio.TaskGroup() as acting:
        async for record in records(follower):
            errand = errand_for(record)
            if errand is None or errand.name in begun:  # a topic may bring a message twice
                continue
            begun.add(errand.name)
            await free.acquire()
            acting.create_task(run(errand))


def read_as(kind: type[Told], record: Any) -> Told | None:
    """The message of a record; None where it is none of this kind, which is said in the log."""
    try:
        return kind.model_validate_json(read(record.headers, record.value).data)
    except (BadEnvelope, ValidationError) as bad:
        log.warning("people.unreadable", topic=record.topic, kind=type(bad).__name__)
        return None
