"""Cases that went back to the queue, by who had them: declined, not answered, handed over, left to lapse."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.states import Action
from services.domain.words import Mode
from services.store import tables

cases, event = tables.cases, tables.event


@dataclass(frozen=True, slots=True, kw_only=True)
class Declines:
    """One responder's, while they were of one unit."""

    responder: str
    unit: str
    by_action: Mapping[Action, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.by_action.values())


async def declines(
    conn: AsyncConnection, *, since: datetime, until: datetime, unit: str | None = None
) -> list[Declines]:
    """Who gave cases back from `since` until just before `until`, the most first; drills are not counted."""
    responder, of_unit = event.c.detail["responder"].as_string(), event.c.detail["unit"].as_string()
    question = (
        select(responder.label("who"), of_unit.label("of"), event.c.action, func.count().label("times"))
        .join(cases, cases.c.id == event.c.case_id)
        # As words of the statement, so that the index of these few events is found whatever the parameters are.
        .where(text(f"event.{tables.RELEASED}"), event.c.at >= since, event.c.at < until)
        .where(cases.c.mode == Mode.ACTUAL)
        .group_by("who", "of", event.c.action)
    )
    found: dict[tuple[str, str], dict[Action, int]] = {}
    for row in await conn.execute(question):
        if row.who is not None and row.of is not None and unit in (None, row.of):
            found.setdefault((row.who, row.of), {})[row.action] = row.times
    counted = [Declines(responder=who, unit=of, by_action=counts) for (who, of), counts in found.items()]
    return sorted(counted, key=lambda one: (-one.total, one.responder, one.unit))
