"""The trail: where responders were, gathered in memory, sealed by the minute, stored many at once. One process writes it.

A fix a second of one responder is kept and no more. What waits when the writer dies is lost, about a minute of it: the
trail answers where somebody was, and chooses nobody.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from struct import Struct
from typing import Final

import orjson

from services.domain.fix import Fix
from services.store import trail
from services.store.columns import micros
from services.store.engine import Transaction
from services.store.sealing import Sealer
from services.store.trail import Stretch

WAITS_S: Final = 60.0  # a responder's first fix waits so long for others to be sealed with
MOST_FIXES: Final = 600  # of one responder that wait: ten a second; a device that sends more is heard no more meanwhile
MOST_STRETCHES: Final = 500  # stored at once, sealed in some 20 ms; that is 30,000 responders in a minute

Numbers = tuple[float, ...]  # of a fix, in its order; an accuracy that nobody said is -1
Gathered = dict[str, list[Numbers]]  # by responder, the oldest first
_PACKED: Final = Struct("<4d")


class Waiting:
    """The fixes that are not stored yet. Bounded: by responder here, by the number of responders where they come from.

    Packed, because half a million wait where ten thousand come in a second: as objects they would be looked through at
    every collection of garbage.
    """

    def __init__(self) -> None:
        self._fixes: dict[str, tuple[float, bytearray]] = {}  # who came first is first

    def add(self, responder: str, fix: Fix, *, now_s: float) -> None:
        waiting = self._fixes.get(responder)
        if waiting is None:
            waiting = self._fixes[responder] = (now_s, bytearray())
        packed = waiting[1]
        if len(packed) < MOST_FIXES * _PACKED.size:
            at_s, lat, lon, accuracy_m = fix
            packed += _PACKED.pack(at_s, lat, lon, -1.0 if accuracy_m is None else accuracy_m)

    def due(self, now_s: float, *, most: int = MOST_STRETCHES) -> Gathered:
        """Take out those that have waited long enough, the longest first."""
        ready: list[str] = []
        for responder, (since_s, _) in self._fixes.items():
            if now_s - since_s < WAITS_S or len(ready) == most:
                break
            ready.append(responder)
        return {responder: _unpacked(self._fixes.pop(responder)[1]) for responder in ready}

    def all(self) -> Gathered:
        """Take out everything."""
        taken, self._fixes = self._fixes, {}
        return {responder: _unpacked(packed) for responder, (_, packed) in taken.items()}


def _unpacked(packed: bytearray) -> list[Numbers]:
    """Of each second the newest, whatever order they came in."""
    return list({int(numbers[0]): numbers for numbers in sorted(_PACKED.iter_unpack(packed))}.values())


async def store(tx: Transaction, sealer: Sealer, gathered: Gathered) -> None:
    """One row a responder, by one statement; one key seals them all, because they are forgotten together."""
    await trail.add(tx, list(_sealed(sealer, gathered, tx.now)))


def _sealed(sealer: Sealer, gathered: Gathered, now: datetime) -> Iterator[Stretch]:
    key = sealer.new_key()
    for responder, fixes in gathered.items():
        sealed = key.seal(orjson.dumps(fixes), bound_to=_bound_to(responder, now))
        yield Stretch(responder=responder, stored_at=now, wrapped_key=key.wrapped, sealed=sealed)


def opened(sealer: Sealer, stretches: Sequence[Stretch]) -> list[Fix]:
    """The fixes of one responder's stretches, the oldest first. Raises CannotOpen."""
    found = []
    for one in stretches:
        plain = sealer.unwrap(one.wrapped_key).open(one.sealed, bound_to=_bound_to(one.responder, one.stored_at))
        found += [Fix(*fix) for fix in orjson.loads(plain)]
    return sorted(found, key=lambda fix: fix.at_s)


def _bound_to(responder: str, stored_at: datetime) -> bytes:
    return b"trail\x1f%d\x1f" % micros(stored_at) + responder.encode()
