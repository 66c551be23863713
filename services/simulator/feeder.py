"""Feeder: sends made-up warnings at a steady pace, or those of a list of incidents at the pace of its times."""

import csv
import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import structlog

from services.broker.producer import Message, Sender, SendUnknown
from services.clock import Clock
from services.domain.words import Risk
from services.simulator.chance import one_of
from services.simulator.traffic import RISKS, Draft, Traffic, subject

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A row of a list: when, where (WGS-84 degrees; None where unknown) and of what type."""

    at: datetime
    lat: float | None
    lon: float | None
    type: str


class Feeder:
    """Puts records on the warnings' topics. What the broker did not confirm is sent again: a repeat has its ce_id."""

    def __init__(self, sender: Sender, clock: Clock) -> None:
        self.sent = 0
        self._sender = sender
        self._clock = clock

    async def feed(self, traffic: Traffic, *, every: timedelta) -> None:
        """One record at once and then one after each `every` of the clock. Never ends by itself."""
        due_at = self._clock.now()
        while True:
            await self._clock.sleep_until(due_at)
            await self._send(traffic.next(self._clock.now()))
            due_at = max(due_at + every, self._clock.now())

    async def replay(self, incidents: Iterable[Incident], *, source: str, seed: int = 7) -> int:
        """Send each incident as far from the first one as its own time is, by the clock; returns how many.

        Incidents come in the order of their times. Each becomes a warning about a person of its own, issued when sent.
        """
        rng = Random(seed)
        before, begun_at, first_at = self.sent, self._clock.now(), None
        for number, incident in enumerate(incidents, 1):
            first_at = first_at or incident.at
            await self._clock.sleep_until(begun_at + (incident.at - first_at))
            await self._send(_warning_of(incident, number, rng, source=source, at=self._clock.now()))
        return self.sent - before

    async def _send(self, message: Message) -> None:
        while True:
            try:
                await self._sender.send([message])
            except SendUnknown as unknown:
                log.warning("feeder.sends_again", reason=str(unknown))
            else:
                self.sent += 1
                return


def read_incidents(
    path: Path,
    *,
    at: str = "occurred_at",
    lat: str = "lat",
    lon: str = "lon",
    type: str = "type",  # noqa: A002 - a column
) -> Iterator[Incident]:
    """The rows of a CSV (gzipped or not) by the names of its columns. A time without a zone is taken as UTC.

    Raises KeyError for a column that is not there, ValueError for a time or a number that is none.
    """
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            happened_at = datetime.fromisoformat(row[at])
            yield Incident(
                at=happened_at if happened_at.tzinfo else happened_at.replace(tzinfo=UTC),
                lat=float(row[lat]) if row[lat] else None,
                lon=float(row[lon]) if row[lon] else None,
                type=row[type],
            )


def _warning_of(incident: Incident, number: int, rng: Random, *, source: str, at: datetime) -> Message:
    risk: Risk = one_of(rng, RISKS)
    current = {}
    if incident.lat is not None and incident.lon is not None:
        current = {"current": {"point": {"lat": incident.lat, "lon": incident.lon, "datum": "WGS84"}}}
    body = {
        "fraud_type": incident.type[:64],
        "subject": subject(rng, number),
        "places": current,
        "narrative": "【模拟】",
    }
    name = f"R-{number:06}"
    return Draft(number=name, risk=risk, body=body).record(ce_id=f"{source}/{name}", source=source, at=at)
