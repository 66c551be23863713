"""repeats: warnings that belong to a case that is there, noted on it (domain.md §3 rule 5). Opens no case, decides no race.

Who was first with a subject was decided by the database's keys; here what lost is attached, a whole batch at once: what
changed, a place that makes it another unit's, a higher risk, a subject that was warned of too often.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, or_, select

from services.domain import moves, repeats
from services.domain.case import Change
from services.domain.policy import Policy
from services.domain.repeats import SAME_INSTRUCTION, SAME_SUBJECT
from services.domain.states import BEFORE_CONCLUDED, Action
from services.domain.value import value
from services.handlers.context import Context
from services.handlers.deadline import save_told, told
from services.handlers.incoming import Incoming, links_of, subject_key
from services.handlers.notices import Teller
from services.handlers.noting import Noting, Vanished, begin, note
from services.store import cases, intake, links, tables
from services.store.cases import Saving, Stored
from services.store.engine import Transaction
from services.store.intake import Opening, Received

__all__ = ["Vanished", "attach", "flag", "let_give_way"]


class Place(NamedTuple):
    """The case that a warning belongs to, and by what."""

    row_id: int
    effect: str
    own: bool = False  # it is the very warning that opened the case


@value
class Attached:
    """The effect of each repeat, and what it did to its case."""

    effects: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


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
    notings = {row_id: begin(context, stored, await _policy(tx, context, stored)) for row_id, stored in locked.items()}
    counts = await _warned_before(tx, notings, places, keys)
    for incoming, place, key in zip(once, places, keys, strict=True):
        noting = notings[place.row_id]
        await note(tx, context, noting, incoming, place.effect, own=place.own)
        if place.effect == SAME_SUBJECT and key is not None:
            counts[key] = counts.get(key, 0) + 1
            flagged = repeats.flag_subject(noting.change.case, counts[key], now=tx.now, policy=noting.policy)
            noting.change = moves.then(noting.change, flagged) if flagged else noting.change
    await _save(tx, context, notings)
    await _remember(tx, context, once, places, keys)
    changes = tuple(noting.change for noting in notings.values())
    return Attached(effects=tuple(place.effect for place in places), changes=changes)


async def let_give_way(tx: Transaction, context: Context, again: Sequence[Incoming]) -> set[UUID]:
    """Which of these, by the case that each would be, are of a person whose open case was opened too long ago to take
    them in; that case gives way to theirs from here on. Raises Vanished.
    """
    if not again:
        return set()
    places = await _places(
        tx, again, [subject_key(context.sealer, one.warning.subject, one.warning.mode) for one in again]
    )
    locked = await cases.lock_all(tx, {place.row_id for place in places if place.effect == SAME_SUBJECT})
    old = set()
    for row_id, stored in locked.items():
        policy = await _policy(tx, context, stored)
        if stored.case.state in BEFORE_CONCLUDED and stored.case.received_at < tx.now - policy.repeats.attach_within:
            old.add(row_id)
    if old:
        await intake.give_way(tx, old)
    return {
        one.case_id
        for one, place in zip(again, places, strict=True)
        if place.effect == SAME_SUBJECT and place.row_id in old
    }


async def flag(
    tx: Transaction, context: Context, opened: Sequence[Opening], *, since: datetime | None
) -> tuple[Change, ...]:
    """Say on cases opened in this transaction that their subjects were warned of too often since then, and raise them."""
    if not opened or since is None:
        return ()
    rows = await cases.rows_of(tx.conn, [one.change.case.case_id for one in opened])
    locked = await cases.lock_all(tx, rows.values())
    counts = await intake.warned(tx, {one.subject_key for one in opened if one.subject_key}, since=since)
    made = []
    for one in opened:
        stored = locked[rows[one.change.case.case_id]]
        policy = await _policy(tx, context, stored)
        warnings = counts.get(one.subject_key or b"", 0)
        change = repeats.flag_subject(stored.case, warnings, now=tx.now, policy=policy)
        if change is not None:
            made.append((stored, change))
    return await save_told(tx, context, made)


async def _policy(tx: Transaction, context: Context, stored: Stored) -> Policy:
    return await context.policies.version(tx.conn, stored.case.policy_version)


async def _places(tx: Transaction, again: Sequence[Incoming], keys: Sequence[bytes | None]) -> list[Place]:
    """For each the case of the same instruction, its own or one it was attached to, else the open one of the same
    subject. Raises Vanished.
    """
    table = tables.cases
    takes_in = and_(table.c.state.in_(BEFORE_CONCLUDED), table.c.gives_way.is_(False))
    same_subject = and_(table.c.subject_key.in_({key for key in keys if key}), takes_in)
    columns = (table.c[name] for name in ("id", "case_id", "mode", "subject_key", "state", "gives_way"))
    question = select(*columns).where(or_(table.c.case_id.in_({one.case_id for one in again}), same_subject))
    rows = (await tx.conn.execute(question)).all()
    by_case = {row.case_id: row.id for row in rows}
    by_subject = {
        (row.mode, row.subject_key): row.id for row in rows if row.state in BEFORE_CONCLUDED and not row.gives_way
    }
    others = [one for one in again if one.case_id not in by_case]
    attached = await intake.attached(tx, [(one.source, one.warning.instruction_number) for one in others])
    places = []
    for one, key in zip(again, keys, strict=True):
        if (row_id := by_case.get(one.case_id)) is not None:
            places.append(Place(row_id, SAME_INSTRUCTION, own=True))
        elif (row_id := attached.get((one.source, one.warning.instruction_number))) is not None:
            places.append(Place(row_id, SAME_INSTRUCTION))
        elif key is not None and (row_id := by_subject.get((one.warning.mode, key))) is not None:
            places.append(Place(row_id, SAME_SUBJECT))
            attached[one.source, one.warning.instruction_number] = row_id  # once more in this batch: its amendment
        else:
            raise Vanished
    return places


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


async def _save(tx: Transaction, context: Context, notings: Mapping[int, Noting]) -> None:
    savings, resealed = [], {}
    teller = Teller(tx, context)
    for row_id, noting in notings.items():
        current = noting.current
        noting.change = await teller.tell(noting.stored.case, noting.change, policy=noting.policy)
        assigns = any(fact.action is Action.ASSIGN for fact in noting.change.facts)
        messages = told(context, current if assigns else noting.stored, noting.change)
        savings.append(
            Saving(change=noting.change, before=noting.stored.case, messages=messages, sealed_facts=noting.sealed_facts)
        )
        if noting.amended and current.sealed is not None:
            resealed[row_id] = current.sealed
    await cases.save(tx, savings)
    await teller.write()
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
        rows.append(
            Received(
                source=one.source,
                ce_id=one.ce_id,
                row_id=place.row_id,
                effect=place.effect,
                subject_key=key if place.effect == SAME_SUBJECT else None,
                instruction_number=None if place.own else one.warning.instruction_number,
            )
        )
    await intake.receive(tx, rows)
    await links.add(
        tx, [(place.row_id, links_of(context.sealer, one.warning)) for one, place in zip(once, places, strict=True)]
    )
