"""What the routes of the rota work with: one command in one transaction, and what a reader may see."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncConnection

from services.api.bodies import Strict
from services.api.identity import Anyone
from services.api.work import Key, SeenRow, TheParts
from services.domain.actor import Actor
from services.domain.refusals import RotaNotFound
from services.handlers.rota import RotaCommand, must_see
from services.wiring import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRotaCommand:
    """A key, who gives the command, and the way to carry it out."""

    parts: Parts
    by: Actor
    key: str
    seen: str | None = None

    def command(self, name: str, body: Strict | None, **said: Any) -> RotaCommand:
        document = {} if body is None else body.model_dump(mode="json")
        return RotaCommand(name=name, key=self.key, said=document | said, seen=self.seen)

    async def __call__(
        self, handler: Callable[..., Awaitable[dict[str, Any]]], command: RotaCommand, **given: Any
    ) -> dict[str, Any]:
        """One request, one transaction, in the installation's time zone."""
        async with self.parts.store.begin() as tx:
            return await handler(tx, self.parts.settings.zone, command, by=self.by, **given)


async def _one(parts: TheParts, by: Anyone, *, key: Key) -> OneRotaCommand:
    return OneRotaCommand(parts=parts, by=by, key=key)


async def _one_on_a_row(parts: TheParts, by: Anyone, *, key: Key, seen: SeenRow) -> OneRotaCommand:
    return OneRotaCommand(parts=parts, by=by, key=key, seen=seen)


async def _zone(parts: TheParts) -> ZoneInfo:
    return parts.settings.zone


RotaWork = Annotated[OneRotaCommand, Depends(_one)]
RotaRowWork = Annotated[OneRotaCommand, Depends(_one_on_a_row)]  # for a row that is there
Zone = Annotated[ZoneInfo, Depends(_zone)]


async def seen_unit(conn: AsyncConnection, reader: Actor, unit: str | None) -> str | None:
    """The unit that is asked for; below the centre the own one. None: every unit. Raises RotaNotFound."""
    if unit is None and not reader.sees_every_unit:
        unit = reader.unit
        if unit is None:
            raise RotaNotFound()
    if unit is not None:
        await must_see(conn, reader, unit)
    return unit
