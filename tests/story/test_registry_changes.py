"""The registry changes while cases are open: none is moved by a boundary, none is orphaned by a responder who left."""

from dataclasses import replace
from datetime import datetime

from centre import Centre, minute

from services.store import registry
from services.store.registry import Responder
from services.store.registry_changes import Change, Work, carry_out


async def test_a_responder_who_left_gets_no_case_and_loses_none(centre: Centre) -> None:
    """Nobody acknowledges for R11 any more, so that the case goes on to the next by its own limit."""
    held = await centre.warn()
    await _leave(centre, "R11", at=minute(0.5))

    fresh = await centre.warn()

    assert (await centre.case(fresh))["responder"] == "R12"
    assert (await centre.case(held))["responder"] == "R11"
    await centre.pass_time(minute(3.1))
    seen = await centre.case(held)
    assert (seen["state"], seen["responder"], seen["assigned_unit"]) == ("ASSIGNED", "R12", "P1")


async def _leave(centre: Centre, code: str, *, at: datetime) -> None:
    await centre.pass_time(at)
    async with centre.store.begin() as tx:
        (row,) = [one for one in await registry.read(tx.conn, Responder) if one.code == code]
        change = Change(kind="responder", code=code, what={"done": "ended"})
        await carry_out(tx, Work(kept=[replace(row, valid_to=tx.now)], changes=[change]), by="admin-1")
    await centre.look_round()
