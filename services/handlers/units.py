"""switch, lead: what a unit takes part in, and who leads it. The same again changes nothing."""

from services.domain.refusals import Incomplete, UnitNotFound
from services.domain.switches import Switch
from services.store import unit_settings
from services.store.engine import Transaction


async def switch(tx: Transaction, code: str, what: Switch, *, on: bool, by: str) -> bool:
    """Switch a thing on or off for one unit; whether that was a change. Raises UnitNotFound.

    Routing takes it up within a second; what is assigned already stays where it is.
    """
    await _must_exist(tx, code)
    if await unit_settings.is_on(tx.conn, code, what) is on:
        return False
    await unit_settings.add_switch(tx, code, what, on=on, by=by)
    return True


async def lead(tx: Transaction, code: str, responder: str | None, *, by: str) -> bool:
    """Say who leads a unit, None: nobody; whether that was a change.

    Raises UnitNotFound, and Incomplete where the responder is not of the unit.
    """
    await _must_exist(tx, code)
    if responder is not None and not await unit_settings.is_of(tx.conn, code, responder):
        raise Incomplete(field="responder", why="not of this unit")
    if (await unit_settings.heads(tx.conn)).get(code) == responder:
        return False
    await unit_settings.add_head(tx, code, responder, by=by)
    return True


async def _must_exist(tx: Transaction, code: str) -> None:
    if not await unit_settings.exists(tx.conn, code):
        raise UnitNotFound()
