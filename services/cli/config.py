"""config show: every setting with its value and where it came from. Secrets are never shown."""

import os
from typing import Any

import typer
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from services.cli.given import Given
from services.cli.session import given, own_settings
from services.cli.show import print_json, print_table
from services.cli.words import say
from services.settings import Settings

app = typer.Typer(help=say("help.config"), no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def config() -> None:
    """A group even while it has one command."""


@app.command(help=say("help.config.show"), epilog=say("example", command="quanzu config show --json"))
def show(ctx: typer.Context) -> None:
    settings, options = own_settings(ctx), given(ctx)
    rows = [
        {
            "setting": f"QUANZU_{name.upper()}",
            "value": _shown(settings, name),
            "from": _origin(name, options),
            "help": field.description,
        }
        for name, field in Settings.model_fields.items()
    ]
    if options.json:
        print_json(rows)
    else:
        print_table(list(rows[0]), [list(row.values()) for row in rows])


def _shown(settings: Settings, name: str) -> Any:
    value = getattr(settings, name)
    if isinstance(value, SecretStr):
        return say("config.set") if value.get_secret_value() else say("config.not_set")
    if name == "database":
        return make_url(value).render_as_string(hide_password=True)
    return value if isinstance(value, int | float) else str(value)


def _origin(name: str, options: Given) -> str:
    if getattr(options, name, None) is not None:
        return f"--{name}"
    return say("config.environment") if f"QUANZU_{name.upper()}" in os.environ else say("config.default")
