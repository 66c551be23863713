"""Patrols: the made-up responders walk about, and their devices tell where they are. Nobody is sent anywhere by it."""

from datetime import datetime, timedelta
from math import cos, radians
from random import Random

import structlog

from schemas.envelope import EventType, headers_for
from schemas.fields import Point
from schemas.position import ResponderPosition
from schemas.topics import RESPONDER_POSITION
from services.broker.producer import Message, Sender, SendUnknown
from services.clock import Clock
from services.simulator.county import County, Responder

log = structlog.get_logger(__name__)

SOURCE = "/simulation/devices"
EVERY = timedelta(minutes=2)  # of the clock; far below the 15 minutes after which a fix counts no more
STRAYS_M = 1_500.0  # invented: how far from the post somebody is found, as a rule
SWITCHED_OFF = 10  # of a hundred devices: their owners count as being at their posts
METRES_A_DEGREE = 111_320.0


class Patrols:
    """Every device that is on reports after each `EVERY`. What is not sent in time is not sent again: the next one is."""

    def __init__(self, sender: Sender, clock: Clock, county: County, *, seed: int = 7) -> None:
        self._sender = sender
        self._clock = clock
        self._seed = seed
        self._devices = [
            who for who in county.responders if Random(f"{seed}:{who.code}").randrange(100) >= SWITCHED_OFF
        ]

    async def run(self) -> None:
        """Report until cancelled."""
        while True:
            now = self._clock.now()
            try:
                await self._sender.send([report(who, now, seed=self._seed) for who in self._devices])
            except SendUnknown as unknown:
                log.info("patrols.not_told", reason=str(unknown))
            await self._clock.sleep_until(now + EVERY)


def report(who: Responder, now: datetime, *, seed: int) -> Message:
    """Where somebody is at `now`: somewhere around the post, by the seed, the person and the moment alone."""
    rng = Random(f"{seed}:{who.code}:{now.isoformat()}")
    north_m, east_m = rng.gauss(0, STRAYS_M), rng.gauss(0, STRAYS_M)
    told = ResponderPosition(
        responder=who.code,
        point=Point(
            lat=round(who.post_lat + north_m / METRES_A_DEGREE, 6),
            lon=round(who.post_lon + east_m / (METRES_A_DEGREE * cos(radians(who.post_lat))), 6),
            datum="WGS84",
            accuracy_m=float(rng.randint(3, 40)),
        ),
        at=now,
        battery=rng.randint(10, 100),
    )
    headers = headers_for(
        id=f"{who.code}:{now.isoformat()}",
        source=SOURCE,
        type=EventType.RESPONDER_POSITION,
        time=now,
        key=who.code,
    )
    value = told.model_dump_json().encode()
    return Message(topic=RESPONDER_POSITION, key=who.code.encode(), value=value, headers=headers)
