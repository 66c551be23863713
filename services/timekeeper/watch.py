"""Keeps the watch: draws the rotas further, lists what is open at a change of shift, passes on what people who left still
hold, tells the gaps ahead. Safe twice."""

import asyncio
from datetime import datetime, timedelta

import structlog

from services.domain.refusals import Refused
from services.handlers import departed, handover
from services.handlers.rota import redraw
from services.handlers.tally import tally
from services.handlers.watch import gaps_ahead, tell_gaps, watch_ahead
from services.store import duty, handovers, rota, rota_answers
from services.timekeeper import metrics
from services.wiring import DATABASE_AWAY, Parts

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=1)
GAPS_EVERY = timedelta(minutes=5)
REACH = duty.HORIZON - timedelta(hours=23)  # rows that reach less far are drawn again: about once a day
LOOKED_BACK = timedelta(hours=1)  # changes of shift while no timekeeper ran are listed late
ACCEPTED_WITHIN = timedelta(minutes=15)  # a list is given that long before it counts as not accepted


async def keep_watch(parts: Parts) -> None:
    """Every minute until it is cancelled. All state is in the database: two of these do the same work once."""
    told_at: datetime | None = None
    while True:
        now = parts.clock.now()
        try:
            await draw_short(parts)
            await open_handovers(parts)
            await pass_on_departed(parts)
            if told_at is None or now - told_at >= GAPS_EVERY:
                await tell_watch(parts)
                told_at = now
        except DATABASE_AWAY as away:
            log.info("watch.put_off", reason=type(away).__name__)
        except Exception:  # a rota that can't be read must not end the timekeeper
            log.exception("watch.bug")
        await parts.clock.sleep_until(now + EVERY)


async def draw_short(parts: Parts) -> int:
    """Draw every unit whose rows end too early or that must be drawn again, one transaction each; gives how many."""
    async with parts.store.read() as conn:
        units = await rota.to_draw(conn, parts.clock.now() + REACH)
    for unit in units:
        try:
            async with parts.store.begin() as tx:
                await rota.lock(tx, unit)
                await redraw(tx, unit, parts.settings.zone)
        except Refused as unsound:  # a pattern it names is gone: the others go on
            log.error("rota.not_drawn", action="rota.not_drawn", unit=unit, reason=unsound.code)
    return len(units)


async def open_handovers(parts: Parts) -> int:
    """List what is open at each change of shift of the last hour that has no list yet; gives how many are new."""
    async with parts.store.begin() as tx:
        opened = await handover.open_due(tx, tx.now - LOOKED_BACK)
        await rota_answers.forget_old(tx)
    if opened:
        log.info("handover.opened", action="handover.opened", count=opened)
    return opened


async def pass_on_departed(parts: Parts) -> int:
    """Pass on the cases of those who left the registry; gives how many."""
    async with parts.store.begin() as tx:
        changes = await departed.pass_on(tx, parts.context)
    tally(changes)
    for change in changes:
        case = change.case
        log.info("case.passed_on", action="case.passed_on", case_id=str(case.case_id), version=case.version)
    return len(changes)


async def tell_watch(parts: Parts) -> None:
    """The gaps of the next 72 hours and the lists that nobody accepts, by unit, as metrics; each gap as a notice too."""
    now = parts.clock.now()
    async with parts.store.read() as conn:
        watched = await watch_ahead(conn, parts.settings.zone, now=now)
        waiting = await handovers.unaccepted(conn, before=now - ACCEPTED_WITHIN)
    found = await asyncio.to_thread(gaps_ahead, *watched, now=now)
    hours = {unit: sum(gap.hours for gap in gaps) for unit, gaps in found.items()}
    metrics.tell(metrics.GAP_HOURS, hours)
    metrics.tell(metrics.UNACCEPTED, dict.fromkeys(found, 0) | waiting)
    if any(hours.values()):
        async with parts.store.begin() as tx:
            await tell_gaps(tx, parts.context, [gap for gaps in found.values() for gap in gaps])
        thin = sorted(unit for unit, long in hours.items() if long)
        log.warning("watch.gaps", action="watch.gaps", units=thin[:20], count=len(thin))
