"""Who sits at the desks and in the centre: the names that may sign in there. Who is on duty is the rota's (`duty`)."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, Table, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.words import Role
from services.store import ready, tables

token, person = tables.token, tables.person
CALLED_IN = (Role.DESK, Role.OPERATOR, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    name: str
    role: Role
    unit: str | None
    responder: str | None  # who it is in the registry, where that is known


async def seats(conn: AsyncConnection) -> tuple[Seat, ...]:
    """Every seat of a desk and of the centre that a person or a token may take now, by name. Cheap enough to ask every second."""
    return tuple(Seat(**{**row._mapping, "role": Role(row.role)}) for row in await ready.rows(conn, _SEATS, {}))


def _held(table: Table) -> Select[Any]:
    """Who is not shut out, of the roles that an escalation calls in."""
    columns = (table.c[name] for name in Seat.__dataclass_fields__)
    return select(*columns).where(table.c.revoked_at.is_(None), table.c.role.in_(CALLED_IN))


_SEATS: Final = union(*(_held(table) for table in (person, token))).order_by("name")  # asked every second: made once
