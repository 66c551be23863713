"""Commands on one unit's rota: who may, is it sound, write it down, draw the duty rows; one transaction each."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.actor import Actor
from services.domain.refusals import Incomplete, KeyReused, NotAllowed, RotaNotFound, StaleRota
from services.domain.rota import swap as swaps
from services.domain.rota.fault import RotaFault, faults
from services.domain.rota.pattern import instant
from services.domain.rota.rota import REST, Entry, Rota
from services.domain.rota.rotation import rotation_from
from services.domain.rota.spans import shifts
from services.domain.rota.swap import AskedSwap, SwapAction
from services.domain.words import Role
from services.handlers.seen import must_be
from services.store import audit, duty, registry, rota, rota_answers, rota_entries
from services.store.engine import Transaction

ROTA_WRITERS = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.DESK})
SWAPPERS = ROTA_WRITERS | {Role.RESPONDER}
LONGEST_ENTRY = timedelta(days=366)
FAULTS_AHEAD = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class RotaCommand:
    """`key` makes a repeat harmless; `said` is everything that the command says."""

    name: str
    key: str
    said: Mapping[str, Any]
    seen: str | None = None  # the tag of the row as its sender last saw it

    @property
    def fingerprint(self) -> bytes:
        said = orjson.dumps([self.name, self.said], option=orjson.OPT_SORT_KEYS, default=str)
        return hashlib.sha256(said).digest()


async def once(
    tx: Transaction, command: RotaCommand, by: Actor, do: Callable[[], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    """What `do` answers; the same command again (same key) gets the first answer and does nothing. Raises KeyReused."""
    key, fingerprint = command.key, command.fingerprint
    first = await rota_answers.answered(tx, actor=by.name, key=key, fingerprint=fingerprint)
    if first is not None:
        return first
    answer: dict[str, Any] = orjson.loads(orjson.dumps(await do()))
    try:
        await rota_answers.remember(tx, actor=by.name, key=key, fingerprint=fingerprint, answer=answer)
    except IntegrityError:
        raise KeyReused() from None  # for another unit, at this very moment: of the same one the lock would have waited
    said = {"unit": command.said.get("unit"), "said": fingerprint.hex()}  # its own words may be a reason for leave
    told = audit.line("ROTA_CHANGED", at=tx.now, by=by, about="rota", key=command.name, detail=said)
    await audit.add(tx, [told])
    return answer


async def must_see(conn: AsyncConnection, by: Actor, unit: str) -> None:
    """Raises RotaNotFound where there is no such unit, or where it is not in the actor's scope."""
    if not by.sees(unit) or unit not in await registry.unit_names(conn):
        raise RotaNotFound()


async def redraw(tx: Transaction, unit: str, zone: ZoneInfo) -> Rota:
    """Draw the unit's duty rows from now to the horizon; gives the rota. Called with the unit locked; safe to repeat.

    Who is not of the unit is not drawn: the registry says whose duty it would be.
    """
    starts_at = _midnight(tx.now, zone, days=0)
    until_at = _midnight(tx.now + duty.HORIZON, zone, days=1)
    drawn = (await rota.load(tx.conn, zone, starts_at, until_at, units=[unit]))[unit]
    known = await rota.people_of(tx.conn, unit, now=tx.now)
    spans = await asyncio.to_thread(
        shifts, drawn, starts_at, until_at
    )  # a large unit takes longer than the loop may wait
    spans = [span for span in spans if span.responder in known]
    if drawn.rotations:
        await duty.end_by_hand(tx, known, max(tx.now, instant(drawn.rotations[0].starts_on, 0, zone)))
    await duty.draw(tx, unit, spans, zone)
    await rota.drawn(tx, unit, until_at)
    return drawn


def _midnight(at: datetime, zone: ZoneInfo, *, days: int) -> datetime:
    return datetime.combine(at.astimezone(zone).date() + timedelta(days=days), time(), tzinfo=zone)


async def put_rotation(
    tx: Transaction,
    zone: ZoneInfo,
    command: RotaCommand,
    *,
    by: Actor,
    unit: str,
    starts_on: date,
    document: Mapping[str, Any],
    seen_version: int,
) -> dict[str, Any]:
    """The unit's rotation from a day on. Answers with the new version and the faults of the week that begins now.

    Raises NotAllowed, RotaNotFound, StaleRota or Incomplete.
    """
    version = await _locked(tx, by, unit, ROTA_WRITERS)

    async def do() -> dict[str, Any]:
        if seen_version != version:
            raise StaleRota(version=version)
        if starts_on < tx.now.astimezone(zone).date():
            raise Incomplete(field="starts_on", why="it lies in the past")
        made = rotation_from(document, await rota.patterns(tx.conn), starts_on=starts_on)
        members = {member for group in made.groups for member in group.members}
        if members - await rota.people_of(tx.conn, unit, now=tx.now):
            raise Incomplete(field="groups", why="somebody is not a responder of this unit")
        patterns = [one for one in (made.pattern, made.holiday_pattern) if one is not None]
        if made.minimum.keys() - {REST} - {name for one in patterns for name in one.names}:
            raise Incomplete(field="minimum", why="it names a shift that the pattern has not")
        new = await rota.add_rotation(tx, unit, made, by=by.name)
        drawn = await redraw(tx, unit, zone)
        return {"unit": unit, "version": new, "faults": await _faults(tx, drawn)}

    return await once(tx, command, by, do)


async def add_entries(
    tx: Transaction, zone: ZoneInfo, command: RotaCommand, *, by: Actor, unit: str, made: Sequence[Entry]
) -> dict[str, Any]:
    """Planned duty, leave or overrides of the unit's people. Answers with their ids and the faults of the week."""
    await _locked(tx, by, unit, ROTA_WRITERS)

    async def do() -> dict[str, Any]:
        known = await rota.people_of(tx.conn, unit, now=tx.now)
        for entry in made:
            why = entry_fault(entry, known, now=tx.now)
            if why is not None:
                raise Incomplete(field=why[0], why=why[1])
        ids = await rota_entries.add(tx, unit, made, by=by.name)
        drawn = await redraw(tx, unit, zone)
        return {"unit": unit, "ids": ids, "faults": await _faults(tx, drawn)}

    return await once(tx, command, by, do)


def entry_fault(entry: Entry, known: set[str], *, now: datetime) -> tuple[str, str] | None:
    """The field that is wrong and why; None: it is sound."""
    if entry.responder not in known:
        return "responder", "not a responder of this unit"
    if entry.ends_at <= entry.starts_at:
        return "ends_at", "it ends before it starts"
    if entry.ends_at - entry.starts_at > LONGEST_ENTRY or entry.ends_at > now + 2 * LONGEST_ENTRY:
        return "ends_at", "it is longer than a year, or more than two years away"
    if entry.ends_at <= now:
        return "ends_at", "it is over"
    return None


async def withdraw_entry(
    tx: Transaction, zone: ZoneInfo, command: RotaCommand, *, by: Actor, unit: str, entry: int
) -> dict[str, Any]:
    """From now on the entry counts no more; what it did until now stays done. Raises RotaNotFound, StaleRow."""
    await _locked(tx, by, unit, ROTA_WRITERS)

    async def do() -> dict[str, Any]:
        stored = await rota_entries.find(tx.conn, entry)
        if stored is None or stored.unit != unit:
            raise RotaNotFound()
        must_be(command.seen, stored)
        await rota_entries.withdraw(tx, [entry], by=by.name)
        drawn = await redraw(tx, unit, zone)
        return {"unit": unit, "ids": [entry], "faults": await _faults(tx, drawn)}

    return await once(tx, command, by, do)


async def ask_swap(
    tx: Transaction, zone: ZoneInfo, command: RotaCommand, *, by: Actor, wanted: AskedSwap
) -> dict[str, Any]:
    """Ask somebody of one's own unit to take a duty over. Moves nothing yet. Raises Incomplete."""
    await _locked(tx, by, wanted.unit, SWAPPERS)

    async def do() -> dict[str, Any]:
        known = await rota.people_of(tx.conn, wanted.unit, now=tx.now)
        for field in ("asker", "other"):
            if getattr(wanted, field) not in known:
                raise Incomplete(field=field, why="not a responder of this unit")
        first = min(wanted.gives[0], wanted.takes[0] if wanted.takes else wanted.gives[0])
        loaded = await rota.load(tx.conn, zone, first, wanted.over_at, units=[wanted.unit])
        swaps.ask(loaded[wanted.unit], wanted, by=by, now=tx.now)
        return swap_answer(await rota_entries.add_swap(tx, wanted))

    return await once(tx, command, by, do)


async def answer_swap(
    tx: Transaction, zone: ZoneInfo, command: RotaCommand, *, by: Actor, unit: str, swap: int, action: SwapAction
) -> dict[str, Any]:
    """Accept, refuse or withdraw. An accepted one moves the duty still to come. Raises RotaNotFound, StaleRow, SwapOver."""
    await _locked(tx, by, unit, SWAPPERS)

    async def do() -> dict[str, Any]:
        asked = await rota_entries.find_swap(tx.conn, swap)
        if asked is None or asked.unit != unit:
            raise RotaNotFound()
        must_be(command.seen, asked)
        answered = swaps.answer(asked, action, by=by, now=tx.now)
        await rota_entries.save_swap(tx, answered)
        await redraw(tx, unit, zone)
        return swap_answer(answered)

    return await once(tx, command, by, do)


def swap_answer(asked: AskedSwap) -> dict[str, Any]:
    return {"id": asked.id, "unit": asked.unit, "state": asked.state.value}


async def _locked(tx: Transaction, by: Actor, unit: str, may: frozenset[Role]) -> int:
    if by.role not in may:
        raise NotAllowed(role=by.role)
    await must_see(tx.conn, by, unit)
    return await rota.lock(tx, unit)


async def _faults(tx: Transaction, drawn: Rota) -> list[dict[str, Any]]:
    known = await rota.people_of(tx.conn, drawn.unit, now=tx.now)
    return [fault_answer(one, drawn) for one in faults(drawn, known, tx.now, tx.now + FAULTS_AHEAD)]


def fault_answer(fault: RotaFault, drawn: Rota) -> dict[str, Any]:
    return {
        "flaw": fault.flaw.value,
        "responder": fault.responder,
        "starts_at": fault.starts_at,
        "ends_at": fault.ends_at,
        "told": {"zh": fault.told("zh", drawn), "en": fault.told("en", drawn)},
    }
