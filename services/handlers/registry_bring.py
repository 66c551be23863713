"""One file into the registry: a dry run says what would change, and the same file is then written by what was seen.

Both judge by `registry_import`; only the second takes a transaction.
"""

import asyncio
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from services.domain.refusals import BadRegistryFile, StaleRegistry
from services.handlers.csv_rows import GZIP, ZIP, BadFile, Why, opens_within
from services.handlers.registry_found import Columns, Found
from services.handlers.registry_import import Files, Manner, Stored, read_files, stored, work_of
from services.handlers.registry_outcome import Outcome
from services.store import rota
from services.store.engine import Store, Transaction
from services.store.registry_changes import ChangedMeanwhile, Work, carry_out, last_change

MOST_UNPACKED = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """`seen` is the last change of the registry that all of it was judged by."""

    outcome: Outcome
    seen: int


async def weigh(store: Store, kind: str, content: bytes, columns: Columns, manner: Manner) -> Brought:
    """What the file would change. Nothing is written. Raises BadRegistryFile."""
    assert store.clock is not None  # noqa: S101 - an opened store has its clock
    async with store.read() as conn:
        seen, there = await last_change(conn), await stored(conn)
        now = store.clock.now()
        found, work = await asyncio.to_thread(_judged, kind, content, columns, there, manner, now=now)
        outcome = await Outcome.of(conn, found, work, there, manner, now=now, written=False)
    return Brought(outcome=outcome, seen=seen)


async def write(tx: Transaction, brought: Brought, *, by: str, seen: int) -> None:
    """Carry out what was weighed, where that is what was shown. Raises StaleRegistry."""
    if seen != brought.seen:
        raise StaleRegistry()
    work = brought.outcome.work
    if not work.changes:
        return
    try:
        await carry_out(tx, work, by=by, seen=seen)
    except ChangedMeanwhile:
        raise StaleRegistry() from None
    await rota.draw_anew(tx)  # people came, left or moved


def _judged(
    kind: str, content: bytes, columns: Columns, there: Stored, manner: Manner, *, now: datetime
) -> tuple[Found, Work]:
    with TemporaryDirectory() as made:
        path = Path(made) / kind
        try:
            path.write_bytes(_unpacked(path, content))
            found = read_files(Files(**{kind: path}), columns, there, manner, now=now)
        except BadFile as bad:
            line = bad.given.get("line")
            raise BadRegistryFile(why=bad.why.value, line=line if isinstance(line, int) else None) from None
    return found, work_of(found, there, manner, now=now)


def _unpacked(path: Path, content: bytes) -> bytes:
    """A packed file may be a thousand times as large; more than so much is none of a registry."""
    if content.startswith(ZIP) and not opens_within(content, MOST_UNPACKED):
        raise BadFile(Why.UNREADABLE, path, kind="too large")
    if not content.startswith(GZIP):
        return content
    packed = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = packed.decompress(content, MOST_UNPACKED)
    except zlib.error as error:
        raise BadFile(Why.UNREADABLE, path, kind=type(error).__name__) from None
    if packed.unconsumed_tail:
        raise BadFile(Why.UNREADABLE, path, kind="too large")
    return plain
