"""The hot path step by step on one connection, each batch timed; routing and sealing apart. A program of its own.

Choosing, its reasons and sealing are inside `open_all`: the same questions are asked and the same words sealed once
more beside it, before it, and only that is timed as theirs. No picture is swapped meanwhile.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import asyncpg
import uvloop

from services.clock import SteadyClock
from services.domain.choice import Choice
from services.domain.choosing import choose_batch
from services.domain.policy import Policy
from services.handlers.context import Context, bound_to
from services.handlers.incoming import Incoming, subject_key
from services.handlers.routing import choice_of, routing_of
from services.handlers.warning import Routed, decode, open_all, route, take_alone
from services.router.lane import MAX_BATCH
from services.settings import read_settings
from services.store.engine import Store
from services.store.intake import Progress
from tests.bench.big_county import points_in
from tests.bench.inside import as_served, context_of
from tests.bench.rows import say
from tests.bench.warnings import Record, warnings

HOT = ("decode", "route", "open", "write")
ROUTING = ("route", "choose")
NOWHERE = Progress(topic="none", lane=0, moved=())
Made = TypeVar("Made")


class Steps:
    """How long each step took, in seconds, batch by batch."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}

    def timed(self, step: str, work: Callable[[], Made]) -> Made:
        began = time.perf_counter()
        made = work()
        self.took[step] = time.perf_counter() - began
        return made


async def run(batches: int, tag: str) -> None:
    """Take `batches` batches and say the medians; one more goes before them, which fills the caches."""
    settings = read_settings()
    store = Store(settings.database, name="share")
    store.clock = SteadyClock(await store.measure_time())
    points = [tuple(row) for row in points_in(10_000).tolist()]
    records = list(warnings(range((batches + 1) * MAX_BATCH), run=tag, points=points))
    try:
        context = await context_of(store, settings)
        async with store.read() as conn:
            policy = await context.policies.newest(conn)
        async with store.engine.connect() as conn:
            driver = (await conn.get_raw_connection()).driver_connection
            assert driver is not None
            as_served()
            found = [
                await _batch(driver, context, policy, store.clock, records[first : first + MAX_BATCH])
                for first in range(0, len(records), MAX_BATCH)
            ][1:]
    finally:
        await store.close()
    _tell(found)


async def _batch(
    driver: asyncpg.Connection, context: Context, policy: Policy, clock: SteadyClock, records: Sequence[Record]
) -> dict[str, float]:
    steps, now = Steps(), clock.now()
    incoming = steps.timed("decode", lambda: [decode(record.headers, record.value) for record in records])
    routed = steps.timed("route", lambda: route(context, incoming, policy=policy, now=now))
    chosen = steps.timed("choose", lambda: _choose(context, routed, clock))
    steps.timed("seal", lambda: _seal(context, routed.first))
    prepared = steps.timed("open", lambda: open_all(context, routed, policy=policy, now=now))
    began = time.perf_counter()
    taken = await take_alone(driver, prepared, NOWHERE, now=now)
    steps.took["write"] = time.perf_counter() - began
    assert taken is not None
    assert len(taken.opened) == chosen == len(records), "not every warning got a responder and became a case"
    context.given.update(one.change.case.responder for one in taken.opened if one.change.case.responder)
    return steps.took


def _choose(context: Context, routed: Routed, clock: SteadyClock) -> int:
    """The part of `open_all` that chooses and gives reasons; how many were chosen."""
    choices = choose_batch(context.picture.roster, routed.asks, clock.now(), load=context.given, rules=context.rules)
    for row, place in enumerate(routed.located):
        routing_of(place, routed.used.which[row], grid=routed.grids[row])
    for choice in choices:
        choice_of(choice)
    return sum(isinstance(choice, Choice) for choice in choices)


def _seal(context: Context, incoming: Sequence[Incoming]) -> int:
    """The part of `open_all` that seals and hashes: a key of its own, one blob, the blind index; how many bytes."""
    sealer, made = context.sealer, 0
    for one in incoming:
        key = sealer.new_key()
        made += len(key.wrapped) + len(key.seal(one.data, bound_to=bound_to(one.case_id)))
        made += len(subject_key(sealer, one.warning.subject, one.warning.mode) or b"")
    return made


def _tell(found: Sequence[dict[str, float]]) -> None:
    """Medians over the batches, in microseconds a warning."""

    def median_us(steps: Sequence[str]) -> float:
        return statistics.median(sum(took[step] for step in steps) for took in found) / MAX_BATCH * 1e6

    steps_us = {step: median_us((step,)) for step in (*HOT, "choose", "seal")}
    shares = {"routing_us": median_us(ROUTING), "sealing_us": median_us(("seal",))}
    say(json.dumps({**shares, "whole_us": median_us(HOT), "steps_us": steps_us}))


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1]), sys.argv[2]))
