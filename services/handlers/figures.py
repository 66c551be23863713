"""figures: the figures of a period, whole and by group, from the kept counts as of one moment. Changes nothing."""

import asyncio
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.counted import THE_HOUR, Count
from services.domain.figures import RATIOS, Quantile, Share, quantiles, shares
from services.handlers.counting import day_of, hour_of
from services.handlers.watch import gaps_ahead, watch_ahead
from services.store import figure_sums
from services.store import figures as kept
from services.store.figure_sums import By, Group, Wanted
from services.store.figure_tables import Span

LONGEST = {Span.DAY: timedelta(days=366), Span.HOUR: timedelta(days=31)}
MOST_GROUPS = 1000


class BadPeriod(ValueError):
    """A period that can't be summed up: no length, too long, or not from the start of an hour or a day."""


class TooManyGroups(ValueError):
    """More groups than anybody reads, or than one answer should take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """`counts` is everything that is counted; a share tells its denominator, `loops` is that of the quantiles."""

    counts: Mapping[Count, int]
    shares: Mapping[str, Share]
    loops: int
    quantiles: Mapping[Quantile, int | None]  # whole seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class OfPeriod:
    """Everything committed by `as_of` is in it; None: nothing is counted yet."""

    as_of: datetime | None
    total: Figures
    groups: Mapping[Group, Figures]


def span_of(since: datetime, until: datetime, zone: ZoneInfo, by: Sequence[By] = ()) -> Span:
    """By what a period is summed up: whole days where both its ends are midnights here. Raises BadPeriod."""
    whole_days = all(day_of(at, zone) == at for at in (since, until))
    span = Span.DAY if whole_days and By.HOUR not in by else Span.HOUR
    if By.DAY in by and span is not Span.DAY:
        raise BadPeriod("by day, the period begins and ends at midnight")
    if span is Span.HOUR and any(hour_of(at) != at for at in (since, until)):
        raise BadPeriod("the period begins and ends with a day or an hour")
    if not timedelta(0) < until - since <= LONGEST[span] + timedelta(hours=2):  # a clock that is put back
        raise BadPeriod("the period has no length, or is too long")
    return span


def hours_between(since: datetime, until: datetime, zone: ZoneInfo, hours: Container[int]) -> list[datetime]:
    """When the hours of a period begin that are these hours of the day here. Raises BadPeriod."""
    if until - since > LONGEST[Span.HOUR]:
        raise BadPeriod("the period is too long to be told by the hour")
    starts = (since + count * THE_HOUR for count in range(-(-(until - since) // THE_HOUR)))
    return [start for start in starts if start.astimezone(zone).hour in hours]


async def figures_of(conn: AsyncConnection, wanted: Wanted, *, of: Collection[str] = RATIOS) -> OfPeriod:
    """The figures of a period, `of` these shares; `conn` sees one moment. The groups add up to the total.

    Raises TooManyGroups.
    """
    position = await kept.find_position(conn)
    counts = await figure_sums.counts_of(conn, wanted, most=MOST_GROUPS + 1)
    if len(counts) > MOST_GROUPS:
        raise TooManyGroups
    loops = await figure_sums.loops_of(conn, wanted)
    young: dict[Group, int] = {}
    if position.as_of is not None and position.as_of - THE_HOUR < wanted.until:
        young = await figure_sums.young_of(conn, wanted, since=position.as_of - THE_HOUR)
    whole = {count: sum(one[count] for one in counts.values()) for count in Count}
    return OfPeriod(
        as_of=position.as_of,
        total=_figures(whole, b"".join(loops.values()), sum(young.values()), of),
        groups={
            group: _figures(counts[group], loops.get(group, b""), young.get(group, 0), of)
            for group in (sorted(counts) if wanted.by else ())
        },
    )


def _figures(counts: Mapping[Count, int], loops: bytes, young: int, of: Iterable[str]) -> Figures:
    pairs = kept.unpacked(loops)
    return Figures(
        counts=counts,
        shares=shares(counts, young=young, of=of),
        loops=int(pairs[:, 1].sum(dtype=np.int64)),
        quantiles=quantiles(pairs[:, 0], pairs[:, 1]),
    )


async def coverage(
    conn: AsyncConnection, zone: ZoneInfo, since: datetime, until: datetime, *, units: frozenset[str] | None
) -> dict[str, Share]:
    """By watched unit, of the seconds from `since` until `until` those in which enough people were on duty."""
    watched, spans, rotas = await watch_ahead(conn, zone, now=since, ahead=until - since)
    asked = [unit for unit in watched if units is None or unit in units]
    found = await asyncio.to_thread(gaps_ahead, asked, spans, rotas, now=since, ahead=until - since)
    whole = round((until - since).total_seconds())
    gone = {
        unit: sum(round((gap.ends_at - gap.starts_at).total_seconds()) for gap in gaps) for unit, gaps in found.items()
    }
    return {unit: Share(part=whole - seconds, whole=whole) for unit, seconds in gone.items()}
