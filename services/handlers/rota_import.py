"""rota import: lay down what a file says, unit by unit, each in one transaction; and write a unit's shifts out again.

Planned duty of a file takes the place of the unit's planned duty in the days the file speaks of; leave and overrides
are added. What is there already is left alone: the same file a second time changes nothing.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.refusals import Incomplete
from services.domain.rota.fault import RotaFault, faults
from services.domain.rota.rota import REST, Entry, Group, Kind, Rota, Rotation
from services.domain.rota.rotation import rotation_document
from services.domain.rota.spans import Span
from services.handlers.rota import redraw
from services.handlers.rota_rows import FoundRota, Known, Member
from services.store import rota, rota_entries
from services.store.engine import Transaction
from services.store.rota_entries import StoredEntry

DEFAULT_PATTERN = "three-shifts"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """What laying down one unit's part did, or would do."""

    unit: str
    added: int
    withdrawn: int
    rotation: bool
    lines: tuple[RotaFault, ...]  # holes and overlaps of the rota as it is then
    rota: Rota

    @property
    def changed(self) -> bool:
        return bool(self.added or self.withdrawn or self.rotation)


async def known_of(conn: AsyncConnection, zone: ZoneInfo, *, now: datetime, unit: str | None = None) -> Known:
    """What the rows of a file are judged by, as of now."""
    rotas = await rota.load(conn, zone, now, now + DAY)
    return Known(
        unit_of=await rota.unit_of_people(conn, now=now),
        patterns=await rota.patterns(conn),
        shifts={code: [one.pattern for one in loaded.rotations] for code, loaded in rotas.items()},
        zone=zone,
        unit=unit,
    )


async def lay_down(tx: Transaction, zone: ZoneInfo, found: FoundRota, unit: str, *, by: str) -> Laid:
    """Write one unit's part. Safe to repeat. Raises Incomplete where its groups make no rotation."""
    await rota.lock(tx, unit)
    turned = await _turn(tx, zone, unit, found.members.get(unit, ()), by=by)
    entries = found.entries.get(unit, ())
    coming = [one for one in entries if one.ends_at > tx.now]
    added, withdrawn = await _put_entries(tx, unit, coming, by=by)
    drawn = await redraw(tx, unit, zone)
    known = await rota.people_of(tx.conn, unit, now=tx.now)
    until = max([tx.now + timedelta(days=7), *(one.ends_at for one in coming if one.kind is Kind.PLAN)])
    lines = faults(drawn, known, tx.now, min(until, tx.now + timedelta(days=34)))
    return Laid(unit=unit, added=added, withdrawn=withdrawn, rotation=turned, lines=tuple(lines), rota=drawn)


async def _put_entries(tx: Transaction, unit: str, coming: Sequence[Entry], *, by: str) -> tuple[int, int]:
    if not coming:
        return 0, 0
    first, last = min(one.starts_at for one in coming), max(one.ends_at for one in coming)
    stored = {_key(one): one for one in await rota_entries.entries_of(tx.conn, unit, first, last)}
    new = [one for one in coming if _key(one) not in stored]
    planned = [one for one in coming if one.kind is Kind.PLAN]
    over: list[StoredEntry] = []
    if planned:
        begins, ends = min(one.starts_at for one in planned), max(one.ends_at for one in planned)
        wanted = {_key(one) for one in planned}
        over = [
            one
            for key, one in stored.items()
            if one.kind is Kind.PLAN and key not in wanted and begins <= one.starts_at < ends and one.ends_at > tx.now
        ]
    await rota_entries.add(tx, unit, new, by=by)
    withdrawn = await rota_entries.withdraw(tx, [one.id for one in over], by=by)
    return len(new), withdrawn


def _key(one: Entry | StoredEntry) -> tuple[Kind, str, datetime, datetime, str]:
    return one.kind, one.responder, one.starts_at, one.ends_at, one.shift


async def _turn(tx: Transaction, zone: ZoneInfo, unit: str, members: Sequence[Member], *, by: str) -> bool:
    """A rotation from the rows of groups; whether it is another one than the unit has."""
    if not members:
        return False
    today = tx.now.astimezone(zone).date()
    codes = {one.pattern for one in members if one.pattern} or {DEFAULT_PATTERN}
    patterns = await rota.patterns(tx.conn)
    if len(codes) > 1 or not codes <= patterns.keys():
        raise Incomplete(field="pattern", why="the groups of one unit turn through one pattern")
    pattern = patterns[codes.pop()]
    starts_on = max([today, *(one.starts_on for one in members if one.starts_on is not None)])
    names = list(dict.fromkeys(one.group for one in members))
    groups = []
    for number, name in enumerate(names):
        mine = [one for one in members if one.group == name]
        # Groups without a stated offset stand evenly apart, in the order in which they come.
        apart = number * pattern.days // len(names)
        offset = next((one.offset for one in mine if one.offset >= 0), apart)
        groups.append(Group(name=name, offset=offset, members=tuple(one.responder for one in mine)))
    before = await rota.rotations_of(tx.conn, unit)
    last = before[-1].rotation if before else None
    made = Rotation(
        starts_on=starts_on,
        anchor=last.anchor if last is not None and last.pattern == pattern else starts_on,
        pattern=pattern,
        groups=tuple(groups),
        holiday_pattern=None if last is None else last.holiday_pattern,
        minimum={REST: 1} if last is None else last.minimum,
    )
    if last is not None and rotation_document(last) == rotation_document(made):
        return False
    await rota.add_rotation(tx, unit, made, by=by)
    return True


def to_csv(spans: Mapping[str, Iterable[Span]], zone: ZoneInfo) -> str:
    """Shifts as `rota import` reads them, by unit."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("unit", "responder", "shift", "starts", "ends"))
    for unit in sorted(spans):
        for span in spans[unit]:
            times = (at.astimezone(zone).isoformat(timespec="seconds") for at in (span.starts_at, span.ends_at))
            writer.writerow((unit, span.responder, span.shift, *times))
    return out.getvalue()
