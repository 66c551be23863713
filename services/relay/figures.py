"""Keeps the counts of the figures up with the events, once a second. Of many relays whoever comes first does it.

It is the relay's and not the timekeeper's: nobody's hour waits here while cases are counted.
"""

import asyncio
from datetime import datetime

import structlog

from services.handlers.counting import CountedOn, count_on
from services.relay import metrics
from services.store.figures import find_position
from services.wiring import DATABASE_AWAY, Parts

log = structlog.get_logger(__name__)

EVERY_S = 1.0
BREATH_S = 0.01  # between two steps of a backlog: messages that wait go first


async def keep_figures(parts: Parts) -> None:
    """Count until it is cancelled. All state is in the database: whoever counts next goes on."""
    as_of: datetime | None = None
    while True:
        step = CountedOn()
        try:
            step = await count_on(parts.store, parts.context.zone)
            async with parts.store.read() as conn:
                as_of = (await find_position(conn)).as_of
        except DATABASE_AWAY as away:  # or another counted meanwhile
            log.info("figures.put_off", action="figures.put_off", reason=type(away).__name__)
        except Exception:  # the messages must not end with the figures
            log.exception("figures.bug")
        metrics.COUNTED.inc(step.changed)
        if as_of is not None:
            metrics.LAG.set(max(0.0, (parts.clock.now() - as_of).total_seconds()))
        await asyncio.sleep(EVERY_S if step.done else BREATH_S)
