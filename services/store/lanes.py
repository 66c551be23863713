"""Who reads which partition, and how far: decided by PostgreSQL, never by a consumer group.

A lane is one writing connection. It owns a partition as long as `position.lane` says so, and moves the position only
in its batch's own transaction: a lane that lost a partition can't write a row of it. On SQLite there is one holder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, exists, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.store import outbox, tables
from services.store.columns import Moment
from services.store.engine import Transaction

lane, position = tables.lane, tables.position

Situation = tuple[Any, ...]

UNREAD = -1  # no position yet: start at the earliest record


class LaneOver(Exception):
    """This lane was ended by another, or a partition is no longer its own. Nothing was written; open a new lane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    topic: str
    partition: int
    incarnation: str
    next_offset: int
    lane: int | None

    def stands_in(self, incarnation: str) -> bool:
        """Whether it is a place in what the broker is now; that it is inside the bounds shows when it is read."""
        return self.incarnation == incarnation and self.next_offset != UNREAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A lane, as the database sees it."""

    id: int
    topic: str
    connected: bool  # its backend still lives
    heartbeat_at: datetime


async def open_lane(tx: Transaction, *, topic: str, process: str) -> int:
    """Register this connection as a lane on `topic` and return its id. On SQLite every older lane is over."""
    pid, started = None, None
    if tx.postgres:
        pid, started = (
            await tx.conn.execute(text("SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"))
        ).one()
    else:
        await _end(tx, [known.id for known in await current(tx, [topic])])
    made = insert(lane).values(
        topic=topic,
        process=process,
        backend_pid=pid,
        backend_start=started,
        started_at=tx.now,
        heartbeat_at=tx.now,
    )
    made_id: int = (await tx.conn.execute(made.returning(lane.c.id))).scalar_one()
    return made_id


async def beat(tx: Transaction, ours: Sequence[int]) -> None:
    """Say that these lanes live; one that another has ended stays ended, and its next write fails."""
    if tx.postgres:
        await tx.conn.execute(text("SET LOCAL synchronous_commit = off"))  # a lost beat costs nothing
    await tx.conn.execute(
        update(lane).where(lane.c.id.in_(ours), lane.c.ended_at.is_(None)).values(heartbeat_at=tx.now)
    )


async def current(tx: Transaction, topics: Sequence[str]) -> list[Known]:
    """The lanes on `topics` that are not over, oldest first."""
    connected = (
        text(
            "EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.pid = lane.backend_pid"
            " AND a.backend_start = lane.backend_start) AS connected"
        )
        if tx.postgres
        else text("1 AS connected")
    )
    question = select(lane.c.id, lane.c.topic, lane.c.heartbeat_at, connected).where(
        lane.c.topic.in_(topics), lane.c.ended_at.is_(None)
    )
    return [
        Known(id=row.id, topic=row.topic, connected=bool(row.connected), heartbeat_at=row.heartbeat_at)
        for row in await tx.conn.execute(question.order_by(lane.c.id))
    ]


async def situation(conn: AsyncConnection, topics: Sequence[str], *, alive_since: datetime) -> Situation:
    """Who lives and who owns what, in one question: as long as it is the same, a closer look would find nothing new."""
    lives = "l.heartbeat_at >= :since"
    if conn.dialect.name == "postgresql":
        lives += (
            " AND EXISTS (SELECT 1 FROM pg_stat_activity a"
            " WHERE a.pid = l.backend_pid AND a.backend_start = l.backend_start)"
        )
    question = text(
        f"SELECT l.topic, l.id, -1 AS partition, {lives} AS lives FROM lane l"  # noqa: S608 - no word of it is given
        " WHERE l.ended_at IS NULL AND l.topic IN :topics"
        " UNION ALL SELECT p.topic, p.lane, p.partition, NULL FROM position p WHERE p.topic IN :topics ORDER BY 1, 2, 3"
    ).bindparams(bindparam("topics", list(topics), expanding=True), bindparam("since", alive_since, Moment()))
    return tuple(tuple(row) for row in await conn.execute(question))


async def end_dead(
    tx: Transaction, *, topics: Sequence[str], ours: Sequence[int], frozen_after: timedelta
) -> list[Known]:
    """End the lanes whose connection is gone or whose heart stands still; their partitions are free, their messages
    the relay's. Returns those that count, with `ours` of this process, on which it is no judge.

    A frozen lane's backend is ended first, so that nothing it holds is waited for and nothing it sends later lands.
    """
    known = await current(tx, topics)
    alive = [one for one in known if one.id in ours or (one.connected and tx.now - one.heartbeat_at <= frozen_after)]
    dead = [one for one in known if one not in alive]
    if tx.postgres and any(one.connected for one in dead):
        await tx.conn.execute(
            text(
                "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN lane ON lane.backend_pid = a.pid"
                " AND lane.backend_start = a.backend_start WHERE lane.id = ANY(:lanes)"
            ),
            {"lanes": [one.id for one in dead]},
        )
    await _end(tx, [one.id for one in dead])
    return alive


async def _end(tx: Transaction, dead: Sequence[int]) -> None:
    """All at once: a router that takes over waits for its own batches at every question it asks."""
    if not dead:
        return
    await tx.conn.execute(update(lane).where(lane.c.id.in_(dead)).values(ended_at=tx.now))
    await tx.conn.execute(update(position).where(position.c.lane.in_(dead)).values(lane=None))
    # Only now: a batch that was on its way has landed, and its messages are seen, or it never will.
    await outbox.adopt(tx, dead)


async def close_lane(tx: Transaction, lane_id: int) -> None:
    """Leave in good order: partitions free at once, unsent messages to the relay."""
    await _end(tx, [lane_id])


async def know(tx: Transaction, *, topic: str, partitions: int, incarnation: str) -> None:
    """Make a position row for each partition that has none; safe to repeat, by any number of lanes."""
    make = postgresql.insert if tx.postgres else sqlite.insert
    rows = [
        {"topic": topic, "partition": number, "incarnation": incarnation, "next_offset": UNREAD, "lane": None}
        for number in range(partitions)
    ]
    if rows:
        await tx.conn.execute(make(position).on_conflict_do_nothing(), rows)


async def positions(conn: AsyncConnection, topics: Sequence[str]) -> list[Position]:
    question = select(position).where(position.c.topic.in_(topics)).order_by(position.c.topic, position.c.partition)
    return [_position(row) for row in await conn.execute(question)]


def _position(row: Any) -> Position:
    return Position(
        topic=row.topic,
        partition=row.partition,
        incarnation=row.incarnation,
        next_offset=row.next_offset,
        lane=row.lane,
    )


async def take(tx: Transaction, *, topic: str, lane_id: int, wanted: int) -> list[Position]:
    """Make up to `wanted` free partitions this lane's own; returns where they stand. A lane that is over gets none.

    Its row is locked, so that it can't end in between: partitions given to it then would never be free again.
    """
    still = lane.c.id == lane_id, lane.c.ended_at.is_(None)
    open_still = select(lane.c.id).where(*still).with_for_update(read=True).cte("open_still")
    free = (
        select(position.c.partition)
        .where(position.c.topic == topic, position.c.lane.is_(None))
        .order_by(position.c.partition)
        .limit(wanted)
        .with_for_update(skip_locked=True)
        .cte("free")
    )
    taking = (
        update(position)
        .where(position.c.topic == topic, position.c.partition.in_(select(free.c.partition)))
        .where(exists(select(open_still.c.id)))
        .values(lane=lane_id)
        .returning(position)
    )
    return sorted(map(_position, await tx.conn.execute(taking)), key=lambda one: one.partition)


async def release(tx: Transaction, *, topic: str, lane_id: int, partitions: Sequence[int]) -> None:
    """Give partitions up between two batches."""
    await tx.conn.execute(
        update(position)
        .where(position.c.topic == topic, position.c.lane == lane_id, position.c.partition.in_(partitions))
        .values(lane=None)
    )


async def start_at(tx: Transaction, *, topic: str, lane_id: int, offsets: Mapping[int, int], incarnation: str) -> None:
    """Set where this lane's partitions are read from: at the first sight of a partition, or of another broker."""
    for number, offset in offsets.items():
        moved = await tx.conn.execute(
            update(position)
            .where(position.c.topic == topic, position.c.partition == number, position.c.lane == lane_id)
            .values(next_offset=offset, incarnation=incarnation)
        )
        if not moved.rowcount:
            raise LaneOver


def quota(partitions: int, lanes: Sequence[int], lane_id: int) -> int:
    """How many of the partitions are `lane_id`'s even share; the older lanes take what does not divide."""
    order = sorted(lanes)
    share, rest = divmod(partitions, len(order))
    return share + (1 if order.index(lane_id) < rest else 0)
