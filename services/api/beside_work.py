"""The case of a row that a path names, for commands on what is beside it; a row that is not there is a refusal."""

from uuid import UUID

from sqlalchemy import Table

from services.api.work import OneCommand
from services.domain.refusals import NotInCase
from services.store import beside


async def case_of(work: OneCommand, table: Table, row: int) -> UUID:
    """Raises NotInCase."""
    found = await beside.case_of(work.parts.store, table, row)
    if found is None:
        raise NotInCase()
    return found
