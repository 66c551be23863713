"""Commands that are imported when they are called, so that `--help` and a typing mistake answer at once."""

import importlib
from typing import Any

import typer
from typer.core import TyperGroup

from services.cli.words import say

_PLACES: dict[str, str] = {}  # module:attribute of each command


def stub(app: typer.Typer, name: str, place: str) -> None:
    """List `name` with its one line; `place` is module:attribute of a typer app or of a command's function."""
    _PLACES[name] = place
    app.command(name, help=say(f"help.{name}"))(_never_called)


def _never_called() -> None:
    raise AssertionError("the real command takes the place of its stub")


class LazyGroup(TyperGroup):
    """The root group: a stub is listed, the real command is run. `--json` may stand anywhere."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        flags = [arg for arg in args if arg == "--json"]
        return super().parse_args(ctx, flags[:1] + [arg for arg in args if arg != "--json"])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, found, rest = super().resolve_command(ctx, args)
        return name, _real(name) if name in _PLACES else found, rest


def _real(name: str) -> Any:
    module, _, attribute = _PLACES[name].partition(":")
    target = getattr(importlib.import_module(module), attribute)
    if isinstance(target, typer.Typer):
        return typer.main.get_command(target)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name)(target)
    return typer.main.get_command(alone)
