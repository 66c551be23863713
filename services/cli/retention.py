"""retention: what may be kept no longer is shown, archived and taken out; archives are read back; legal holds stop it."""

import asyncio
import getpass
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from services.cli.progress import progress
from services.cli.session import given, settings_of, store_of
from services.cli.show import local, print_json, print_table
from services.cli.stopped import Stopped
from services.cli.words import say
from services.domain.actor import Actor
from services.domain.contents import Unkept
from services.domain.refusals import OnLegalHold
from services.domain.words import Role
from services.handlers import retention
from services.handlers.archive import BadArchive, read_back
from services.handlers.retention import Due, Ran
from services.settings import Settings
from services.store import audit, cases, legal_holds
from services.store.legal_holds import LegalHold
from services.wiring import contents_of

app = typer.Typer(help=say("help.retention"), no_args_is_help=True, pretty_exceptions_enable=False)

PLANNED = ("class", "before", "due", "held")
RAN = (*PLANNED, "archived", "gone")
HOLDS = tuple(LegalHold.__dataclass_fields__)
LONGEST = 64


def administrator() -> Actor:
    """Whoever sits at this machine's terminal."""
    return Actor(name=getpass.getuser(), role=Role.ADMINISTRATOR)


@app.command(help=say("help.retention.plan"), epilog=say("example", command="quanzu retention plan"))
def plan(ctx: typer.Context) -> None:
    _tell(ctx, PLANNED, asyncio.run(_plan(settings_of(ctx)[0])))


async def _plan(settings: Settings) -> tuple[Due, ...]:
    async with store_of(settings) as store:
        assert store.clock is not None  # noqa: S101 - store_of sets it
        return await retention.plan(store, settings, now=store.clock.now())


@app.command(help=say("help.retention.run"), epilog=say("example", command="quanzu retention run"))
def run(ctx: typer.Context) -> None:
    try:
        ran = asyncio.run(_run(settings_of(ctx)[0]))
    except OnLegalHold:
        raise Stopped(say("fault.legal_hold")) from None
    except BadArchive as bad:
        raise Stopped(say("fault.archive", why=bad)) from None
    except Unkept:
        raise Stopped(say("fault.contents")) from None
    _tell(ctx, RAN, ran.classes, archive=ran.archive, sha256=ran.sha256)
    if not given(ctx).json:
        nothing = ran.archive is None
        typer.echo(say("retention.nothing") if nothing else say("retention.archived", path=ran.archive, sha=ran.sha256))


async def _run(settings: Settings) -> Ran:
    async with store_of(settings) as store:
        assert store.clock is not None  # noqa: S101 - store_of sets it
        now = store.clock.now()
        due = sum(one.due - one.held for one in await retention.plan(store, settings, now=now))
        with progress(say("retention.running"), due) as tell:
            return await retention.run(store, contents_of(settings), settings, by=administrator(), now=now, tell=tell)


@app.command(help=say("help.retention.verify"), epilog=say("example", command="quanzu retention verify FILE.jsonl"))
def verify(ctx: typer.Context, file: Path) -> None:
    try:
        rows = sum(1 for _ in read_back(file))
    except BadArchive as bad:
        raise Stopped(say("fault.archive", why=bad)) from None
    if given(ctx).json:
        print_json({"file": str(file), "rows": rows})
    else:
        typer.echo(say("retention.sound", rows=rows))


@app.command(help=say("help.retention.hold"), epilog=say("example", command="quanzu retention hold 2026-117 --case ID"))
def hold(
    ctx: typer.Context,
    reference: str,
    *,
    case: Annotated[UUID | None, typer.Option(metavar="CASE", help=say("option.held_case"))] = None,
) -> None:
    if not reference.strip() or len(reference) > LONGEST or not reference.isprintable():
        raise Stopped(say("fault.reference"), code=2)
    number = asyncio.run(_hold(settings_of(ctx)[0], reference, case))
    if given(ctx).json:
        print_json({"id": number})
    else:
        typer.echo(say("retention.held", number=number))


async def _hold(settings: Settings, reference: str, case_id: UUID | None) -> int:
    by = administrator()
    async with store_of(settings) as store, store.begin() as tx:
        stored = None if case_id is None else await cases.find(tx.conn, case_id)
        if case_id is not None and stored is None:
            raise Stopped(say("fault.no_case", case_id=case_id))
        number = await legal_holds.place(tx, None if stored is None else stored.id, reference=reference, by=by.name)
        told = {"number": number, "reference": reference}
        line = audit.line("LEGAL_HOLD_PLACED", at=tx.now, by=by, about="legal_hold", key=case_id or "all", detail=told)
        await audit.add(tx, [line])
        return number


@app.command(help=say("help.retention.lift"), epilog=say("example", command="quanzu retention lift 3"))
def lift(ctx: typer.Context, number: int) -> None:
    if not asyncio.run(_lift(settings_of(ctx)[0], number)):
        raise Stopped(say("fault.no_hold", number=number))
    typer.echo(say("retention.lifted", number=number), err=given(ctx).json)


async def _lift(settings: Settings, number: int) -> bool:
    by = administrator()
    async with store_of(settings) as store, store.begin() as tx:
        lifted = await legal_holds.lift(tx, number, by=by.name)
        if lifted:
            told = {"number": number}
            await audit.add(
                tx, [audit.line("LEGAL_HOLD_LIFTED", at=tx.now, by=by, about="legal_hold", key=number, detail=told)]
            )
        return lifted


@app.command(help=say("help.retention.holds"), epilog=say("example", command="quanzu retention holds"))
def holds(ctx: typer.Context) -> None:
    found = asyncio.run(_holds(settings_of(ctx)[0]))
    rows = [{name: getattr(one, name) for name in HOLDS} for one in found]
    if given(ctx).json:
        print_json(rows)
    else:
        print_table(
            HOLDS, [[local(cell) if name.endswith("_at") else cell for name, cell in row.items()] for row in rows]
        )


async def _holds(settings: Settings) -> list[LegalHold]:
    async with store_of(settings) as store, store.read() as conn:
        return list(await legal_holds.all_of(conn))


def _tell(ctx: typer.Context, columns: tuple[str, ...], classes: tuple[Due, ...], **more: Any) -> None:
    rows = [[one.kind.value, one.before, *(getattr(one, name) for name in columns[2:])] for one in classes]
    if given(ctx).json:
        print_json({"classes": [dict(zip(columns, row, strict=True)) for row in rows], **more})
    else:
        print_table(columns, [[row[0], row[1] and f"{row[1]:%Y-%m-%d}", *row[2:]] for row in rows])
