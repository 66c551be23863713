"""dead-letters: records nobody could read: look at them, mend them, send them again to where they came from."""

import asyncio
import getpass
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from services.broker.again import send_records
from services.broker.producer import Sender
from services.cli.issuing import broker_of
from services.cli.session import given, settings_of, store_of
from services.cli.show import local, print_json, print_table
from services.cli.stopped import Stopped
from services.cli.words import say
from services.domain.actor import Actor
from services.domain.refusals import LetterGone
from services.domain.words import Role
from services.handlers.dead_letter import mended, note, record_of, send_again
from services.settings import Settings
from services.store import dead_letters
from services.store.dead_letters import DeadLetter, RawRecord
from services.store.sealing import Sealer

app = typer.Typer(help=say("help.dead-letters"), no_args_is_help=True, pretty_exceptions_enable=False)

COLUMNS = ("id", "failed_at", "topic", "partition", "offset", "size", "error_class", "reason", "replayed_at")


@app.command("list", help=say("help.dead-letters.list"), epilog=say("example", command="quanzu dead-letters list"))
def list_(
    ctx: typer.Context, limit: Annotated[int, typer.Option(min=1, max=10_000, help=say("option.limit"))] = 50
) -> None:
    rows = [_row(letter) for letter in asyncio.run(_list(settings_of(ctx)[0], limit))]
    if given(ctx).json:
        print_json(rows)
    else:
        print_table(COLUMNS, [[*_shown(row).values()] for row in rows])


async def _list(settings: Settings, limit: int) -> list[DeadLetter]:
    async with store_of(settings) as store, store.read() as conn:
        return await dead_letters.page(conn, limit=limit)


@app.command(help=say("help.dead-letters.show"), epilog=say("example", command="quanzu dead-letters show 12"))
def show(
    ctx: typer.Context,
    letter_id: Annotated[int, typer.Argument(metavar="ID")],
    *,
    raw: Annotated[bool, typer.Option("--raw", help=say("option.raw"))] = False,
    reason: Annotated[str | None, typer.Option(help=say("option.reason"))] = None,
) -> None:
    if raw and not (reason or typer.prompt(say("dead_letters.ask_reason"), err=True)).strip():
        raise Stopped(say("fault.needs_reason"), code=2)
    settings = settings_of(ctx)[0]
    letter = asyncio.run(_find(settings, letter_id))
    record = _opened(settings, letter) if raw else None
    if record is not None:
        asyncio.run(_note_opened(settings, letter_id))
    if given(ctx).json:
        print_json(_row(letter) | ({"raw": _readable(record)} if record is not None else {}))
        return
    print_table(["", ""], _shown(_row(letter)).items())
    typer.echo(say("dead_letters.advice", id=letter_id))
    if record is not None:
        print_json(_readable(record))


async def _note_opened(settings: Settings, letter_id: int) -> None:
    async with store_of(settings) as store:
        await note(store, "DEAD_LETTER_OPENED", letter_id, by=_who())


def _who() -> Actor:
    return Actor(name=getpass.getuser(), role=Role.ADMINISTRATOR)


async def _find(settings: Settings, letter_id: int) -> DeadLetter:
    async with store_of(settings) as store, store.read() as conn:
        letter = await dead_letters.find(conn, letter_id)
    if letter is None:
        raise Stopped(say("fault.no_letter", id=letter_id))
    return letter


@app.command(help=say("help.dead-letters.replay"), epilog=say("example", command="quanzu dead-letters replay --all"))
def replay(
    ctx: typer.Context,
    letter_id: Annotated[int | None, typer.Argument(metavar="ID")] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help=say("option.all"))] = False,
) -> None:
    if (letter_id is None) != all_:
        raise Stopped(say("fault.id_or_all"), code=2)
    sent, gone = asyncio.run(_replay(settings_of(ctx)[0], letter_id))
    if given(ctx).json:
        print_json({"sent": sent, "without_bytes": gone})
    else:
        typer.echo(say("dead_letters.sent", count=len(sent)))
        if gone:
            typer.echo(say("dead_letters.gone", ids=" ".join(map(str, gone))))
    raise typer.Exit(1 if gone else 0)


async def _replay(settings: Settings, letter_id: int | None) -> tuple[list[int], list[int]]:
    """Ids sent again, and ids whose bytes never came or were forgotten. `None`: all that were never replayed."""
    broker_of(settings)  # before anything is opened
    letters = [await _find(settings, letter_id)] if letter_id is not None else await _never_replayed(settings)
    records = [(letter, _opened(settings, letter)) for letter in letters]
    sendable = [(letter, record) for letter, record in records if record is not None]
    await _send(settings, sendable)
    return _ids([letter for letter, _ in sendable]), _ids([letter for letter, record in records if record is None])


async def _never_replayed(settings: Settings) -> list[DeadLetter]:
    found: list[DeadLetter] = []
    async with store_of(settings) as store, store.read() as conn:
        while page := await dead_letters.newer(conn, after=found[-1].id or 0 if found else 0):
            found += page
    return [letter for letter in found if letter.replayed_at is None]


@app.command(
    help=say("help.dead-letters.mend"), epilog=say("example", command="quanzu dead-letters mend 12 --file mended.json")
)
def mend(
    ctx: typer.Context,
    letter_id: Annotated[int, typer.Argument(metavar="ID")],
    *,
    file: Annotated[Path, typer.Option(exists=True, dir_okay=False, help=say("option.mended"))],
) -> None:
    settings = settings_of(ctx)[0]
    asyncio.run(_mend(settings, letter_id, file.read_bytes()))
    if given(ctx).json:
        print_json({"sent": [letter_id], "without_bytes": []})
    else:
        typer.echo(say("dead_letters.sent", count=1))


async def _mend(settings: Settings, letter_id: int, body: bytes) -> None:
    letter = await _find(settings, letter_id)
    record = _opened(settings, letter)
    if record is None:
        raise Stopped(say("dead_letters.gone", ids=letter_id))
    await _send(settings, [(letter, mended(record, body))])


async def _send(settings: Settings, letters: Sequence[tuple[DeadLetter, RawRecord]]) -> None:
    sender = Sender(broker_of(settings), name="quanzu-dead-letters")
    try:
        async with store_of(settings) as store:
            await send_again(store, letters, partial(send_records, sender, within=10.0), by=_who())
    finally:
        await sender.stop(within=2.0)


def _opened(settings: Settings, letter: DeadLetter) -> RawRecord | None:
    """The record; None where its bytes never came, were forgotten, or can't be opened with the keys that are here."""
    try:
        return record_of(Sealer(settings.masters, settings.index, *settings.index_over), letter)
    except LetterGone:
        return None


def _ids(letters: Sequence[DeadLetter]) -> list[int]:
    return [letter.id for letter in letters if letter.id is not None]


def _row(letter: DeadLetter) -> dict[str, Any]:
    return {name: getattr(letter, name) for name in COLUMNS}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: local(row[name]) for name in ("failed_at", "replayed_at")}


def _readable(record: RawRecord) -> dict[str, Any]:
    return {
        "key": None if record.key is None else record.key.decode(errors="replace"),
        "headers": {name: value.decode(errors="replace") for name, value in record.headers},
        "value": None if record.value is None else record.value.decode(errors="replace"),
    }
