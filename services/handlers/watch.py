"""The watch as people ask for it: who is on duty at a time, a week's shifts, where it will be too thin. Changes nothing."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.notice import Cause, NoticeKind
from services.domain.rota.gaps import AHEAD, Gap, between_shifts, demands, gaps
from services.domain.rota.rota import Rota, on_duty
from services.domain.rota.spans import Span, shifts
from services.handlers.context import Context
from services.handlers.notices import Teller
from services.store import duty, registry, rota
from services.store.duty import Present
from services.store.engine import Transaction

DRAWN = duty.HORIZON - timedelta(days=1)  # so far the rows reach, whatever was marked to be drawn again
WATCHING = "precinct"  # the kind of unit that must always have somebody on duty


async def who_is_on_duty(
    conn: AsyncConnection, zone: ZoneInfo, at: datetime, *, unit: str | None, now: datetime
) -> list[Present]:
    """Exact for any time: up to the horizon by the rows, which also keep what was; beyond it by the rota itself."""
    if at <= now + DRAWN:
        return await duty.people_at(conn, at, unit=unit)
    loaded = await rota.load(conn, zone, at, at + timedelta(microseconds=1), units=None if unit is None else [unit])
    found = []
    for code, one in sorted(loaded.items()):
        known = await rota.people_of(conn, code, now=now)
        for who, post in sorted(on_duty(one, at).items()):
            if who in known:
                found.append(
                    Present(
                        unit=code,
                        responder=who,
                        shift=post.shift,
                        starts_at=post.starts_at,
                        ends_at=post.ends_at,
                        last_ended_at=None,
                    )
                )
    return found


async def shifts_between(
    conn: AsyncConnection, zone: ZoneInfo, starts_at: datetime, ends_at: datetime, *, unit: str, now: datetime
) -> list[Span]:
    """The unit's duty of a window, cut to it: by the rows as far as they reach, then by the rota."""
    edge = min(max(starts_at, now + DRAWN), ends_at)
    drawn = (await duty.spans_between(conn, starts_at, edge, unit=unit)).get(unit, []) if starts_at < edge else []
    found = [_cut(span, starts_at, edge) for span in drawn]
    if edge < ends_at:
        known = await rota.people_of(conn, unit, now=now)
        loaded = (await rota.load(conn, zone, edge, ends_at, units=[unit]))[unit]
        found += [span for span in shifts(loaded, edge, ends_at) if span.responder in known]
    return joined(found, zone, also_at=edge)


def _cut(span: Span, starts_at: datetime, ends_at: datetime) -> Span:
    return Span(
        responder=span.responder,
        shift=span.shift,
        starts_at=max(span.starts_at, starts_at),
        ends_at=min(span.ends_at, ends_at),
        via=span.via,
    )


def joined(spans: Iterable[Span], zone: ZoneInfo, *, also_at: datetime) -> list[Span]:
    """Rows that were cut at a midnight (or where the rows end) as the shifts they are."""
    open_: dict[tuple[str, str], Span] = {}
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.starts_at, one.responder)):
        key = span.responder, span.shift
        last = open_.get(key)
        at = span.starts_at
        if last is not None and last.ends_at == at and (at == also_at or at.astimezone(zone).time() == time()):
            found.remove(last)
            span = Span(  # noqa: PLW2901 - it is the same shift
                responder=span.responder,
                shift=span.shift,
                starts_at=last.starts_at,
                ends_at=span.ends_at,
                via=last.via,
            )
        open_[key] = span
        found.append(span)
    return sorted(found, key=lambda one: (one.starts_at, one.responder))


async def gaps_between(
    conn: AsyncConnection,
    zone: ZoneInfo,
    spans: Sequence[Span],
    starts_at: datetime,
    ends_at: datetime,
    *,
    unit: str,
) -> list[Gap]:
    """Where the unit's duty of the window is too thin; none where nobody has to watch. `spans` cover the window."""
    if starts_at >= ends_at:
        return []
    one = (await rota.load(conn, zone, starts_at, ends_at, units=[unit])).get(unit)
    known = (await registry.unit_names(conn)).get(unit)
    if not (one is not None and one.rotations) and (known is None or known.kind != WATCHING):
        return []
    asked = [] if one is None else demands(one, starts_at, ends_at)
    rest = 1 if one is None else between_shifts(one, starts_at)
    return await asyncio.to_thread(gaps, unit, spans, asked, starts_at, ends_at, rest=rest)


async def watch_ahead(
    conn: AsyncConnection, zone: ZoneInfo, *, now: datetime, unit: str | None = None, ahead: timedelta = AHEAD
) -> tuple[list[str], dict[str, list[Span]], dict[str, Rota]]:
    """What gaps are looked for in: the units that must be watched, their duty and their rotas."""
    until = now + ahead
    units = await registry.unit_names(conn)
    spans = await duty.spans_between(conn, now, until, unit=unit)
    rotas = await rota.load(conn, zone, now, until, units=None if unit is None else [unit])
    watched = {code for code, one in units.items() if one.kind == WATCHING} | {
        code for code, one in rotas.items() if one.rotations
    }
    return sorted(watched if unit is None else watched & {unit}), spans, rotas


async def tell_gaps(tx: Transaction, context: Context, found: Sequence[Gap]) -> None:
    """Who keeps the watch is told of each gap, once for the day on which it begins. Safe to repeat."""
    teller = Teller(tx, context)
    for gap in found:
        day = gap.starts_at.astimezone(context.zone).date()
        given = {
            "unit": gap.unit,
            "shift": gap.shift,
            "starts_at": gap.starts_at.isoformat(),
            "ends_at": gap.ends_at.isoformat(),
            "present": gap.present,
            "needed": gap.needed,
        }
        teller.tell_of(
            Cause(
                once=f"{gap.unit}:{NoticeKind.WATCH_GAP}:{day}:{gap.shift or ''}",
                kind=NoticeKind.WATCH_GAP,
                tell=context.picture.policy.notices[NoticeKind.WATCH_GAP],
                unit=gap.unit,
                given=given,
                due_at=gap.starts_at,
            )
        )
    await teller.write()


def gaps_ahead(
    units: Sequence[str],
    spans: dict[str, list[Span]],
    rotas: dict[str, Rota],
    *,
    now: datetime,
    ahead: timedelta = AHEAD,
) -> dict[str, list[Gap]]:
    """By unit, where the coming watch is too thin; a unit without gaps has an empty list. Pure: it may run in a thread."""
    until = now + ahead
    found = {}
    for unit in units:
        one = rotas.get(unit)
        asked = [] if one is None else demands(one, now, until)
        rest = 1 if one is None else between_shifts(one, now)
        found[unit] = gaps(unit, spans.get(unit, ()), asked, now, until, rest=rest)
    return found
