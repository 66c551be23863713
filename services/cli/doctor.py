"""doctor: everything an installation needs, one line each: well or not, and then how to mend it.

Changes nothing; what it puts where evidence lies, it takes away again.
"""

import asyncio
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import typer
from sqlalchemy.exc import SQLAlchemyError

from schemas.topics import TOPICS
from services.broker.link import AWAY, BrokerSilent
from services.broker.secured import address_of
from services.broker.topics import partitions_of
from services.cli.faults import kind
from services.cli.session import given, settings_of, store_of
from services.cli.show import print_json
from services.cli.stopped import Stopped
from services.cli.words import say
from services.domain.contents import Unkept
from services.settings import BadSetting, Settings
from services.store.revision import is_current
from services.wiring import DATABASE_AWAY, contents_of

MAX_OFFSET_S = 1.0
MIN_FREE_GB = 2.0
WITHIN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`well` None: for information only."""

    name: str
    well: bool | None
    what: str
    fix: str = ""


def doctor(ctx: typer.Context) -> None:
    try:
        settings, running = settings_of(ctx)
        _ = settings.masters, settings.index
        findings = [Finding(name="settings", well=True, what=say("doctor.settings"))]
    except BadSetting as bad:
        findings = [Finding(name="settings", well=False, what=str(bad), fix="quanzu config show")]
    else:
        findings += asyncio.run(_looked_at(settings, embedded=running is not None))
    if given(ctx).json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            _tell(finding)
    raise typer.Exit(1 if any(finding.well is False for finding in findings) else 0)


doctor.__doc__ = f"{say('help.doctor')}\n\n{say('example', command='quanzu doctor')}"


def _tell(finding: Finding) -> None:
    mark = {True: "✔", False: "✖", None: "·"}[finding.well]
    fix = f"  →  {finding.fix}" if finding.fix else ""
    typer.echo(f"{mark} {finding.name:<10} {finding.what}{fix}")


async def _looked_at(settings: Settings, *, embedded: bool) -> list[Finding]:
    return [
        *await _database(settings),
        await _broker(settings, embedded=embedded),
        await _evidence(settings),
        _disk(settings),
        *_programs(),
    ]


async def _database(settings: Settings) -> list[Finding]:
    try:
        async with store_of(settings, newest=False) as store:
            offset_s = (await store.measure_time() - datetime.now(UTC)).total_seconds()
            current, walled = await is_current(store), await store.has_wall()
    except Stopped as stopped:
        return [Finding(name="database", well=False, what=str(stopped), fix="quanzu db upgrade")]
    except BadSetting as bad:
        return [Finding(name="database", well=False, what=str(bad), fix="quanzu config show")]
    except (*DATABASE_AWAY, SQLAlchemyError) as away:
        what = say("fault.database", reason=kind(away))
        return [Finding(name="database", well=False, what=what, fix=say("doctor.fix_database"))]
    apart = abs(offset_s) > MAX_OFFSET_S
    return [
        Finding(name="database", well=True, what=say("doctor.database")),
        Finding(name="schema", well=True, what=say("db.current"))
        if current
        else Finding(name="schema", well=False, what=say("fault.not_current"), fix="quanzu db upgrade"),
        Finding(
            name="rows", well=walled, what=say("doctor.rows" if walled else "doctor.no_rows"), fix=_fix_rows(walled)
        ),
        Finding(
            name="clock",
            well=not apart,
            what=say("doctor.clock", offset=f"{offset_s:+.3f}"),
            fix=say("doctor.fix_clock") if apart else "",
        ),
    ]


def _fix_rows(walled: bool) -> str:
    return "" if walled else say("doctor.fix_rows")


async def _broker(settings: Settings, *, embedded: bool) -> Finding:
    """An embedded broker has as many partitions as it pleases."""
    if not settings.kafka:
        return Finding(name="broker", well=None, what=say("doctor.embedded"))
    try:
        counts = await partitions_of(address_of(settings), within=WITHIN_S)
    except BadSetting as bad:
        return Finding(name="broker", well=False, what=str(bad), fix="quanzu config show")
    except (*AWAY, BrokerSilent) as away:
        what = say("fault.broker", reason=kind(away))
        return Finding(name="broker", well=False, what=what, fix=say("doctor.fix_broker"))
    small = [name for name, topic in TOPICS.items() if not embedded and counts.get(name, 0) < topic.partitions]
    if small:
        return Finding(
            name="broker", well=False, what=say("doctor.topics", names=" ".join(small)), fix="quanzu serve router"
        )
    return Finding(name="broker", well=True, what=say("doctor.broker", count=len(TOPICS)))


async def _evidence(settings: Settings) -> Finding:
    try:
        await contents_of(settings).check()
    except Unkept as unkept:
        what = say("doctor.no_evidence", reason=type(unkept).__name__)
        return Finding(name="evidence", well=False, what=what, fix=say("doctor.fix_evidence"))
    return Finding(name="evidence", well=True, what=say("doctor.evidence"))


def _disk(settings: Settings) -> Finding:
    place = next(folder for folder in (settings.var, *settings.var.absolute().parents) if folder.exists())
    free_gb = shutil.disk_usage(place).free / 1e9
    enough = free_gb >= MIN_FREE_GB
    what = say("doctor.disk", free=f"{free_gb:.1f}", place=place)
    return Finding(name="disk", well=enough, what=what, fix="" if enough else say("doctor.fix_disk"))


def _programs() -> list[Finding]:
    """Only `make up` needs them."""
    found = {name: shutil.which(name) for name in ("java", "postgres")}
    return [Finding(name=name, well=None, what=path or say("doctor.absent")) for name, path in found.items()]
