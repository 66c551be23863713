"""retention: what may be kept no longer is archived, the archive read back, and only then taken out of the database.

Of a case only the person goes (`erasure`): its row and facts stay, and with them every figure and the audit's chain. The
append-only tables that the chain covers are never pruned: once the keys are gone, nothing personal is left in them.
A run that was killed is begun again: what is archived twice is harmless, what is gone is not due any more.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from services.domain.actor import Actor
from services.domain.contents import Contents
from services.domain.refusals import OnLegalHold, Refused
from services.domain.value import value
from services.handlers.archive import Archive, read_back
from services.handlers.erasure import Because, erase_whole
from services.settings import Settings
from services.store import audit, legal_holds, retention
from services.store.engine import Store
from services.store.retention import Class

AT_ONCE = 200


@value
class Due:
    """One class: what may go (`due`), of that what an order holds, and what a run has done with the rest."""

    kind: Class
    before: datetime | None  # None: kept for good
    due: int = 0
    held: int = 0
    archived: int = 0
    gone: int = 0


@value
class Ran:
    archive: Path | None  # None: nothing was due
    sha256: str | None
    classes: tuple[Due, ...]


def cut_offs(settings: Settings, now: datetime) -> dict[Class, datetime | None]:
    days = {
        Class.CASES: settings.keep_cases_days,
        Class.SUBMISSIONS: settings.keep_submissions_days,
        Class.TIPS: settings.keep_tips_days,
        Class.DEAD_LETTERS: settings.keep_dead_letters_days,
    }
    return {kind: now - timedelta(days=kept) if kept else None for kind, kept in days.items()}


async def plan(store: Store, settings: Settings, *, now: datetime) -> tuple[Due, ...]:
    """What a run would find. Changes nothing."""
    found = []
    async with store.read() as conn:
        everything = await legal_holds.on_everything(conn)
        for kind, before in cut_offs(settings, now).items():
            due, held = (0, 0) if before is None else await retention.count(conn, kind, before)
            found.append(Due(kind=kind, before=before, due=due, held=due if everything else held))
    return tuple(found)


async def run(
    store: Store,
    contents: Contents,
    settings: Settings,
    *,
    by: Actor,
    now: datetime,
    tell: Callable[[int], None] = lambda _: None,
) -> Ran:
    """Archive, read back, take out. Raises OnLegalHold where everything is held, BadArchive, OSError, ContentsAway."""
    planned = await plan(store, settings, now=now)
    async with store.read() as conn:
        if await legal_holds.on_everything(conn):
            raise OnLegalHold()
    befores = {one.kind: one.before for one in planned if one.before is not None}
    if not any(one.due - one.held for one in planned):
        return Ran(archive=None, sha256=None, classes=planned)
    archive = Archive(settings.archive_folder, f"retention-{now:%Y%m%dT%H%M%S%f}")
    with archive:
        for kind, before in befores.items():
            await _archive(store, archive, kind, before)
        digest = archive.finish(at=now, before={kind.value: until for kind, until in befores.items()})
    await _note(store, "RETENTION_ARCHIVED", by, archive, {"sha256": digest, "rows": dict(archive.counts)})
    archived: dict[Class, int] = dict.fromkeys(Class, 0)
    gone: dict[Class, int] = dict.fromkeys(Class, 0)
    batch: dict[Class, list[dict[str, Any]]] = {kind: [] for kind in Class}

    async def take_out(kind: Class) -> None:
        rows, batch[kind] = batch[kind], []
        gone[kind] += await _take_out(store, contents, kind, rows, before=befores[kind], by=by)
        tell(sum(gone.values()))

    for _ in read_back(archive.path):
        pass  # whole and sound before the first row goes
    for of, table, row in read_back(archive.path):
        kind = Class(of)
        if table == retention.TABLES[kind].name:
            archived[kind] += 1
            batch[kind].append(row)
        if len(batch[kind]) == AT_ONCE:
            await take_out(kind)
    for kind, rows in list(batch.items()):
        if rows:
            await take_out(kind)
    await _note(store, "RETENTION_RAN", by, archive, {"gone": {kind.value: count for kind, count in gone.items()}})
    return Ran(
        archive=archive.path,
        sha256=digest,
        classes=tuple(
            Due(
                kind=one.kind,
                before=one.before,
                due=one.due,
                held=one.held,
                archived=archived[one.kind],
                gone=gone[one.kind],
            )
            for one in planned
        ),
    )


async def _archive(store: Store, archive: Archive, kind: Class, before: datetime) -> None:
    after = 0
    while True:
        async with store.read() as conn:
            rows = await retention.some(conn, kind, before, after=after, limit=AT_ONCE)
            more = await retention.beside(conn, [row["id"] for row in rows]) if kind is Class.CASES else iter(())
        for row in rows:
            archive.add(retention.TABLES[kind].name, row, of=kind.value)
        for table, row in more:
            archive.add(table.name, row, of=kind.value)
        if len(rows) < AT_ONCE:
            return
        after = rows[-1]["id"]


async def _take_out(
    store: Store,
    contents: Contents,
    kind: Class,
    rows: list[dict[str, Any]],
    *,
    before: datetime,
    by: Actor,
) -> int:
    """How many went. A case that was held or changed since it was archived stays for the next run."""
    if kind is not Class.CASES:
        async with store.begin() as tx:
            if await legal_holds.on_everything(tx.conn):
                raise OnLegalHold()
            return await retention.drop(tx, kind, [row["id"] for row in rows], before)
    went = 0
    for row in rows:
        try:
            erased = await erase_whole(
                store,
                contents,
                UUID(row["case_id"]),
                by=by,
                because=Because.PERIOD_OVER,
                seen_version=row["version"],
            )
        except Refused:
            continue
        went += not erased.again
    return went


async def _note(store: Store, action: str, by: Actor, archive: Archive, told: Mapping[str, Any]) -> None:
    async with store.begin() as tx:
        line = audit.line(action, at=tx.now, by=by, about="retention", key=archive.path.name, detail=told)
        await audit.add(tx, [line])
