"""policy: show the policy in force, check a file, bring it in as a draft, publish or delete it, see what it would change."""

import asyncio
import getpass
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.rota import clock_for
from services.cli.running import Running
from services.cli.session import given, settings_of, store_of
from services.cli.show import local, print_json, print_table
from services.cli.stopped import Stopped
from services.cli.words import language, say
from services.domain.actor import Actor
from services.domain.located import Language
from services.domain.policy import policy_from
from services.domain.policy_fault import BadPolicy
from services.domain.preview import Counts
from services.domain.refusals import AlreadyPublished, PolicyNotFound
from services.domain.words import Role
from services.handlers import policy_yaml
from services.handlers.csv_rows import text_of
from services.handlers.policies import delete as delete_draft
from services.handlers.policies import keep_draft, read_yaml, told
from services.handlers.policies import preview as foresee
from services.handlers.policies import publish as put_in_force
from services.settings import Settings
from services.store import policies
from services.store.policies import Kept

app = typer.Typer(help=say("help.policy"), no_args_is_help=True, pretty_exceptions_enable=False)

File = Annotated[Path, typer.Argument(metavar="F.yaml")]
By = Annotated[str | None, typer.Option(metavar="NAME", help=say("option.by"))]
MOST_VERSIONS = 2**31 - 1
LISTED = ("version", "in_force", "drafted_at", "drafted_by", "published_at", "published_by", "note")


@app.command(help=say("help.policy.show"), epilog=say("example", command="quanzu policy show > policy.yaml"))
def show(ctx: typer.Context, version: Annotated[int | None, typer.Argument(min=1)] = None) -> None:
    kept = asyncio.run(_show(*settings_of(ctx), version))
    document = policies.complete(kept.document)
    if given(ctx).json:
        print_json(asdict(kept) | {"document": document})
    else:
        typer.echo(policy_yaml.write(document), nl=False)


async def _show(settings: Settings, running: Running | None, version: int | None) -> Kept:
    async with store_of(settings, clock=clock_for(running)) as store, store.read() as conn:
        asked = await policies.in_force(conn) if version is None else version
        found = None if asked is None else await policies.find(conn, asked)
    if found is None:
        raise Stopped(say("fault.no_policy", version=asked))
    return found


@app.command("list", help=say("help.policy.list"), epilog=say("example", command="quanzu policy list"))
def list_(ctx: typer.Context) -> None:
    found, in_force = asyncio.run(_list(*settings_of(ctx)))
    rows = [
        {name: getattr(one, name, None) for name in LISTED} | {"in_force": one.version == in_force} for one in found
    ]
    if given(ctx).json:
        print_json(rows)
        return
    shown = [
        [local(cell) if name.endswith("_at") else "*" if cell is True else cell or "" for name, cell in row.items()]
        for row in rows
    ]
    print_table([say(f"policy.{name}") for name in LISTED], shown)


async def _list(settings: Settings, running: Running | None) -> tuple[list[Kept], int | None]:
    async with store_of(settings, clock=clock_for(running)) as store, store.read() as conn:
        return await policies.history(conn), await policies.in_force(conn)


@app.command(help=say("help.policy.check"), epilog=say("example", command="quanzu policy check policy.yaml"))
def check(ctx: typer.Context, file: File) -> None:
    _good(ctx, file)
    if given(ctx).json:
        print_json({"faults": []})
    else:
        typer.echo(say("policy.sound"))


def _good(ctx: typer.Context, file: Path) -> Mapping[str, Any]:
    """The document of a file; where it is no policy, each fault is told and the command ends with 1."""
    try:
        return read_yaml(text_of(file))
    except BadPolicy as bad:
        spoken: Language = "zh" if language() == "zh" else "en"
        if given(ctx).json:
            print_json(
                {
                    "faults": [
                        {
                            "line": fault.line,
                            "path": list(fault.path),
                            "flaw": fault.flaw,
                            "nearest": fault.nearest,
                            "text": fault.told(spoken),
                        }
                        for fault in bad.faults
                    ]
                }
            )
        else:
            for fault in bad.faults:
                typer.echo(fault.told(spoken))
        raise typer.Exit(1) from None


@app.command(
    "import", help=say("help.policy.import"), epilog=say("example", command="quanzu policy import policy.yaml")
)
def import_(ctx: typer.Context, file: File, *, by: By = None) -> None:
    document = _good(ctx, file)
    version = asyncio.run(_import(*settings_of(ctx), document, _named(by, Role.OPERATOR)))
    if given(ctx).json:
        print_json({"version": version})
    else:
        typer.echo(say("policy.drafted", version=version))


async def _import(settings: Settings, running: Running | None, document: Mapping[str, Any], by: Actor) -> int:
    async with store_of(settings, clock=clock_for(running)) as store, store.begin() as tx:
        return (await keep_draft(tx, document, by=by)).version


@app.command(
    help=say("help.policy.publish"), epilog=say("example", command="quanzu policy publish 2 --note 'shorter contact'")
)
def publish(
    ctx: typer.Context,
    version: Annotated[int, typer.Argument(min=1)],
    *,
    note: Annotated[str, typer.Option(metavar="TEXT", help=say("option.policy_note"))],
    by: By = None,
) -> None:
    if not note.strip():
        raise Stopped(say("fault.needs_note"), code=2)
    try:
        asyncio.run(_publish(*settings_of(ctx), version, note.strip(), _named(by, Role.SUPERVISOR)))
    except PolicyNotFound:
        raise Stopped(say("fault.no_policy", version=version)) from None
    except AlreadyPublished as done:
        raise Stopped(say("fault.policy_published", version=version, by=done.facts["holder"])) from None
    typer.echo(say("policy.published", version=version), err=given(ctx).json)


async def _publish(settings: Settings, running: Running | None, version: int, note: str, by: Actor) -> None:
    async with store_of(settings, clock=clock_for(running)) as store, store.begin() as tx:
        await put_in_force(tx, version, by=by, note=note)


@app.command(help=say("help.policy.delete"), epilog=say("example", command="quanzu policy delete 3"))
def delete(ctx: typer.Context, version: Annotated[int, typer.Argument(min=1)], *, by: By = None) -> None:
    try:
        asyncio.run(_delete(*settings_of(ctx), version, _named(by, Role.OPERATOR)))
    except PolicyNotFound:
        raise Stopped(say("fault.no_policy", version=version)) from None
    except AlreadyPublished as done:
        raise Stopped(say("fault.policy_published", version=version, by=done.facts["holder"])) from None
    typer.echo(say("policy.deleted", version=version), err=given(ctx).json)


async def _delete(settings: Settings, running: Running | None, version: int, by: Actor) -> None:
    async with store_of(settings, clock=clock_for(running)) as store, store.begin() as tx:
        await delete_draft(tx, version, by=by)


@app.command(help=say("help.policy.preview"), epilog=say("example", command="quanzu policy preview policy.yaml"))
def preview(ctx: typer.Context, what: Annotated[str, typer.Argument(metavar="VERSION|F.yaml")]) -> None:
    document = None if what.isdecimal() else _good(ctx, Path(what))
    counts = asyncio.run(_preview(*settings_of(ctx), document, what))
    rows = told(counts)
    if given(ctx).json:
        print_json({"cases": counts.cases, "items": rows})
        return
    typer.echo(say("policy.previewed", cases=counts.cases))
    if rows:
        print_table([say(f"policy.{name}") for name in rows[0]], [list(row.values()) for row in rows])


async def _preview(
    settings: Settings, running: Running | None, document: Mapping[str, Any] | None, what: str
) -> Counts:
    async with store_of(settings, clock=clock_for(running)) as store, store.read() as conn:
        if document is None:
            kept = await policies.find(conn, min(int(what), MOST_VERSIONS))
            if kept is None:
                raise Stopped(say("fault.no_policy", version=what))
            document = kept.document
        assert store.clock is not None  # noqa: S101 - store_of sets it
        return await foresee(conn, policy_from(0, policies.complete(document)), now=store.clock.now())


def _named(by: str | None, role: Role) -> Actor:
    """Whoever runs the command: who may write to the database may do this."""
    return Actor(name=by or getpass.getuser(), role=role)
