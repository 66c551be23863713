"""reindex: a new key of the blind indexes is laid over the old one, everywhere at once, without opening anything.

What is stored is hashed once more under the new key; from then on whoever has only the old key can guess at nothing. Both
stay in the settings, because a value is hashed under the old one first. Nobody else may be at work meanwhile: a process
that does not know the new key would find nobody again. It is one transaction: killed, it has not happened.
"""

from enum import StrEnum

from services.domain.value import value
from services.handlers.context import open_warning
from services.handlers.incoming import subject_key
from services.store import indexes
from services.store.cases import Stored, to_stored
from services.store.engine import Store
from services.store.sealing import CannotOpen, Sealer

LOOKED_AT = 200


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
    oldest_first = keys[::-1]
    async with store.begin() as tx:
        if await indexes.others(tx.conn):
            return Reindexed(found=Found.AT_WORK)
        hashes = await indexes.count(tx.conn)
        if not hashes:
            return Reindexed(found=Found.NOTHING)
        stored = await indexes.newest_with_subject(tx.conn, limit=LOOKED_AT)
        laid = _laid([(to_stored(row), bytes(row.subject_key)) for row in stored], masters, oldest_first)
        if laid is None:
            return Reindexed(found=Found.UNKNOWN)
        for key in oldest_first[laid:]:
            await indexes.lay(tx, key)
    return Reindexed(found=Found.DONE if laid < len(keys) else Found.BEFORE, hashes=hashes)


def _laid(stored: list[tuple[Stored, bytes]], masters: list[bytes], oldest_first: list[bytes]) -> int | None:
    """How many of the keys the newest cases are hashed by: told by the first one whose person says so."""
    sealers = [Sealer(masters, *oldest_first[:count]) for count in range(1, len(oldest_first) + 1)]
    for case, key in stored:
        try:
            warning = open_warning(sealers[0], case)
        except CannotOpen:
            continue
        for count, sealer in enumerate(sealers, start=1):
            if warning is not None and subject_key(sealer, warning.subject, warning.mode) == key:
                return count
    return None
