"""The timekeeper process: claim what is due, settle it, wait for the next. It decides nothing; any number may run."""

import asyncio
import random
from datetime import datetime, timedelta

import structlog

from services.domain.case import Change
from services.domain.states import Action
from services.handlers.deadline import Fired, fire_due
from services.handlers.tally import tally
from services.health import Pulse
from services.store import commands, deadlines
from services.store.signals import Signal
from services.timekeeper import metrics
from services.timekeeper.guard import disarm, end_when_stuck
from services.timekeeper.linking import keep_links
from services.timekeeper.progress import Progress
from services.timekeeper.rehearsal import rehearse
from services.timekeeper.watch import keep_watch
from services.wiring import DATABASE_AWAY, Parts

log = structlog.get_logger(__name__)

LOOPS = 2
BATCH = 250  # a claim holds its rows for so long that a larger one would make the last of them late
POLL_S = 1.0  # a signal may be lost
HELD_S = (0.005, 0.02)  # another timekeeper holds what is due: look again after a while between these
LOOK_S, PAUSE_S = 10.0, 0.5
QUIET = timedelta(seconds=1)
FORGET_EVERY = timedelta(hours=1)
MARKS = frozenset({Action.AT_RISK, Action.BREACH})


async def run(parts: Parts) -> None:
    """Settle what is due until `parts.stop`. All state is in the database: whoever looks next goes on.

    Raises Stuck where it can't go on although the database answers.
    """
    # One commits while the other decides; they share as two timekeepers would. A file has one writer anyway.
    loops = LOOPS if parts.store.postgres else 1
    progress = Progress(parts.clock.now, loops=loops)
    progress.told()
    pulses = [Pulse(parts.health, f"timekeeper {index}") for index in range(loops)]
    keeping = [asyncio.create_task(_keep(parts, pulse, progress, index)) for index, pulse in enumerate(pulses)]
    guarding = asyncio.create_task(end_when_stuck(parts, progress))
    others = (_forget_old_keys(parts), keep_watch(parts), keep_links(parts))
    beside = [guarding, *(asyncio.create_task(work) for work in others)]
    if parts.settings.deadman_url.get_secret_value():
        from services.timekeeper.deadman import keep_pinging  # noqa: PLC0415 - an HTTP client is large

        beside.append(asyncio.create_task(keep_pinging(parts, progress)))
    try:
        left = set(keeping)
        while left:
            done, _ = await asyncio.wait({*left, guarding}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # the guard ends only by saying that the loops stand still
            left -= done
    finally:
        for task in (*keeping, *beside):
            task.cancel()
        await asyncio.wait([*keeping, *beside])
        disarm()
        progress.over()


async def _keep(parts: Parts, pulse: Pulse, progress: Progress, index: int) -> None:
    rehearsed = not parts.store.postgres
    while not parts.stop.is_set():
        try:
            async with asyncio.timeout(LOOK_S):
                fired, next_at = await _look(parts, progress, index)
                if not rehearsed and _is_time(parts, fired, next_at):
                    rehearsed = True
                    await rehearse(parts)
        except DATABASE_AWAY as error:
            pulse.missed(f"the database ({type(error).__name__})", away=not await parts.store.answers())
            await _rest(parts, None, PAUSE_S)
        except Exception:
            log.exception("timekeeper.bug")
            pulse.missed("a bug", away=False)
            await _rest(parts, None, PAUSE_S)
        else:
            pulse.beat()
            await _wait(parts, fired, next_at)


async def _look(parts: Parts, progress: Progress, index: int) -> tuple[Fired, datetime | None]:
    """Settle one batch; where there was none, returns the earliest due time that is left."""
    next_at = None
    async with parts.store.begin() as tx:
        fired = await fire_due(tx, parts.context, limit=BATCH)
        if not fired.changes:
            next_at = await deadlines.earliest(tx.conn)
        tx.wakes.discard(Signal.DUE)  # this loop looks again at once
    now = parts.clock.now()
    progress.looked(index, tx.now - max(fired.late) if fired.late else next_at)
    metrics.FAILURES.inc(fired.failed)
    tally(fired.changes)
    for change, late in zip(fired.changes, fired.late, strict=True):
        metrics.LATENESS.observe((late + (now - tx.now)).total_seconds())
        _say(change, late)
    return fired, next_at


def _is_time(parts: Parts, fired: Fired, next_at: datetime | None) -> bool:
    """For what is not a limit: nothing was due, and nothing will be for a while."""
    return not fired.changes and (next_at is None or next_at - parts.clock.now() > QUIET)


async def _wait(parts: Parts, fired: Fired, next_at: datetime | None) -> None:
    """Until there is something to do: at once, if there just was; else the next due time, a signal, a second."""
    if fired.changes:
        return
    if next_at is None or next_at > parts.clock.now():
        await _rest(parts, next_at, POLL_S)
    else:
        await asyncio.sleep(random.uniform(*HELD_S))  # noqa: S311 - not a secret: two must only not march in step


async def _rest(parts: Parts, until: datetime | None, seconds: float) -> None:
    waits = {
        asyncio.create_task(parts.store.signals.wait(Signal.DUE, seconds=seconds)),
        asyncio.create_task(parts.stop.wait()),
    }
    if until is not None:
        waits.add(asyncio.create_task(parts.clock.sleep_until(until)))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiting in waits:
            waiting.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def _forget_old_keys(parts: Parts) -> None:
    while True:
        try:
            async with parts.store.begin() as tx:
                forgotten = await commands.forget_old(tx)
        except DATABASE_AWAY as away:
            log.info("keys.kept", reason=type(away).__name__)
        else:
            log.info("keys.forgotten", count=forgotten)
        await parts.clock.sleep_until(parts.clock.now() + FORGET_EVERY)


def _say(change: Change, late: timedelta) -> None:
    """One line a case, named after the move that its limits brought, else after the last mark."""
    brought = [fact for fact in change.facts if fact.action not in MARKS] or change.facts[-1:]
    log.info(
        "case.settled",
        action=f"case.{brought[-1].action.lower()}",
        case_id=str(change.case.case_id),
        version=change.case.version,
        timers=[fact.detail["timer"] for fact in change.facts if fact.action in MARKS],
        late_s=round(late.total_seconds(), 3),
    )
