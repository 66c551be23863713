"""The `quanzu` command. Only names and one-line helps live here; a command's module is imported when it is called."""

import importlib
import sys
from typing import Annotated

import typer

from services.cli.given import Given
from services.cli.lazy import LazyGroup, stub
from services.cli.words import say

app = typer.Typer(
    cls=LazyGroup,
    help=say("help.quanzu"),
    epilog=say("example", command="quanzu serve · quanzu cases list --overdue · quanzu --json doctor"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def quanzu(
    ctx: typer.Context,
    database: Annotated[str | None, typer.Option(metavar="URL", help=say("option.database"))] = None,
    kafka: Annotated[str | None, typer.Option(metavar="HOST:PORT", help=say("option.kafka"))] = None,
    json: Annotated[bool, typer.Option("--json", help=say("option.json"))] = False,
) -> None:
    ctx.obj = Given(database=database, kafka=kafka, json=json)


stub(app, "demo", "services.cli.demo:demo")
stub(app, "serve", "services.cli.serve:serve")
stub(app, "send", "services.cli.send:send")
stub(app, "replay", "services.cli.replay:replay")
stub(app, "locate", "services.cli.locate:locate")
stub(app, "cases", "services.cli.cases:app")
stub(app, "dead-letters", "services.cli.dead_letters:app")
stub(app, "registry", "services.cli.registry:app")
stub(app, "rota", "services.cli.rota:app")
stub(app, "policy", "services.cli.policy:app")
stub(app, "audit", "services.cli.audit:app")
stub(app, "source", "services.cli.source:app")
stub(app, "figures", "services.cli.figures:app")
stub(app, "keys", "services.cli.keys:app")
stub(app, "retention", "services.cli.retention:app")
stub(app, "token", "services.cli.token:app")
stub(app, "people", "services.cli.people:people")
stub(app, "account", "services.cli.people:account")
stub(app, "kafka", "services.cli.kafka:app")
stub(app, "db", "services.cli.db:app")
stub(app, "config", "services.cli.config:app")
stub(app, "doctor", "services.cli.doctor:doctor")


def main(words: list[str] | None = None) -> int:
    """Run a command line (by default this process's) and give the exit code: 0 fine, 1 failed, 2 wrong use or setting."""
    try:
        code = app(args=words)
    except SystemExit as ended:
        code = ended.code
    except Exception as error:
        faults = importlib.import_module("services.cli.faults")
        line, code = faults.told(error)
        typer.echo(line, err=True)
    sys.stdout.flush()
    return code if isinstance(code, int) else 0
