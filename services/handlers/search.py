"""search: cases of one's scope by a number or an exact value. What was asked for is on record by its kind, never itself."""

from enum import StrEnum
from uuid import UUID

from services.domain.actor import Actor
from services.domain.links import LinkKind
from services.domain.value import value
from services.handlers.context import Context
from services.handlers.incoming import keys_of
from services.handlers.stop_payment import account_key
from services.store import audit, search
from services.store.cases import Stored
from services.store.engine import Transaction
from services.store.scope import Scope


class Kind(StrEnum):
    CASE_ID = "case_id"
    INSTRUCTION_NUMBER = "instruction_number"
    PHONE = "phone"
    ID_NUMBER = "id_number"
    ACCOUNT = "account"


# By what a case was linked within a second of its opening.
LINKS = {Kind.PHONE: LinkKind.PHONE, Kind.ID_NUMBER: LinkKind.SUBJECT, Kind.ACCOUNT: LinkKind.ACCOUNT}


@value
class Wanted:
    """`value` is personal for most kinds: it is hashed and forgotten. `source` goes with a number alone."""

    kind: Kind
    value: str
    source: str | None = None


async def find(
    tx: Transaction,
    context: Context,
    wanted: Wanted,
    *,
    by: Actor,
    scope: Scope | None,
    limit: int,
    request_id: str | None,
) -> list[Stored]:
    """The newest `limit` cases, and a line of the audit that says which were shown."""
    found = await _found(tx, context, wanted, scope=scope, limit=limit)
    told = {"by": wanted.kind.value, "hits": len(found), "cases": [str(one.case.case_id) for one in found]}
    line = audit.line("SEARCH", at=tx.now, by=by, about="cases", detail=told, request_id=request_id)
    await audit.add(tx, [line])
    return found


async def _found(tx: Transaction, context: Context, wanted: Wanted, *, scope: Scope | None, limit: int) -> list[Stored]:
    sealer, conn = context.sealer, tx.conn
    if wanted.kind is Kind.CASE_ID:
        return await search.by_ids(conn, [UUID(wanted.value)], scope=scope, limit=limit)
    if wanted.kind is Kind.INSTRUCTION_NUMBER:
        return await search.by_number(conn, wanted.value, wanted.source, scope=scope, limit=limit)
    kind = LINKS[wanted.kind]
    keys = keys_of(sealer, kind, wanted.value)
    orders = [account_key(sealer, wanted.value)] if kind is LinkKind.ACCOUNT else []
    return await search.by_keys(conn, kind, keys, orders=orders, scope=scope, limit=limit)
