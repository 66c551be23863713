"""repeats: warnings that belong to a case that is there, noted on it (domain.md §3 rule 5). Opens no case, decides no race.

Who was first with a subject was decided by the database's keys; here what lost is attached, a whole batch at once: what
changed, a place that makes it another unit's, a higher risk, a subject that was warned of too often.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import and_, or_, select

from schemas.warning import WarningIssued
from services.domain import moves, repeats
from services.domain.actor import ROUTER
from services.domain.case import Change
from services.domain.policy import Policy
from services.domain.repeats import PLACES, SAME_INSTRUCTION, SAME_SUBJECT
from services.domain.states import BEFORE_CONCLUDED, Action
from services.domain.value import value
from services.domain.words import Risk
from services.handlers.context import Context, bound_to, fact_bound_to
from services.handlers.deadline import told
from services.handlers.incoming import Incoming, links_of, plain, subject_key
from services.handlers.offering import offer_next
from services.handlers.places import places_of
from services.handlers.routing import routing_of
from services.store import cases, intake, links, tables
from services.store.cases import Saving, Stored
from services.store.engine import Transaction
from services.store.intake import Opening, Received
from services.store.sealing import CannotOpen, RowKey, Sealer


class Vanished(Exception):
    """A case that stood in the way of an opening is no longer there: roll back and take the batch again."""


class Place(NamedTuple):
    """The case that a warning belongs to, and by what."""

    row_id: int
    effect: str


@value
class Attached:
    """The effect of each repeat, and what it did to its case."""

    effects: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(slots=True, kw_only=True)
class Noting:
    """One case while the repeats of a batch are laid on it. `says` is the warning as it is now; None: forgotten."""

    stored: Stored
    policy: Policy
    change: Change
    key: RowKey | None
    says: dict[str, Any] | None
    sealed_facts: dict[int, bytes]
    amended: bool = False

    @property
    def current(self) -> Stored:
        """The case's row with what the sources say now, for whoever has to open it."""
        if self.key is None or self.says is None or not self.amended:
            return self.stored
        blob = self.key.seal(orjson.dumps(self.says), bound_to=bound_to(self.stored.case.case_id))
        return replace(self.stored, sealed=blob)


async def attach(tx: Transaction, context: Context, again: Sequence[Incoming]) -> Attached:
    """Note each repeat on its case; the same record twice counts once. Raises Vanished.

    Rows are locked in the order of their ids, so that two routers can't cross.
    """
    by_record: dict[tuple[str, str], Incoming] = {}
    for one in again:
        by_record.setdefault((one.source, one.ce_id), one)
    once = list(by_record.values())
    if not once:
        return Attached()
    keys = [subject_key(context.sealer, one.warning.subject, one.warning.mode) for one in once]
    places = await _places(tx, once, keys)
    locked = await cases.lock_all(tx, {place.row_id for place in places})
    notings = {row_id: await _noting(tx, context, stored) for row_id, stored in locked.items()}
    counts = await _warned_before(tx, notings, places, keys)
    for incoming, place, key in zip(once, places, keys, strict=True):
        noting = notings[place.row_id]
        await _note(tx, context, noting, incoming, place.effect)
        if place.effect == SAME_SUBJECT and key is not None:
            counts[key] = counts.get(key, 0) + 1
            flagged = repeats.flag_subject(noting.change.case, counts[key], now=tx.now, policy=noting.policy)
            noting.change = moves.then(noting.change, flagged) if flagged else noting.change
    await _save(tx, context, notings)
    await _remember(tx, context, once, places, keys)
    changes = tuple(noting.change for noting in notings.values())
    return Attached(effects=tuple(place.effect for place in places), changes=changes)


async def flag(
    tx: Transaction, context: Context, opened: Sequence[Opening], *, since: datetime | None
) -> tuple[Change, ...]:
    """Say on cases opened in this transaction that their subjects were warned of too often since then, and raise them."""
    if not opened or since is None:
        return ()
    rows = await cases.rows_of(tx.conn, [one.change.case.case_id for one in opened])
    locked = await cases.lock_all(tx, rows.values())
    counts = await intake.warned(tx, {one.subject_key for one in opened if one.subject_key}, since=since)
    savings = []
    for one in opened:
        stored = locked[rows[one.change.case.case_id]]
        policy = await _policy(tx, context, stored)
        warnings = counts.get(one.subject_key or b"", 0)
        change = repeats.flag_subject(stored.case, warnings, now=tx.now, policy=policy)
        if change is not None:
            savings.append(Saving(change=change, messages=told(context, stored, change)))
    await cases.save(tx, savings)
    return tuple(saving.change for saving in savings)


async def _policy(tx: Transaction, context: Context, stored: Stored) -> Policy:
    return await context.policies.version(tx.conn, stored.case.policy_version)


async def _places(tx: Transaction, again: Sequence[Incoming], keys: Sequence[bytes | None]) -> list[Place]:
    """For each the case of the same instruction, else the open one of the same subject. Raises Vanished."""
    table = tables.cases
    same_subject = and_(table.c.subject_key.in_({key for key in keys if key}), table.c.state.in_(BEFORE_CONCLUDED))
    question = select(table.c.id, table.c.case_id, table.c.mode, table.c.subject_key, table.c.state).where(
        or_(table.c.case_id.in_({one.case_id for one in again}), same_subject)
    )
    rows = (await tx.conn.execute(question)).all()
    by_case = {row.case_id: row.id for row in rows}
    by_subject = {(row.mode, row.subject_key): row.id for row in rows if row.state in BEFORE_CONCLUDED}
    places = []
    for one, key in zip(again, keys, strict=True):
        if (row_id := by_case.get(one.case_id)) is not None:
            places.append(Place(row_id, SAME_INSTRUCTION))
        elif key is not None and (row_id := by_subject.get((one.warning.mode, key))) is not None:
            places.append(Place(row_id, SAME_SUBJECT))
        else:
            raise Vanished
    return places


async def _noting(tx: Transaction, context: Context, stored: Stored) -> Noting:
    key, says = _opened(context.sealer, stored)
    return Noting(
        stored=stored,
        policy=await _policy(tx, context, stored),
        change=Change(case=stored.case, facts=()),
        key=key,
        says=says,
        sealed_facts={},
    )


def _opened(sealer: Sealer, stored: Stored) -> tuple[RowKey | None, dict[str, Any] | None]:
    """The case's key and what its warning says. A key that is not here stops no repeat: then nothing can be compared."""
    if stored.wrapped_key is None or stored.sealed is None:
        return None, None
    try:
        key = sealer.unwrap(stored.wrapped_key)
        data = key.open(stored.sealed, bound_to=bound_to(stored.case.case_id))
    except CannotOpen:
        return None, None
    return key, plain(WarningIssued.model_validate_json(data))


async def _warned_before(
    tx: Transaction, notings: Mapping[int, Noting], places: Sequence[Place], keys: Sequence[bytes | None]
) -> dict[bytes, int]:
    """How often each subject of an attached warning was warned of before, by the rule of the case it is attached to."""
    by_since: dict[datetime, set[bytes]] = {}
    for place, key in zip(places, keys, strict=True):
        if place.effect == SAME_SUBJECT and key is not None:
            by_since.setdefault(tx.now - notings[place.row_id].policy.repeats.within, set()).add(key)
    counts: dict[bytes, int] = {}
    for since, wanted in by_since.items():
        counts |= await intake.warned(tx, wanted, since=since)
    return counts


async def _note(tx: Transaction, context: Context, noting: Noting, incoming: Incoming, effect: str) -> None:
    """One repeat laid on what this batch has noted on the case already.

    Raises Vanished where the case is no longer open to another instruction.
    """
    before, policy = noting.change, noting.policy
    case = before.case
    is_open = case.state in BEFORE_CONCLUDED
    if effect == SAME_SUBJECT and not is_open:
        raise Vanished  # concluded while we waited for the row: the warning opens a case of its own
    warning = incoming.warning
    says = plain(warning)
    changed = repeats.changed_fields(noting.says, says) if noting.says is not None else ()
    if is_open and noting.says is not None and changed:
        was = noting.says
        _amend(noting, says, effect)
    else:
        was = noting.says or {}
    rerouted = _rerouted(context, noting, changed, now=tx.now)
    tell = repeats.told_to(case, changed, before=before.facts, rerouted=rerouted is not None)
    risk = Risk(warning.risk)
    noted = repeats.repeated(
        case, by=ROUTER, now=tx.now, effect=effect, risk=risk, source=incoming.source, changed=changed, tell=tell
    )
    _seal(noting, noted.case.version, incoming, {name: _value(was, name) for name in changed})
    change = repeats.raised_by(moves.then(before, noted), risk, effect=effect, now=tx.now, policy=policy)
    if rerouted is not None:
        unit, routing = rerouted
        moved = repeats.reroute(change.case, unit=unit, routing=routing, now=tx.now, policy=policy)
        change = moves.then(change, moved)
        change = await offer_next(tx, context, noting.current, change, policy=policy)
    noting.change = change


def _rerouted(
    context: Context, noting: Noting, changed: tuple[str, ...], *, now: datetime
) -> tuple[str, dict[str, Any]] | None:
    """The unit whose case it is by the new place, and why; None where that is the same, nobody's, or it is too late."""
    case = noting.change.case
    if case.state not in repeats.UNANSWERED or not repeats.place_changed(changed):
        return None
    warning = WarningIssued.model_validate_json(orjson.dumps(noting.says))
    used = places_of([warning], now=now, datum=context.source_datum)
    located = context.picture.jurisdictions.locate(
        used.places, edge_limit_m=context.edge_limit_m, station_limit_m=context.station_limit_m
    )
    unit = located[0].unit
    if unit is None or unit == case.responsible_unit:
        return None
    grids = context.picture.grids.locate(located, used.places, edge_limit_m=context.edge_limit_m)
    return unit, routing_of(located[0], used.which[0], grid=grids[0])


def _seal(noting: Noting, version: int, incoming: Incoming, was: Mapping[str, Any]) -> None:
    """Both values are kept: all that the repeat says, and what it changes as it was."""
    if noting.key is None:
        return
    words = orjson.dumps({"warning": orjson.Fragment(incoming.data), "was": was})
    case_id = noting.stored.case.case_id
    noting.sealed_facts[version] = noting.key.seal(words, bound_to=fact_bound_to(case_id, version))


def _value(says: Mapping[str, Any], name: str) -> Any:
    found: Any = says
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _amend(noting: Noting, says: dict[str, Any], effect: str) -> None:
    """The same instruction is laid over what the case says. Of another one only its places are: they are newer, and
    two sources may both be right about the rest.
    """
    new = says if effect == SAME_INSTRUCTION else {PLACES: says.get(PLACES)}
    after = repeats.merged(noting.says or {}, new)
    noting.amended = noting.amended or after != noting.says
    noting.says = after


async def _save(tx: Transaction, context: Context, notings: Mapping[int, Noting]) -> None:
    savings, resealed = [], {}
    for row_id, noting in notings.items():
        current = noting.current
        assigns = any(fact.action is Action.ASSIGN for fact in noting.change.facts)
        messages = told(context, current if assigns else noting.stored, noting.change)
        savings.append(Saving(change=noting.change, messages=messages, sealed_facts=noting.sealed_facts))
        if noting.amended and current.sealed is not None:
            resealed[row_id] = current.sealed
    await cases.save(tx, savings)
    await intake.reseal(tx, resealed)


async def _remember(
    tx: Transaction,
    context: Context,
    once: Sequence[Incoming],
    places: Sequence[Place],
    keys: Sequence[bytes | None],
) -> None:
    """That these records were taken, and by what their cases may be linked from now on."""
    rows = []
    for one, place, key in zip(once, places, keys, strict=True):
        own = place.effect == SAME_SUBJECT
        number = one.warning.instruction_number if own else None
        rows.append(
            Received(
                source=one.source,
                ce_id=one.ce_id,
                row_id=place.row_id,
                effect=place.effect,
                subject_key=key if own else None,
                instruction_number=number,
            )
        )
    await intake.receive(tx, rows)
    await links.add(
        tx, [(place.row_id, links_of(context.sealer, one.warning)) for one, place in zip(once, places, strict=True)]
    )
