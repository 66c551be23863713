"""The write of the hot path: a batch of openings, with events, messages, dedupe keys and positions, all or nothing.

On PostgreSQL one statement over arrays; on SQLite, where one process writes, row by row. Repeats are found here (a row
that could not be opened) and handled by the caller in the same transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import bindparam, delete, exists, func, select, text, tuple_, update

from services.domain.case import Change, Fact
from services.domain.value import value
from services.store import arrays, cases, one_trip, tables
from services.store.engine import Transaction
from services.store.events import event_columns
from services.store.lanes import LaneOver
from services.store.outbox import Message, message_columns

OPENED = "OPENED"
position, received = tables.position, tables.received

_BY_KEYS: Final = text(
    "SELECT set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false),"
    " set_config('plan_cache_mode', 'force_generic_plan', false)"
)

# For SQLite, asked for each warning: made once, because to make one anew costs as much as to have it answered.
_MOVING: Final = (
    update(position)
    .where(
        *(position.c[name] == bindparam(f"of_{name}") for name in ("topic", "partition", "lane")),
        position.c.next_offset == bindparam("first"),
    )
    .values(next_offset=bindparam("following"))
)
_SEEN: Final = select(exists().where(received.c.source == bindparam("source"), received.c.ce_id == bindparam("ce_id")))


@value
class Opening:
    """A warning that wants to become a case, with everything that is stored with it."""

    change: Change
    ce_id: str
    messages: tuple[Message, ...]
    wrapped_key: bytes
    sealed: bytes
    subject_key: bytes | None


@value
class Progress:
    """What a batch moves besides cases: the lane's positions, and the messages the broker has confirmed meanwhile."""

    topic: str
    lane: int
    moved: Sequence[tuple[int, int, int]]  # partition, first offset of the batch, next offset after it
    confirmed: Sequence[int] = ()  # ids of outbox rows


@value
class Often:
    """When a subject is warned of too often: this many warnings since then, before the one that is written."""

    since: datetime | None  # None: never
    before: int


NEVER = Often(since=None, before=1)


@value
class Written:
    opened: frozenset[Any]  # public ids of the cases that are new
    outbox_ids: tuple[int, ...]
    often: frozenset[Any] = frozenset()  # of these, those whose subject was warned of so often already


async def write(tx: Transaction, openings: Sequence[Opening], progress: Progress, *, often: Often = NEVER) -> Written:
    """Open what can be opened and move the positions. Raises LaneOver, and then the caller must roll back."""
    return await (_write_postgres if tx.postgres else _write_sqlite)(tx, openings, progress, often)


async def write_alone(
    driver: asyncpg.Connection,
    openings: Sequence[Opening],
    progress: Progress,
    *,
    now: datetime,
    often: Often = NEVER,
) -> Written | None:
    """`write` as a transaction of its own in one round trip, for a lane on PostgreSQL. None: nothing was written.

    All or nothing: where a single warning can't be opened, its subject was warned of too often, or the lane is over,
    the statement undoes itself and the caller takes the long way, which finds out why. Whether a lost answer meant yes
    or no, the positions know.
    """
    arguments = arguments_of(openings, progress, now=now, often=often)
    try:
        written = await driver.fetchrow(ALONE, *arguments)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        return None
    return Written(opened=frozenset(written["opened"] or ()), outbox_ids=tuple(written["sent"] or ()))


async def by_keys(tx: Transaction) -> None:
    """From now on this connection, a lane's own, reads no table whole where there is an index, however small it is now.

    What has no index must then not look like work worth compiling. And one plan does for every batch: made anew for each,
    because each has other lengths, it takes longer than a batch of one.
    """
    if tx.postgres:
        await tx.conn.execute(_BY_KEYS)


async def redelivered(tx: Transaction, records: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (source, ce_id) were taken before."""
    found: set[tuple[str, str]] = set()
    for source in {source for source, _ in records}:
        ids = [ce_id for of, ce_id in records if of == source]
        question = select(received.c.ce_id).where(received.c.source == source, received.c.ce_id.in_(ids))
        found.update((source, ce_id) for ce_id in (await tx.conn.execute(question)).scalars())
    return found


@value
class Received:
    """A record, the row of the case it was taken into, and with what effect.

    `subject_key` where it counts as a warning of its own; `instruction_number` where that is not the case's own.
    """

    source: str
    ce_id: str
    row_id: int
    effect: str
    subject_key: bytes | None = None
    instruction_number: str | None = None


async def receive(tx: Transaction, records: Sequence[Received]) -> None:
    """Note that these records were taken."""
    rows = [
        {
            "source": one.source,
            "ce_id": one.ce_id,
            "case_id": one.row_id,
            "effect": one.effect,
            "received_at": tx.now,
            "subject_key": one.subject_key,
            "instruction_number": one.instruction_number,
        }
        for one in records
    ]
    await arrays.insert_rows(tx, tables.received, rows)


async def give_way(tx: Transaction, rows: Collection[int]) -> None:
    """These cases take in no other warning of their person: another may be open beside them."""
    await tx.conn.execute(update(tables.cases).where(tables.cases.c.id.in_(rows)).values(gives_way=True))


async def warned(tx: Transaction, keys: Collection[bytes], *, since: datetime) -> dict[bytes, int]:
    """How many warnings of these subjects were taken since then, this transaction's own among them.

    Exact for a subject with an open case that the caller has locked: whatever else comes for it waits for that row.
    """
    question = select(received.c.subject_key, func.count()).where(
        received.c.subject_key.in_(keys), received.c.received_at > since
    )
    return {row[0]: row[1] for row in await tx.conn.execute(question.group_by(received.c.subject_key))}


async def attached(tx: Transaction, numbers: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The rows of the cases that warnings of these (source, instruction number) were attached to, the newest each."""
    if not numbers:
        return {}
    question = select(received.c.source, received.c.instruction_number, func.max(received.c.case_id)).where(
        tuple_(received.c.source, received.c.instruction_number).in_(numbers)
    )
    grouped = question.group_by(received.c.source, received.c.instruction_number)
    return {(row[0], row[1]): row[2] for row in await tx.conn.execute(grouped)}


async def reseal(tx: Transaction, sealed: Mapping[int, bytes]) -> None:
    """What the sources say of these cases now, by row; the caller has locked them."""
    for row_id, blob in sealed.items():
        await tx.conn.execute(update(tables.cases).where(tables.cases.c.id == row_id).values(sealed=blob))


async def _write_sqlite(tx: Transaction, openings: Sequence[Opening], progress: Progress, often: Often) -> Written:
    for partition, first, following in progress.moved:
        place = {"of_topic": progress.topic, "of_partition": partition, "of_lane": progress.lane}
        moving = place | {"first": first, "following": following}
        if not (await tx.conn.execute(_MOVING, moving)).rowcount:
            raise LaneOver
    if progress.confirmed:
        await tx.conn.execute(delete(tables.outbox).where(tables.outbox.c.id.in_(progress.confirmed)))
    opened, outbox_ids, too_often = set(), [], set()
    for opening in openings:
        case = opening.change.case
        if (await tx.conn.execute(_SEEN, {"source": case.source, "ce_id": opening.ce_id})).scalar():
            continue
        row = cases.columns(case) | {name: getattr(opening, name) for name in ("wrapped_key", "sealed", "subject_key")}
        made = await arrays.insert_new(tx, tables.cases, [row], key="id")
        if not made:
            continue
        (row_id,) = made
        opened.add(case.case_id)
        key = opening.subject_key
        if key is not None and often.since is not None:
            before = await warned(tx, [key], since=often.since)
            if before.get(key, 0) >= often.before:
                too_often.add(case.case_id)
        taken = Received(source=case.source, ce_id=opening.ce_id, row_id=row_id, effect=OPENED, subject_key=key)
        await receive(tx, [taken])
        facts = [event_columns(row_id, fact) for fact in opening.change.facts]
        await arrays.insert_rows(tx, tables.event, facts)
        messages = [message_columns(message, now=tx.now, writer=progress.lane) for message in opening.messages]
        outbox_ids += sorted(await arrays.insert_new(tx, tables.outbox, messages, key="id"))
    return Written(opened=frozenset(opened), outbox_ids=tuple(outbox_ids), often=frozenset(too_often))


# Rows come as arrays of the types that the first migration makes. Arrays of single columns cost asyncpg 25 µs a warning:
# it asks of every element of an array whether it is itself an array, but never of the fields of a row.
# A plan is kept for as long as the connection, and while `received` was small it read the whole of it for every batch: at
# 10,000 rows as much work as all the rest. So each record and subject is looked up by its key: OFFSET 0 keeps the first
# question from becoming a join, and for the rest see `by_keys`.
STATEMENT = """
WITH moved AS (
    UPDATE position p SET next_offset = m.following
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS m(partition, first, following)
    WHERE p.topic = $4 AND p.partition = m.partition AND p.lane = $5 AND p.next_offset = m.first
    RETURNING 1
), confirmed AS (
    DELETE FROM outbox WHERE id = ANY($6::bigint[])
), given AS MATERIALIZED (
    SELECT * FROM unnest($8::new_case[])
), opened AS (
    INSERT INTO cases (case_id, source, instruction_number, mode, risk, fraud_type, state, responsible_unit,
        assigned_unit, responder, policy_version, version, turn, late_on_arrival, issued_ahead, repeat_count,
        reopened_count, routed_by, routing, tried, issued_at, received_at, assigned_at, timers, next_due_at,
        total_due_at, wrapped_key, sealed, subject_key)
    SELECT n.case_id, n.source, n.instruction_number, n.mode, n.risk, n.fraud_type, n.state, n.responsible_unit,
        n.assigned_unit, n.responder, n.policy_version, n.version, n.turn, n.late_on_arrival, n.issued_ahead, 0,
        0, n.routed_by, n.routing::json, '[]', n.issued_at, $7, n.assigned_at, n.timers::json, n.next_due_at,
        n.total_due_at, n.wrapped_key, n.sealed, n.subject_key
    FROM given n
    WHERE NOT EXISTS (SELECT 1 FROM received r WHERE r.source = n.source AND r.ce_id = n.ce_id OFFSET 0)
    ON CONFLICT DO NOTHING
    RETURNING id, case_id, source, subject_key
), seen AS (
    INSERT INTO received (source, ce_id, case_id, effect, received_at, subject_key)
    SELECT o.source, n.ce_id, o.id, 'OPENED', $7, n.subject_key
    FROM given n JOIN opened o ON o.case_id = n.case_id
), told AS (
    INSERT INTO event (case_id, version, action, from_state, to_state, at, recorded_at, actor, role, detail)
    SELECT o.id, f.version, f.action, f.from_state, f.to_state, f.at, $7, f.actor, f.role, f.detail::json
    FROM unnest($9::new_fact[]) f JOIN opened o ON o.case_id = f.case_id
), sent AS (
    INSERT INTO outbox (ce_id, ce_type, topic, key, value, created_at, writer)
    SELECT m.ce_id, m.ce_type, m.topic, m.key, m.value, $7, $5
    FROM unnest($10::new_message[]) m JOIN opened o ON o.case_id = m.case_id
    RETURNING id
), often AS (
    SELECT o.case_id FROM opened o
    WHERE $11::timestamptz IS NOT NULL AND o.subject_key IS NOT NULL AND $12::bigint <= (
        SELECT count(*) FROM received r WHERE r.subject_key = o.subject_key AND r.received_at > $11::timestamptz)
)
SELECT (SELECT count(*) FROM moved) AS moved, (SELECT array_agg(case_id) FROM opened) AS opened,
    (SELECT array_agg(id) FROM sent) AS sent, (SELECT array_agg(case_id) FROM often) AS often
"""
# A division by nothing undoes it all.
UNLESS_WHOLE = """,
    1 / ((SELECT count(*) FROM moved) = cardinality($1) AND (SELECT count(*) FROM opened) = cardinality($8)
        AND NOT EXISTS (SELECT FROM often))::int"""
ALONE = STATEMENT + UNLESS_WHOLE


async def _write_postgres(tx: Transaction, openings: Sequence[Opening], progress: Progress, often: Often) -> Written:
    arguments = arguments_of(openings, progress, now=tx.now, often=often)
    ((moved, opened, outbox_ids, too_often),) = await one_trip.rows(tx.conn, STATEMENT, arguments)
    if moved != len(progress.moved):
        raise LaneOver
    return Written(opened=frozenset(opened or ()), outbox_ids=tuple(outbox_ids or ()), often=frozenset(too_often or ()))


def arguments_of(
    openings: Sequence[Opening], progress: Progress, *, now: datetime, often: Often = NEVER
) -> tuple[Any, ...]:
    """The parameters of STATEMENT, in its order."""
    return (
        [partition for partition, _, _ in progress.moved],
        [first for _, first, _ in progress.moved],
        [following for _, _, following in progress.moved],
        progress.topic,
        progress.lane,
        list(progress.confirmed),
        now,
        [_new_case(opening) for opening in openings],
        [_new_fact(opening.change.case.case_id, fact) for opening in openings for fact in opening.change.facts],
        [_new_message(opening.change.case.case_id, message) for opening in openings for message in opening.messages],
        often.since,
        often.before,
    )


def _new_case(opening: Opening) -> tuple[Any, ...]:
    """A value of the type new_case."""
    case = opening.change.case
    return (
        case.case_id,
        case.source,
        case.instruction_number,
        case.mode,
        case.risk,
        case.fraud_type,
        case.state,
        case.responsible_unit,
        case.assigned_unit,
        case.responder,
        case.policy_version,
        case.version,
        case.turn,
        case.late_on_arrival,
        case.issued_ahead,
        case.routing["rule"],
        _text(case.routing),
        case.issued_at,
        case.assigned_at,
        _text(cases.packed(case.timers)),
        case.next_due_at,
        case.total_due_at,
        opening.wrapped_key,
        opening.sealed,
        opening.subject_key,
        None,
        None,  # two hashes of the type that no column takes any more
        opening.ce_id,
    )


def _new_fact(case_id: UUID, fact: Fact) -> tuple[Any, ...]:
    """A value of the type new_fact."""
    return (
        case_id,
        fact.version,
        fact.action,
        fact.from_state,
        fact.to_state,
        fact.at,
        fact.actor,
        fact.role,
        _text(fact.detail),
    )


def _new_message(case_id: UUID, message: Message) -> tuple[Any, ...]:
    """A value of the type new_message."""
    return case_id, message.ce_id, message.ce_type, message.topic, message.key, message.value


def _text(document: Any) -> str:
    return orjson.dumps(document).decode()
