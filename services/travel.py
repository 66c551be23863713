"""Travel times from an OSRM-compatible service. It never holds a case up: no answer in time, and distance decides.

After a failure the service is left alone for a while, so that a black hole costs one wait and not one a case.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import structlog
from prometheus_client import Counter

from services.domain.choice import Measured
from services.domain.ways import Way
from services.outgoing import OWN, Guarded

log = structlog.get_logger(__name__)
logging.getLogger("httpx2").setLevel(logging.WARNING)  # it would log every address, which holds where people are

WITHIN_S = 0.3  # for everything that is asked at once
REST_S = 30.0
AT_ONCE = 16
NOTHING: Mapping[str, float] = {}

ASKED = Counter("quanzu_travel_asked", "Batches of ways that the routing service was asked for, by result.", ["result"])
_ASKED = {result: ASKED.labels(result) for result in ("answered", "late", "failed", "resting")}


class Service:
    """`base` is as far as the profile, such as http://127.0.0.1:5000/table/v1/driving."""

    def __init__(self, base: str, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._base = base.rstrip("/")
        way_out = transport or Guarded(
            OWN, inner=httpx2.AsyncHTTPTransport(limits=httpx2.Limits(max_connections=AT_ONCE), trust_env=False)
        )
        self._client = httpx2.AsyncClient(timeout=WITHIN_S, trust_env=False, transport=way_out)
        self._rests_until = float("-inf")  # monotonic

    async def seconds(self, ways: Sequence[Way]) -> tuple[Measured, list[Mapping[str, float]]]:
        """See `Ways`: all of them within WITHIN_S, or none."""
        if time.monotonic() < self._rests_until:
            return self._gave_up("resting", ways)
        try:
            async with asyncio.timeout(WITHIN_S):
                found = await asyncio.gather(*(self._one(way) for way in ways))
        except TimeoutError:
            return self._gave_up("late", ways)
        except (httpx2.HTTPError, KeyError, TypeError, ValueError) as error:
            log.warning("travel.failed", error=type(error).__name__)  # the address in its text may hold a place
            return self._gave_up("failed", ways)
        _ASKED["answered"].inc()
        return Measured.SERVICE, list(found)

    async def close(self) -> None:
        await self._client.aclose()

    def _gave_up(self, result: str, ways: Sequence[Way]) -> tuple[Measured, list[Mapping[str, float]]]:
        _ASKED[result].inc()
        if result != "resting":
            self._rests_until = time.monotonic() + REST_S
        return Measured.NO_ANSWER, [NOTHING] * len(ways)

    async def _one(self, way: Way) -> Mapping[str, float]:
        """OSRM's table service: many sources, one destination; null where there is no road."""
        points = [(way.lon, way.lat), *((start.lon, start.lat) for start in way.starts)]
        path = ";".join(f"{lon:.6f},{lat:.6f}" for lon, lat in points)
        sources = ";".join(str(number) for number in range(1, len(points)))
        asked = {"sources": sources, "destinations": "0", "annotations": "duration"}
        answer = await self._client.get(f"{self._base}/{path}", params=asked)
        if answer.is_server_error:
            answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        if told["code"] != "Ok":
            return NOTHING  # of this way the service knows nothing: no reason to leave it alone with the others
        rows = zip(way.starts, told["durations"], strict=True)
        return {start.responder: float(row[0]) for start, row in rows if row[0] is not None}
