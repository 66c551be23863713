"""The second wall, on PostgreSQL: whoever asks through the api asks as a role that owns nothing, under row policies.

The application narrows every question itself (`scope`); these policies hold where it forgot to. Who asks is said once a
transaction in `quanzu.…` settings, which end with it. The router, the timekeeper, the relay and the command line come
as the owner, whom policies do not bind. A table without a line here is closed to the api altogether.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.actor import Actor
from services.domain.words import Role
from services.store.append_only import APPEND_ONLY

API_ROLE: Final = "quanzu_api"
PUBLIC: Final = Actor(name="public", role=Role.SYSTEM)  # whoever comes to a route that asks for no identity


def _said(name: str) -> str:
    """A setting; null where nobody has said it."""
    return f"nullif(current_setting('quanzu.{name}', true), '')"


_REACH, _UNIT = _said("reach"), _said("unit")
_EVERY: Final = f"{_REACH} = 'every'"
# No question within the question: each is got ready anew every time, for each table that stands under its case's policy.
_SHARED: Final = f"jsonb_path_exists(co_assigned::jsonb, '$[*][0] ? (@ == $unit)', jsonb_build_object('unit', {_UNIT}))"
_OF_UNIT: Final = f"(assigned_unit = {_UNIT} OR responsible_unit = {_UNIT} OR {_SHARED})"
# What a transaction has locked stays its own to write, also where the change takes the case out of its sight.
_LOCKED: Final = f"id = ANY (string_to_array({_said('locked')}, ',')::bigint[])"
_CASES: Final = (
    f"CASE {_REACH} WHEN 'every' THEN true"
    " WHEN 'bank' THEN stop_requested_at IS NOT NULL"
    f" WHEN 'source' THEN source = {_said('source')}"
    f" ELSE {_REACH} IN ('unit', 'case') AND ({_REACH} = 'unit' OR case_id = {_said('case')}::uuid) AND {_OF_UNIT} END"
    f" OR {_LOCKED}"
)


def _of_case(table: str) -> str:
    """Rows go with their case, which is looked up under its own policy."""
    return f"EXISTS (SELECT 1 FROM cases WHERE cases.id = {table}.case_id)"  # noqa: S608 - our own names


def _of_order(table: str) -> str:
    return f"EXISTS (SELECT 1 FROM stop_order WHERE stop_order.order_id = {table}.order_id)"  # noqa: S608


_ANY_UNIT: Final = f"{_REACH} IN ('every', 'unit', 'case')"
# Whoever acts on a case tells others, and answers what others were told of it, alone or in a group.
_TOLD_OF_CASE: Final = (
    "EXISTS (SELECT 1 FROM cases WHERE cases.case_id = notice.case_id) OR EXISTS (SELECT 1 FROM notice_case one"
    " JOIN cases ON cases.case_id = one.case_id WHERE one.notice = notice.once)"
)
_ADMINISTRATOR: Final = f"{_said('role')} = 'administrator'"

# By table: which rows may be seen and written; one line is all that a new table needs.
POLICIES: Final[Mapping[str, str]] = {
    "cases": _CASES,
    "event": f"{_of_case('event')} OR unit = {_UNIT}",  # who gave a case away still counts it
    "co_assignment": _of_case("co_assignment"),
    "stop_order": _of_case("stop_order"),
    "follow_up": _of_case("follow_up"),
    "review": _of_case("review"),
    "protective_hold": _of_case("protective_hold"),
    "invitation": f"{_of_case('invitation')} OR {_ADMINISTRATOR}",
    "evidence": _of_case("evidence"),
    "case_link": _ANY_UNIT,  # keyed hashes: that somebody elsewhere shares one may be known, the case may not
    "notice": f"{_EVERY} OR unit = {_UNIT} OR person = {_said('responder')} OR {_TOLD_OF_CASE}",
    "legal_hold": "false",
    "notice_case": _ANY_UNIT,  # ids: whether a group waits for more must be seen whole
    "figure_case": _of_case("figure_case"),
    "withdrawal": f"{_EVERY} OR source = {_said('source')}",
    "ledger": _of_order("ledger"),
    "stop_receipt": f"{_EVERY} OR {_of_order('stop_receipt')}",
    "handover": f"{_EVERY} OR unit = {_UNIT}",
    "command": f"actor = {_said('name')} OR {_of_case('command')}",  # a bank's word that waited is its own command
    "received": f"{_ANY_UNIT} OR source = {_said('source')}",
    "submission": f"{_EVERY} OR source = {_said('source')}",
    "dead_letter": f"{_REACH} IN ('every', 'unit', 'source')",  # sealed; a sender finds its own by a keyed hash
    "tip": f"{_REACH} IN ('every', 'public')",
    "trail": "false",
    "person": _ADMINISTRATOR,
    "session": _ADMINISTRATOR,
    "token": _ADMINISTRATOR,
    "login": "false",
    "login_failure": "false",
    "seal": "false",
    "index_print": "false",
}
APPENDED: Final[Mapping[str, str]] = {"audit": _EVERY}  # anybody's doing is added, nothing is changed or taken away
WRITTEN_ONLY: Final = frozenset({"outbox"})  # messages are left and never looked at
_WANTED: Final = {**POLICIES, **APPENDED, **dict.fromkeys(WRITTEN_ONLY, "")}
# The installation's own, with nobody's case in it: the routes' roles are enough.
FREE: Final = frozenset(
    {
        "alembic_version",
        "area",
        "duty",
        "duty_swap",
        "figure_count",
        "figure_position",
        "fraud_type",
        "holiday",
        "lane",
        "link_progress",
        "policy",
        "position",
        "region_code",
        "registry_change",
        "responder",
        "responder_status",
        "rota_answer",
        "rota_entry",
        "rota_unit",
        "rotation",
        "shift_pattern",
        "source",
        "station",
        "status_change",
        "unit",
        "unit_switch",
        "village",
    }
)


def said_of(actor: Actor) -> dict[str, str]:
    """What a transaction says of who asks. The wall is the unit's; what is a colleague's is the application's to know."""
    return {
        "reach": _reach(actor),
        "role": actor.role.value,
        "name": actor.name,
        "unit": actor.unit or "",
        "responder": actor.responder or "",
        "source": actor.as_source,
        "case": "" if actor.case is None else str(actor.case),
    }


def _reach(actor: Actor) -> str:
    if actor.sees_every_unit:
        return "every"
    if actor.case is not None:
        return "case"
    by_role = {
        Role.DESK: "unit",
        Role.RESPONDER: "unit",
        Role.BANK: "bank",
        Role.INTEGRATOR: "source",
        Role.SYSTEM: "public",
    }
    return by_role.get(actor.role, "none")


@lru_cache(maxsize=1024)
def behind(actor: Actor) -> str:
    """What begins with a transaction, so that it sees what `actor` may see: plain statements, which need no trip of their own."""
    said = [f'SET LOCAL quanzu."{name}" = {_quoted(said)}' for name, said in said_of(actor).items() if said]
    return "; ".join((*said, f"SET LOCAL ROLE {API_ROLE}"))


def _quoted(text: str) -> str:
    """A literal of SQL where backslashes are nothing special, which our connections ask for (`engine.server_settings`)."""
    if "\0" in text:
        raise ValueError("no name has a NUL in it")
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


async def keep_locked(conn: AsyncConnection, rows: list[int]) -> None:
    """These cases were seen and locked: this transaction may write them, wherever that takes them."""
    locked = ",".join(map(str, rows))
    await conn.execute(text("SELECT set_config('quanzu.locked', :locked, true)"), {"locked": locked})


async def show(conn: AsyncConnection, row: int) -> None:
    """One case that the asker came to by what is their own: it may be looked at in this transaction."""
    if conn.dialect.name == "postgresql":
        await keep_locked(conn, [row])


async def stands(conn: AsyncConnection) -> bool:
    """Whether this connection may step behind the wall, and every policy is the newest."""
    may = "SELECT 1 FROM pg_roles WHERE rolname = :role AND pg_has_role(current_user, oid, 'MEMBER')"
    if (await conn.execute(text(may), {"role": API_ROLE})).scalar() is None:
        return False
    return await _laid(conn) == {table: _digest(rows) for table, rows in _WANTED.items()}


async def lay(conn: AsyncConnection) -> None:
    """Bring the policies and the api's rights to what is said here. Safe to repeat; makes the role if it may."""
    laid = await _laid(conn)
    for table, rows in _WANTED.items():
        if laid.get(table) != _digest(rows):
            await _lay_policy(conn, table, rows)
    await conn.execute(text(_MAKE_ROLE))
    if (await conn.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": API_ROLE})).scalar():
        await _grant(conn)


async def _lay_policy(conn: AsyncConnection, table: str, rows: str) -> None:
    made = "FOR INSERT WITH CHECK (true)" if table in WRITTEN_ONLY else f"USING ({rows})"
    made += " WITH CHECK (true)" if table in APPENDED else ""
    for statement in (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"DROP POLICY IF EXISTS quanzu ON {table}",
        f"CREATE POLICY quanzu ON {table} {made}",
        f"COMMENT ON POLICY quanzu ON {table} IS '{_digest(rows)}'",
    ):
        await conn.exec_driver_sql(statement)


async def _grant(conn: AsyncConnection) -> None:
    read_and_written = ", ".join(sorted((POLICIES.keys() | FREE) - APPEND_ONLY - {"alembic_version"}))
    added_to = ", ".join(sorted(APPEND_ONLY))
    for statement in (
        f"REVOKE UPDATE, DELETE ON {added_to} FROM {API_ROLE}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {read_and_written} TO {API_ROLE}",
        f"GRANT INSERT ON {', '.join(WRITTEN_ONLY)} TO {API_ROLE}",
        f"GRANT SELECT, INSERT ON {added_to} TO {API_ROLE}",
        f"GRANT SELECT ON alembic_version TO {API_ROLE}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {API_ROLE}",
    ):
        await conn.exec_driver_sql(statement)


async def _laid(conn: AsyncConnection) -> dict[str, str]:
    found = await conn.execute(
        text(
            "SELECT c.relname, obj_description(p.oid, 'pg_policy') FROM pg_policy p"
            " JOIN pg_class c ON c.oid = p.polrelid"
            " WHERE p.polname = 'quanzu' AND c.relrowsecurity AND c.relnamespace = current_schema()::regnamespace"
        )
    )
    return {row.relname: row.obj_description for row in found}


def _digest(rows: str) -> str:
    """Which text a policy was made from; PostgreSQL keeps it in words of its own."""
    return hashlib.sha256(rows.encode()).hexdigest()[:16]


# An owner who may make no role is no fault here: the api says what it lacks, and how to mend it.
_MAKE_ROLE: Final = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'quanzu_api')
        AND EXISTS (SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolcreaterole))
    THEN
        CREATE ROLE quanzu_api NOLOGIN;
        EXECUTE format('GRANT quanzu_api TO %I', current_user);
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of this server was first
END $$
"""
