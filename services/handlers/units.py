"""switch, lead: what a unit takes part in, and who leads it. The same again changes nothing."""

from services.domain.refusals import Incomplete, UnitNotFound
from services.domain.switches import Switch
from services.domain.value import replace
from services.handlers.seen import must_be
from services.store import registry, unit_settings
from services.store.engine import Transaction
from services.store.registry import Unit
from services.store.registry_changes import Change, Work, carry_out, differences
from services.store.unit_settings import Settings


async def switch(tx: Transaction, code: str, what: Switch, *, on: bool, by: str, seen: str | None = None) -> bool:
    """Switch a thing on or off for one unit; whether that was a change.

    Routing takes it up within a second; what is assigned already stays where it is. `seen` is the tag of the unit's
    settings as last seen. Raises UnitNotFound or StaleRow.
    """
    await _found(tx, code)
    await _must_have_seen(tx, code, seen)
    if await unit_settings.is_on(tx.conn, code, what) is on:
        return False
    await unit_settings.add_switch(tx, code, what, on=on, by=by)
    return True


async def lead(tx: Transaction, code: str, responder: str | None, *, by: str, seen: str | None = None) -> bool:
    """Say who leads a unit, None: nobody; whether that was a change, which the registry then keeps with who and when.

    Raises UnitNotFound, StaleRow, and Incomplete where the responder is not of the unit.
    """
    before = await _found(tx, code)
    await _must_have_seen(tx, code, seen)
    if responder is not None and not await unit_settings.is_of(tx.conn, code, responder, tx.now):
        raise Incomplete(field="responder", why="not of this unit")
    after = replace(before, head=responder)
    if after == before:
        return False
    told = Change(kind="unit", code=code, what={"done": "changed", "fields": differences(before, after)})
    await carry_out(tx, Work(kept=[after], changes=[told]), by=by)
    return True


async def _must_have_seen(tx: Transaction, code: str, seen: str | None) -> None:
    if seen is not None:
        await unit_settings.lock(tx, code)
        settings = (await unit_settings.settings_of_units(tx.conn, tx.now)).get(code, Settings())
        must_be(seen, settings, holder=await unit_settings.last_hand(tx.conn, code))


async def _found(tx: Transaction, code: str) -> Unit:
    found = (await registry.unit_names(tx.conn)).get(code)
    if found is None:
        raise UnitNotFound()
    return found
