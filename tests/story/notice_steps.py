"""Steps of the stories about who is told: an inbox read, a policy of other steps, what a case says of who was told."""

import copy
from typing import Any
from uuid import UUID

from beside_steps import listed
from centre import Centre

from services.handlers.deadline import fire_due
from services.store import policies, registry, tokens
from services.store.policies import default_document


async def inbox(centre: Centre, who: str, **asked: Any) -> list[tuple[str, str]]:
    """What somebody's inbox shows: (kind, limit), the open ones first, of each the newest first."""
    query = "&".join(f"{name}={said}" for name, said in asked.items())
    return [(one["kind"], one["timer"] or "") for one in await listed(centre, f"/notices?{query}", who)]


async def told(centre: Centre, case: UUID) -> list[tuple[str, str, str, str]]:
    """Whom the case says were told: (kind, limit, target, who or which unit), in order."""
    seen = (await centre.case(case))["told"]
    return [(one["kind"], one["timer"] or "", one["target"], one["person"] or one["unit"] or "") for one in seen]


async def steps(centre: Centre, *, escalation: dict[str, Any] | None = None, **sections: Any) -> None:
    """From now on cases open under a policy with these steps (by stage, of the day) and sections."""
    document = copy.deepcopy(default_document())
    for name, said in (escalation or {}).items():
        if name in ("NIGHT", "HOLIDAY", "late_after_min"):
            document["escalation"][name] = said
        else:
            document["escalation"]["DAY"][name] = said
    document |= sections
    async with centre.store.begin() as tx:
        await policies.publish(tx, document, by="supervisor", note="test", at=tx.now)
    await centre.look_round()


def level(mark: str, after_min: float, *tell: str) -> dict[str, Any]:
    return {"mark": mark, "after_min": after_min, "tell": list(tell)}


async def head(centre: Centre, unit: str, who: str | None) -> None:
    """`who` leads the unit; None: nobody."""
    async with centre.store.begin() as tx:
        table = registry.table_of(registry.Unit)
        await tx.conn.execute(table.update().where(table.c.code == unit).values(head=who))
    await centre.look_round()


async def leave(centre: Centre, *names: str) -> None:
    """Nobody may sign in under these names any more."""
    async with centre.store.begin() as tx:
        for name in names:
            await tokens.revoke(tx, name)
    await centre.look_round()


async def go_off_duty(centre: Centre) -> None:
    """Nobody at all is on duty from now on."""
    async with centre.store.begin() as tx:
        table = registry.table_of(registry.Duty)
        await tx.conn.execute(table.update().values(ends_at=tx.now))
    await centre.look_round()


async def fire(centre: Centre) -> None:
    """Settle what is due now, as a timekeeper does that looks once."""
    async with centre.store.begin() as tx:
        await fire_due(tx, centre.context)
