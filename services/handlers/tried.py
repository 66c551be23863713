"""What was tried on a case so far, as its timeline has it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.case import Case
from services.domain.trying import TRYING, Tried
from services.store import events


async def tried_on(conn: AsyncConnection, case: Case) -> list[Tried]:
    """Attempts, contacts and raises, in order, whoever held the case then. The case is locked, or is only looked at."""
    assert case.id is not None  # noqa: S101 - a stored case has its row
    found = await events.some(conn, case.id, TRYING)
    return [Tried(action=entry.action, at=entry.at, detail=entry.detail) for entry in found]
