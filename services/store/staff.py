"""Who sits at the desks and in the centre: the names that may sign in there. Who is on duty is the rota's (`duty`)."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.words import Role
from services.store import tables

token = tables.token
CALLED_IN = (Role.DESK, Role.OPERATOR, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    name: str
    role: Role
    unit: str | None
    responder: str | None  # who it is in the registry, where that is known


async def seats(conn: AsyncConnection) -> tuple[Seat, ...]:
    """Every seat of a desk and of the centre that somebody may take now, by name. Cheap enough to ask every second."""
    wanted = select(token.c.name, token.c.role, token.c.unit, token.c.responder)
    held = wanted.where(token.c.revoked_at.is_(None), token.c.role.in_(CALLED_IN)).order_by(token.c.name)
    return tuple(Seat(**row._mapping) for row in await conn.execute(held))
