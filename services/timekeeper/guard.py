"""The end of a timekeeper that can't make progress, so that somebody starts another one: exit 1, and the log says why.

Only time in which the database answers counts: while it is away a restart would mend nothing, and readiness tells.
Should the whole process hang, this task included, or not come to its end, the interpreter ends it a little later.
"""

import asyncio
import faulthandler
import sys
import time

import structlog

from services.timekeeper.progress import Progress
from services.wiring import Parts

log = structlog.get_logger(__name__)

LOOK_S = 5.0
HANGS_S = 60.0  # more than a loop may stand still: to end in good order


class Stuck(Exception):
    """The loops stand still although the database answers."""


async def end_when_stuck(parts: Parts, progress: Progress) -> None:
    """Until it is cancelled. Raises Stuck."""
    most_s = parts.settings.timekeeper_stuck_s
    away_at = time.monotonic()  # the database has answered ever since
    while True:
        _arm(most_s + HANGS_S)
        await asyncio.sleep(min(LOOK_S, most_s / 4))
        if not await parts.store.answers():
            away_at = time.monotonic()
        still_s = min(progress.still_s(), time.monotonic() - away_at)
        if still_s > most_s:
            log.critical("timekeeper.stuck", action="timekeeper.stuck", still_s=round(still_s))
            raise Stuck(f"no look was completed for {still_s:.0f} s although the database answers")


def _arm(seconds: float) -> None:
    """Until it is armed again, or disarmed. A thread of the interpreter's own, which a hung loop does not stop."""
    if sys.__stderr__ is not None:  # where every thread is written as it stands
        faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__)


def disarm() -> None:
    """The loops have ended."""
    faulthandler.cancel_dump_traceback_later()
