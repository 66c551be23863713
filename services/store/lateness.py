"""Which cases are late, in SQL: asked of the limits that each row keeps, in the order of `cases.packed`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.timers import Late
from services.store.columns import micros

_LATE: Final[Mapping[Late, Mapping[str, str]]] = {
    Late.NOW: {
        "postgresql": "one.kept ->> 7 IS NULL AND CAST(one.kept ->> 3 AS bigint) <= :now",
        "sqlite": "json_extract(one.value, '$[7]') IS NULL AND json_extract(one.value, '$[3]') <= :now",
    },
    Late.EVER: {
        "postgresql": "one.kept ->> 6 IS NOT NULL",
        "sqlite": "json_extract(one.value, '$[6]') IS NOT NULL",
    },
}
_EXISTS: Final = {
    "postgresql": "json_array_elements(cases.timers) one (kept) WHERE one.kept ->> 0 <> 'LEASE'",
    "sqlite": "json_each(cases.timers) one WHERE json_extract(one.value, '$[0]') <> 'LEASE'",
}


def is_late(conn: AsyncConnection, late: Late, now: datetime) -> TextClause:
    """A condition on `cases`: that a limit, a lease aside, is over and runs on at `now`, or was ever found breached."""
    dialect = conn.dialect.name
    found = text(f"EXISTS (SELECT 1 FROM {_EXISTS[dialect]} AND {_LATE[late][dialect]})")  # noqa: S608 - our own words
    return found.bindparams(now=micros(now)) if late is Late.NOW else found
