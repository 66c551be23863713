"""Beside the limits: new cases get their links, and withdrawals that came before their warnings are carried out."""

import asyncio
import time
from datetime import timedelta

import structlog

from services.handlers.links import link_new
from services.handlers.tally import tally
from services.handlers.withdrawal import apply_waiting
from services.wiring import DATABASE_AWAY, Parts

log = structlog.get_logger(__name__)

EVERY = timedelta(seconds=1)
PAUSE_S = 1.0


async def keep_links(parts: Parts) -> None:
    """Every second until it is cancelled. All state is in the database: two of these do the same work once."""
    while True:
        more, began = False, time.monotonic()
        try:
            more = await link_once(parts)
        except DATABASE_AWAY as away:
            log.info("links.put_off", reason=type(away).__name__)
            await asyncio.sleep(PAUSE_S)
        except Exception:  # what can't be linked must not end the timekeeper
            log.exception("links.bug")
            await asyncio.sleep(PAUSE_S)
        if more:
            await asyncio.sleep(time.monotonic() - began)  # half of the time is for the limits, however much is new
        else:
            await parts.clock.sleep_until(parts.clock.now() + EVERY)


async def link_once(parts: Parts) -> bool:
    """One look; whether there may be more to do at once."""
    async with parts.store.begin() as tx:
        more = await link_new(tx, parts.context)
    async with parts.store.begin() as tx:
        changes = await apply_waiting(tx, parts.context)
    tally(changes)
    for change in changes:
        log.info("warning.withdrawn", action="warning.withdrawn", case_id=str(change.case.case_id))
    return more
