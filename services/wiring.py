"""The only place where the parts meet: from settings to a store, a clock, keys, a broker's address and a picture."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import structlog
from asyncpg import PostgresError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from schemas.topics import RESPONDER_POSITION
from services.broker.consumer import PositionLost
from services.broker.follow import Follower
from services.broker.link import BrokerAddress, BrokerSilent
from services.broker.secured import address_of
from services.clock import Clock, SteadyClock
from services.contents.folder import Folder
from services.domain.choice import Rules
from services.domain.contents import Contents
from services.domain.datum import Datum
from services.domain.fix import FixLimits
from services.domain.ways import Table, Ways
from services.handlers import picture
from services.handlers.context import Context, Picture
from services.handlers.csv_rows import BadFile
from services.handlers.positions import Positions
from services.handlers.reindex import UnknownKeys, laid_sealer
from services.handlers.travel_table import BadMinutes, read_minutes
from services.health import Health
from services.settings import BadSetting, Settings
from services.store.engine import Store
from services.store.policies import Policies, UnknownPolicy
from services.store.revision import is_current
from services.tls import WORDS, fault_of

if TYPE_CHECKING:
    from services.broker.embedded import EmbeddedBroker

log = structlog.get_logger(__name__)
Made = TypeVar("Made")

DATABASE_AWAY = (OSError, SQLAlchemyError, PostgresError, TimeoutError)
PAUSE_S, SAY_EVERY_S = 0.5, 5.0
ROSTER_S, ROSTER_SHARE, ROSTER_LATEST_S = 1.0, 10, 5.0  # once a second; where it takes long, a tenth of the time


@dataclass(slots=True, kw_only=True)
class Parts:
    """Everything a process works with. `stop` is set when it must end."""

    settings: Settings
    store: Store
    clock: Clock
    context: Context
    broker: BrokerAddress
    health: Health
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    positions: Positions = field(init=False)
    contents: Contents = field(init=False)

    def __post_init__(self) -> None:
        self.contents = contents_of(self.settings)
        limits = self.context.fix_limits
        self.positions = Positions(self.clock.now, source_datum=self.settings.source_datum, limits=limits)
        self.context.fixes, self.context.moved = self.positions.newest, self.positions.moved


@contextlib.asynccontextmanager
async def opened(
    settings: Settings, *, name: str, health: Health | None = None, clock: Clock | None = None, speed: float = 1.0
) -> AsyncIterator[Parts]:
    """The parts of one process. Waits for the database however long it is away; `health` says so meanwhile.

    Raises BadSetting. `clock` replaces the database's time (tests); `speed` makes it faster (the demo).
    """
    settings.must_guard_database()
    health = health or Health()
    _ = settings.masters, settings.indexes  # raise BadSetting now, not after the database has answered
    ways = _ways(settings)
    store = Store(settings.database, name=name)
    embedded = None if settings.kafka else _embedded_broker()
    try:
        address = address_of(settings) if embedded is None else embedded.address
        ticking = clock if clock is not None else await _waited_for(health, lambda: _clock(store, speed))
        store.clock = ticking
        context = await _waited_for(health, lambda: _context(store, settings, ways))
        parts = Parts(settings=settings, store=store, clock=ticking, context=context, broker=address, health=health)
        keepers = {asyncio.create_task(_keep_picture(parts)), asyncio.create_task(_follow_positions(parts))}
        try:
            yield parts
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.wait(keepers)
    finally:
        await store.close()
        if ways is not None:
            await ways.close()
        if embedded is not None:
            embedded.close()


def _embedded_broker() -> "EmbeddedBroker":
    """librdkafka is large: only who needs it carries it."""
    from services.broker.embedded import EmbeddedBroker  # noqa: PLC0415

    return EmbeddedBroker()


async def _waited_for(health: Health, make: Callable[[], Awaitable[Made]]) -> Made:
    """Try until the database answers and has its schema."""
    waiting: list[str | None] = ["the database"]
    health.ready_when("database", lambda: waiting[0])
    said_at = 0.0
    while True:
        try:
            made = await make()
        except DATABASE_AWAY as away:
            waiting[0] = f"the database does not answer ({_kind(away)})"
        except (NotMigrated, UnknownPolicy):
            waiting[0] = "the database has not the newest schema: run `quanzu db upgrade`"
        else:
            waiting[0] = None
            return made
        if time.monotonic() - said_at > SAY_EVERY_S:
            said_at = time.monotonic()
            log.warning("process.waits", reason=waiting[0])
        await asyncio.sleep(PAUSE_S)


class NotMigrated(Exception):
    """The database lacks a migration that this program needs."""


async def _clock(store: Store, speed: float) -> Clock:
    """The database's time as of the end of its answer: ours may lag by that answer, but is never ahead of it.

    The first answer is thrown away, because it takes as long as the connection; ahead by half of that, limits fired
    tens of milliseconds early.
    """
    await store.measure_time()
    return SteadyClock(await store.measure_time(), speed=speed)


async def _context(store: Store, settings: Settings, ways: Ways | None) -> Context:
    assert store.clock is not None  # noqa: S101 - set just before
    if not await is_current(store):
        raise NotMigrated
    try:
        sealer = await laid_sealer(store, settings.masters, settings.indexes)
    except UnknownKeys:
        raise BadSetting(
            "QUANZU_INDEX_KEY: what is stored was hashed by another key; with this one nobody is found"
        ) from None
    policies, rules = Policies(), _rules(settings)
    async with store.read() as conn:
        drawn = await picture.draw(conn, policies, now=store.clock.now(), rules=rules)
    _say_problems(drawn)
    return Context(
        policies=policies,
        sealer=sealer,
        picture=drawn,
        source_datum=Datum(settings.source_datum),
        edge_limit_m=settings.edge_limit_m,
        station_limit_m=settings.station_limit_m,
        rules=rules,
        zone=settings.zone,
        ways=ways,
        fix_limits=FixLimits(max_accuracy_m=settings.fix_accuracy_m),
    )


def _rules(settings: Settings) -> Rules:
    return Rules(
        rest=timedelta(hours=settings.rest_h),
        load_cap=settings.load_cap,
        neighbour_limit_m=settings.neighbour_limit_m,
        gain_to_cross=timedelta(minutes=settings.gain_to_cross_min),
        speed_m_per_s=settings.speed_km_h / 3.6,
    )


def contents_of(settings: Settings) -> Contents:
    """Where evidence lies. Asks nobody yet."""
    if not settings.evidence.startswith("s3://"):
        return Folder(Path(settings.evidence) if settings.evidence else settings.var / "evidence")
    from services.contents.bucket import Access, Bucket  # noqa: PLC0415 - only who needs it carries it

    place = urlsplit(settings.evidence)
    access = Access(
        bucket=place.netloc,
        prefix=place.path.strip("/"),
        endpoint=settings.evidence_s3_endpoint,
        region=settings.evidence_s3_region,
        key=settings.evidence_s3_key.get_secret_value(),
        secret=settings.evidence_s3_secret.get_secret_value(),
    )
    return Bucket(access)


def _ways(settings: Settings) -> Ways | None:
    """Raises BadSetting."""
    if settings.travel_url and settings.travel_table:
        raise BadSetting("QUANZU_TRAVEL_URL and QUANZU_TRAVEL_TABLE exclude each other: use one")
    if settings.travel_url:
        from services.travel import Service  # noqa: PLC0415 - an HTTP client is large: only who needs it carries it

        return Service(settings.travel_url)
    if settings.travel_table is None:
        return None
    try:
        return Table(read_minutes(settings.travel_table))
    except (BadFile, BadMinutes) as bad:
        raise BadSetting(f"QUANZU_TRAVEL_TABLE: {bad}") from None


async def _keep_picture(parts: Parts) -> None:
    """A new roster once a second, a new map when there is one; while the database is away the old ones serve."""
    while True:
        began = time.monotonic()
        try:
            # Each question by itself: a transaction would stay open while the map is drawn.
            async with contextlib.aclosing(await parts.store.asking()) as conn:
                if await picture.redraw(conn, parts.context, now=parts.clock.now()):
                    _say_problems(parts.context.picture)
        except DATABASE_AWAY as away:
            log.info("picture.kept", reason=_kind(away))
        await asyncio.sleep(max(ROSTER_S, min(ROSTER_LATEST_S, ROSTER_SHARE * (time.monotonic() - began))))


async def _follow_positions(parts: Parts) -> None:
    """Take every position from the end of the topic on; a gap costs nothing, because only the newest count."""
    follower = Follower(parts.broker, [RESPONDER_POSITION], name="quanzu-positions")
    try:
        await follower.start()
        while True:
            try:
                batches = await follower.fetch(wait=ROSTER_S)
            except (PositionLost, BrokerSilent) as gap:
                log.info("positions.gap", action="positions.gap", reason=type(gap).__name__)
                continue
            for batch in batches:
                parts.positions.take(batch.records)
            parts.positions.tell()
    finally:
        await follower.stop()


def _say_problems(drawn: Picture) -> None:
    for problem in drawn.jurisdictions.problems:
        log.warning("registry.problem", problem=str(problem))


def _kind(error: BaseException) -> str:
    """In words where it is a matter of trust, else the kind alone."""
    if (fault := fault_of(error)) is not None:
        return WORDS[fault]
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return type(origin).__name__
