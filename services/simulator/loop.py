"""The simulation as one process beside the others: traffic, responders, desks, reviewers and a bank, until it stops."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import httpx2

from schemas.instruction import InstructionIssued
from services.broker.producer import Sender
from services.simulator.banks import Bank
from services.simulator.county import county
from services.simulator.desk import Desk
from services.simulator.desks import Desks
from services.simulator.feeder import Feeder
from services.simulator.patrols import Patrols
from services.simulator.people import Responders, Reviewers
from services.simulator.seed import Tokens
from services.simulator.traffic import Traffic
from services.wiring import Parts

ANSWER_WITHIN_S = 10.0


async def run(
    parts: Parts,
    *,
    api: str,
    tokens: Tokens,
    every: timedelta,
    left: Callable[[InstructionIssued], None] = lambda _: None,
    seed: int = 7,
) -> None:
    """Play the county of `seed` against the api at this address until `parts.stop`; a warning after each `every`.

    `left` hears each instruction that nobody of the simulation answers.
    """
    sender = Sender(parts.broker, name="simulator")
    # trust_env off: the api is on this machine, whatever proxy the environment names
    async with httpx2.AsyncClient(base_url=api, timeout=ANSWER_WITHIN_S, trust_env=False) as client:
        desk = Desk(client, parts.clock)
        actors = (
            Responders(parts.broker, desk, tokens.responders, left=left, seed=seed),
            Reviewers(parts.broker, desk, tokens.reviewer, seed=seed),
            Desks(parts.broker, desk, tokens.desks, tokens.reviewer, seed=seed),
            Bank(parts.broker, sender, parts.clock, seed=seed),
        )
        feeder = Feeder(sender, parts.clock)
        made_up = county(seed)
        patrols = Patrols(sender, parts.clock, made_up, seed=seed)
        try:
            for actor in actors:
                await actor.start()  # before the first warning, so that nobody misses it
            async with asyncio.TaskGroup() as playing:
                tasks = [playing.create_task(actor.run()) for actor in actors]
                tasks.append(playing.create_task(patrols.run()))
                tasks.append(playing.create_task(feeder.feed(Traffic(made_up, seed=seed), every=every)))
                await parts.stop.wait()
                for task in tasks:
                    task.cancel()
        finally:  # not in the tasks: one that is cancelled before its first step would close nothing
            await asyncio.gather(*(actor.stop() for actor in actors), sender.stop())
