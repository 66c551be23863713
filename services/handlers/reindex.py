"""reindex: a new key of the blind indexes is laid over the old one, everywhere at once, without opening anything.

What is stored is hashed once more under the new key; from then on whoever has only the old key can guess at nothing. Both
stay in the settings, because a value is hashed under the old one first. Nobody else may be at work meanwhile: a process
that does not know the new key would find nobody again. It is one transaction: killed, it has not happened. Which keys are
laid is stored beside, and asked by every process that starts; who starts meanwhile waits for the end of it.
"""

from enum import StrEnum
from typing import Final

from sqlalchemy.exc import DBAPIError

from services.domain.value import value
from services.handlers.context import open_warning
from services.handlers.incoming import subject_key
from services.store import indexes
from services.store.cases import Stored, to_stored
from services.store.engine import Store, Transaction
from services.store.sealing import CannotOpen, Sealer

LOOKED_AT: Final = 200
NOT_TO_BE_HAD: Final = "55P03"  # a lock that somebody holds: another one like this, or what is left of a killed one


class UnknownKeys(Exception):
    """What is stored is hashed by none of these keys: with them nobody would be found again."""


class Found(StrEnum):
    DONE = "DONE"
    BEFORE = "BEFORE"  # it was done already
    NOTHING = "NOTHING"  # there is nothing hashed yet
    AT_WORK = "AT_WORK"  # other processes are
    UNKNOWN = "UNKNOWN"  # by none of these keys


@value
class Reindexed:
    found: Found
    hashes: int = 0


async def reindex(store: Store, masters: list[bytes], keys: list[bytes]) -> Reindexed:
    """Lay those of `keys` (newest first) over what is stored that it has not yet. Safe to repeat and to kill."""
    sealers = _sealers(masters, keys)
    try:
        async with store.begin() as tx:
            await indexes.hold(tx, alone=True)
            return await _reindexed(tx, sealers, keys[::-1])
    except DBAPIError as fault:
        if getattr(fault.orig, "sqlstate", None) != NOT_TO_BE_HAD:
            raise
        return Reindexed(found=Found.AT_WORK)


async def _reindexed(tx: Transaction, sealers: list[Sealer], oldest_first: list[bytes]) -> Reindexed:
    if await indexes.others(tx.conn):
        return Reindexed(found=Found.AT_WORK)
    hashes = await indexes.count(tx.conn)
    laid = await _laid(tx, sealers) if hashes else len(sealers)
    if laid is None:
        return Reindexed(found=Found.UNKNOWN)
    for key in oldest_first[laid:]:
        await indexes.lay(tx, key)
    await indexes.mark(tx, sealers[-1].index_print)
    if not hashes:
        return Reindexed(found=Found.NOTHING)
    return Reindexed(found=Found.DONE if laid < len(sealers) else Found.BEFORE, hashes=hashes)


async def laid_sealer(store: Store, masters: list[bytes], keys: list[bytes]) -> Sealer:
    """One that hashes by those of `keys` (newest first) that are laid: a new one counts from the reindexing on.

    Waits for one that is under way. Raises UnknownKeys.
    """
    sealers = _sealers(masters, keys)
    async with store.begin() as tx:
        await indexes.hold(tx)
        known_by = await indexes.print_of(tx.conn)
        laid = await _laid(tx, sealers)
        if laid is None and known_by is not None and await indexes.count(tx.conn):
            raise UnknownKeys
        found = sealers[-1] if laid is None else sealers[laid - 1]
        if laid is None or known_by is None:
            await indexes.mark(tx, found.index_print)
    return found


def _sealers(masters: list[bytes], keys: list[bytes]) -> list[Sealer]:
    """By the oldest key alone, by the two oldest, and so on."""
    oldest_first = keys[::-1]
    return [Sealer(masters, *oldest_first[:count]) for count in range(1, len(oldest_first) + 1)]


async def _laid(tx: Transaction, sealers: list[Sealer]) -> int | None:
    """By how many of the keys everything is hashed; None where it is by others, or cannot be told."""
    known_by = await indexes.print_of(tx.conn)
    if known_by is not None:
        prints = [sealer.index_print for sealer in sealers]
        return prints.index(known_by) + 1 if known_by in prints else None
    stored = await indexes.newest_with_subject(tx.conn, limit=LOOKED_AT)
    return _told_by([(to_stored(row), bytes(row.subject_key)) for row in stored], sealers)


def _told_by(stored: list[tuple[Stored, bytes]], sealers: list[Sealer]) -> int | None:
    """How many of the keys the newest cases are hashed by: told by the first one whose person says so."""
    for case, key in stored:
        try:
            warning = open_warning(sealers[0], case)
        except CannotOpen:
            continue
        for count, sealer in enumerate(sealers, start=1):
            if warning is not None and subject_key(sealer, warning.subject, warning.mode) == key:
                return count
    return None
