"""The newest fix of each responder, in memory, from the records of `fraud.responder.position`. Reads no topic, stores nothing.

Every process that chooses keeps its own, and a new roster takes them over once a second: no row is touched for a fix.
Ten thousand a second cost a tenth of a core here: 6 µs to read one by its wire type, 3 to keep it.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, Protocol

from prometheus_client import Counter as Count
from prometheus_client import Gauge
from pydantic import ValidationError

from schemas.envelope import BadEnvelope, EventType, must_be, read
from schemas.position import ResponderPosition
from services.domain.fix import LIMITS, BadFix, Fix, FixLimits, fault_of, in_wgs84, newer

MOST: Final = 200_000  # responders; whoever is above that is left out until others have fallen silent
FORGET_EVERY_S: Final = 60.0
UNREADABLE, TOO_MANY = "UNREADABLE", "TOO_MANY"

TAKEN = Count("quanzu_fixes_taken", "Position fixes read from the topic that are good.")
REFUSED = Count("quanzu_fixes_refused", "Position fixes read from the topic that are of no use.", ["reason"])
KNOWN = Gauge("quanzu_fixes_known", "Responders of whom this process has a good fix.")
AGE = Gauge("quanzu_fix_newest_age_seconds", "Age of the newest good fix this process has; grows where none come.")
_REFUSED = {reason: REFUSED.labels(reason) for reason in (*(bad.value for bad in BadFix), UNREADABLE, TOO_MANY)}


class Keeper(Protocol):
    """Who wants every good fix, not only the newest (the trail)."""

    def add(self, responder: str, fix: Fix, *, now_s: float) -> None: ...


class Positions:
    """`newest` is changed in place, between two looks of whoever reads it in the same loop."""

    def __init__(
        self, now: Callable[[], datetime], *, source_datum: str, limits: FixLimits = LIMITS, most: int = MOST
    ) -> None:
        self.newest: dict[str, Fix] = {}
        self.moved: set[str] = set()  # whose newest is another one; emptied by whoever has taken it over
        self.keeper: Keeper | None = None
        self._now = now
        self._source_datum = source_datum
        self._limits = limits
        self._most = most
        self._newest_at_s: float | None = None
        self._forgot_at_s = 0.0

    def take(self, records: Iterable[Any]) -> None:
        """Keep what is newer than what is known. Any order, duplicates and rubbish are harmless."""
        now_s = self._now().timestamp()
        refused: Counter[str] = Counter()
        responders: list[str] = []
        fixes: list[Fix] = []
        datums: list[str] = []
        for record in records:
            try:
                told = _told_by(record)
            except (BadEnvelope, ValidationError, AttributeError):  # the last: a record that the client could not read
                refused[UNREADABLE] += 1
                continue
            point = told.point
            fix = Fix(told.at.timestamp(), point.lat, point.lon, point.accuracy_m)
            fault = fault_of(fix, now_s=now_s, limits=self._limits)
            if fault is not None:
                refused[fault.value] += 1
                continue
            responders.append(told.responder)
            fixes.append(fix)
            datums.append(point.datum or self._source_datum)
        for responder, fix in zip(responders, in_wgs84(fixes, datums), strict=True):
            self._keep(responder, fix, refused, now_s)
        TAKEN.inc(len(fixes))
        for reason, count in refused.items():
            _REFUSED[reason].inc(count)

    def tell(self) -> None:
        """Forget who has been silent for too long, and bring the gauges up to date; once a second will do."""
        now_s = self._now().timestamp()
        if now_s - self._forgot_at_s >= FORGET_EVERY_S:
            oldest_s = now_s - self._limits.max_age.total_seconds()
            for responder in [code for code, fix in self.newest.items() if fix.at_s < oldest_s]:
                del self.newest[responder]
            self._forgot_at_s = now_s
        KNOWN.set(len(self.newest))
        if self._newest_at_s is not None:
            AGE.set(max(0.0, now_s - self._newest_at_s))

    def _keep(self, responder: str, fix: Fix, refused: Counter[str], now_s: float) -> None:
        known = self.newest.get(responder)
        if known is None and len(self.newest) >= self._most:
            refused[TOO_MANY] += 1
            return
        if newer(fix, known):
            self.newest[responder] = fix
            self.moved.add(responder)
            if self._newest_at_s is None or fix.at_s > self._newest_at_s:
                self._newest_at_s = fix.at_s
        if self.keeper is not None:
            self.keeper.add(responder, fix, now_s=now_s)


def _told_by(record: Any) -> ResponderPosition:
    envelope = read(record.headers, record.value)
    must_be(EventType.RESPONDER_POSITION, envelope)
    return ResponderPosition.model_validate_json(envelope.data)
