"""What holds for every unit's rota: shift patterns and public holidays. The timekeeper draws the units again."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.domain.actor import Actor
from services.domain.refusals import NotAllowed
from services.domain.rota.holiday import Ruled
from services.domain.rota.pattern import pattern_from
from services.domain.words import Role
from services.handlers.rota import RotaCommand, once
from services.handlers.seen import must_be
from services.store import rota
from services.store.engine import Transaction

RULERS = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR})


async def put_pattern(
    tx: Transaction, command: RotaCommand, *, by: Actor, code: str, document: Mapping[str, Any]
) -> dict[str, Any]:
    """Add a shift pattern, or change it for every unit that turns through it. Raises NotAllowed, StaleRow or Incomplete."""
    _must_rule(by)

    async def do() -> dict[str, Any]:
        must_be(command.seen, await rota.locked_pattern(tx, code))
        await rota.keep_pattern(tx, pattern_from(code, document), by=by.name)
        return {"code": code}

    return await once(tx, command, by, do)


async def put_holiday(
    tx: Transaction, command: RotaCommand, *, by: Actor, day: date, ruled: Ruled | None
) -> dict[str, Any]:
    """Say of a day that it is off, or worked, whatever the calendar says; None: let the calendar decide again."""
    _must_rule(by)

    async def do() -> dict[str, Any]:
        must_be(command.seen, await rota.locked_holiday(tx, day))
        await rota.keep_holiday(tx, day, ruled, by=by.name)
        return {"day": day.isoformat()}

    return await once(tx, command, by, do)


def _must_rule(by: Actor) -> None:
    if by.role not in RULERS:
        raise NotAllowed(role=by.role)
