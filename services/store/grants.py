"""The application's own role on PostgreSQL: it reads and writes, but what is only ever added to it can't change or delete.

The owner of the tables migrates, and archives and deletes by the rules of retention; nobody serves as the owner.
"""

import re
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.store import tables
from services.store.append_only import APPEND_ONLY
from services.store.revision import STAMP
from services.store.walls import API_ROLE

_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_WALL: Final = "quanzu_whole"  # the role serves every unit: row policies that bind others do not bind it


class NoSuchRole(Exception):
    """The database knows no such role, or it is the owner itself."""


class NotBehind(Exception):
    """The role may not step behind the wall of rows, and the owner may not let it."""


async def grant(conn: AsyncConnection, role: str) -> None:
    """Give `role` what the processes need and take the rest away. Safe to repeat. Raises NoSuchRole, NotBehind.

    To be asked of the owner, after each migration: a new table has no rights by itself.
    """
    known = "SELECT 1 FROM pg_roles WHERE rolname = :role AND rolname <> current_user AND NOT rolsuper"
    if not _PLAIN.fullmatch(role) or (await conn.execute(text(known), {"role": role})).scalar() is None:
        raise NoSuchRole
    others = ", ".join(sorted(set(tables.metadata.tables) - APPEND_ONLY))
    for statement in (
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {others} TO {role}",
        f"GRANT SELECT, INSERT ON {', '.join(sorted(APPEND_ONLY))} TO {role}",
        f"GRANT SELECT ON {STAMP} TO {role}",
    ):
        await conn.exec_driver_sql(statement)
    await _lift_walls(conn, role)
    await _let_behind(conn, role)


async def _lift_walls(conn: AsyncConnection, role: str) -> None:
    walled = await conn.execute(
        text("SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace")
    )
    for (table,) in walled.all():
        await conn.exec_driver_sql(f"DROP POLICY IF EXISTS {_WALL} ON {table}")
        await conn.exec_driver_sql(f"CREATE POLICY {_WALL} ON {table} TO {role} USING (true) WITH CHECK (true)")


async def _let_behind(conn: AsyncConnection, role: str) -> None:
    """Whoever serves the api asks as the api's role, so it must be one of its members."""
    asked = {"role": role, "api": API_ROLE}
    member = "SELECT 1 FROM pg_roles WHERE rolname = :api AND pg_has_role(:role, oid, 'MEMBER')"
    if (await conn.execute(text(member), asked)).scalar() is not None:
        return
    may = "SELECT 1 FROM pg_roles WHERE rolname = :api AND pg_has_role(current_user, oid, 'MEMBER WITH ADMIN OPTION')"
    if (await conn.execute(text(may), asked)).scalar() is None:
        raise NotBehind
    await conn.exec_driver_sql(f"GRANT {API_ROLE} TO {role}")
