"""Areas and stations in time: a new boundary begins where the old one ends, and what is planned after it stays planned."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from services.domain.value import replace
from services.store.registry import Area, Station, table_of
from services.store.registry_changes import Change, Work

T = TypeVar("T", Area, Station)


def work_of_timed(
    work: Work, wanted: Mapping[str, Sequence[T]], there: Sequence[T], *, at: datetime, later: datetime | None
) -> None:
    """Add to `work` what makes each of these units have just these rows from `at` on. Units with the same are left alone.

    `later` is the day that was asked for; without one the first rows of a unit count as having been there always.
    """
    by_unit: dict[str, list[T]] = {unit: [] for unit in wanted}
    for row in there:
        if row.unit in by_unit:
            by_unit[row.unit].append(row)
    for unit, rows in wanted.items():
        old = by_unit[unit]
        current = [row for row in old if covers(row, at)]
        if sorted(map(_content, current)) == sorted(map(_content, rows)):
            continue
        _end(work, current, at)
        begins = at if old or later is not None else None
        until = _next_change(old, at)
        work.added += [replace(row, valid_from=begins, valid_to=until) for row in rows]
        kind = table_of(type((current or rows)[0])).name
        done = "added" if not current else "changed" if rows else "ended"
        what = {"done": done, "from": None if begins is None else begins.isoformat(), "rows": len(rows)}
        work.changes.append(Change(kind=kind, code=unit, what=what))


def covers(row: Area | Station, at: datetime) -> bool:
    """Whether the row is in force at `at`."""
    return (row.valid_from is None or row.valid_from <= at) and (row.valid_to is None or row.valid_to > at)


def _content(row: Area | Station) -> tuple[Any, ...]:
    """What makes two rows the same ground or place."""
    return (row.polygon,) if isinstance(row, Area) else (row.name, row.lat, row.lon)


def _end(work: Work, rows: Sequence[Area | Station], at: datetime) -> None:
    for row in rows:
        assert row.id is not None, "what is stored has its id"  # noqa: S101
        kept = work.dropped if row.valid_from == at else work.ended  # what never was in force leaves no trace
        kept.setdefault(type(row), []).append(row.id)


def _next_change(rows: Sequence[Area | Station], at: datetime) -> datetime | None:
    """When the unit's rows change next after `at`, as planned; None: never."""
    times = [time for row in rows for time in (row.valid_from, row.valid_to) if time is not None and time > at]
    return min(times, default=None)
