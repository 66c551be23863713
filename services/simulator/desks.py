"""The duty desks of the precincts: second a large amount, ask again when a follow-up is due; the centre strikes it off."""

import asyncio
from collections.abc import Mapping
from random import Random

from schemas.case import CaseChanged
from schemas.topics import CASE_CHANGED
from services.broker.follow import Follower
from services.broker.link import BrokerAddress
from services.domain.follow_up import Result
from services.domain.states import Action, TimerKind
from services.domain.words import Role
from services.simulator.behaviour import Step
from services.simulator.chance import Lognormal, Shares, happens, one_of
from services.simulator.desk import Desk, Errand
from services.simulator.following import records
from services.simulator.people import read_as

NEVER_SECONDED = 10  # of a hundred; invented, like all below
TO_SECOND = Lognormal(mean=90, sigma=0.6)
TO_ASK_AGAIN = Lognormal(mean=600, sigma=0.6)
TO_STRIKE_OFF = Lognormal(mean=300, sigma=0.5)
RESULTS: Shares[Result] = {Result.SAFE: 85, Result.CONTACTED_AGAIN: 10, Result.NOT_REACHED: 5}


class Desks:
    """Every desk at once. What each does depends on the seed and the case alone; a message that comes again does nothing."""

    def __init__(
        self, address: BrokerAddress, desk: Desk, tokens: Mapping[str, str], reviewer: str, *, seed: int = 7
    ) -> None:
        self._follower = Follower(address, [CASE_CHANGED], name="simulated-desks")
        self._desk = desk
        self._tokens = tokens
        self._reviewer = reviewer
        self._seed = seed
        self._begun: set[str] = set()

    async def start(self) -> None:
        """From here on every change is seen."""
        await self._follower.start()

    async def stop(self) -> None:
        """Look on no longer; to be called whatever became of `start` and `run`."""
        await self._follower.stop()

    async def run(self) -> None:
        """Act until cancelled."""
        async with asyncio.TaskGroup() as acting:
            async for record in records(self._follower):
                told = read_as(CaseChanged, record)
                if told is None:
                    continue
                errand = self.seconding(told)
                if errand is not None:
                    acting.create_task(self._desk.do(errand))
                if self._is_due(told):
                    acting.create_task(self._ask_again(told))

    def seconding(self, told: CaseChanged) -> Errand | None:
        """The second acknowledgement of a case that was just acknowledged and wants one; once for each holder."""
        acknowledged = any(change.action == Action.ACKNOWLEDGE for change in told.changes)
        wanted = any(timer.kind == TimerKind.SECOND_ACK for timer in told.timers)
        name = f"second:{told.case_id}:{told.responder}"
        token = self._tokens.get(told.assigned_unit or "")
        if not (acknowledged and wanted) or token is None or name in self._begun:
            return None
        self._begun.add(name)
        rng = Random(f"{self._seed}:{name}")
        if happens(rng, NEVER_SECONDED):
            return None
        step = Step(after_s=TO_SECOND.draw(rng), command="second-acknowledgement")
        return Errand(name=name, case_id=told.case_id, turn=told.turn, token=token, steps=(step,))

    def _is_due(self, told: CaseChanged) -> bool:
        """Whether time has made a follow-up of the case due."""
        return any(change.action == Action.FOLLOW_UP and change.by == Role.SYSTEM for change in told.changes)

    async def _ask_again(self, told: CaseChanged) -> None:
        """Each follow-up that is due, once: done by the desk of its unit, struck off by the centre."""
        for one in await self._desk.listed(f"/follow-ups?case_id={told.case_id}&state=DUE", self._reviewer):
            name = f"again:{one['id']}"
            token = self._tokens.get(one["unit"] or "")
            if token is None or name in self._begun:
                continue
            self._begun.add(name)
            rng = Random(f"{self._seed}:{name}")
            path = f"/follow-ups/{one['id']}"
            asked = Step(
                after_s=TO_ASK_AGAIN.draw(rng), command=f"{path}/result", body={"result": one_of(rng, RESULTS).value}
            )
            done = Errand(name=name, case_id=told.case_id, turn=told.turn, token=token, steps=(asked,))
            if await self._desk.do(done):
                struck = Step(after_s=TO_STRIKE_OFF.draw(rng), command=f"{path}/closing")
                last = Errand(
                    name=f"{name}:off", case_id=told.case_id, turn=told.turn, token=self._reviewer, steps=(struck,)
                )
                await self._desk.do(last)
