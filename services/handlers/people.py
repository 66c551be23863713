"""people: the administrator says who may come in and as what, and cuts somebody off at once."""

from dataclasses import asdict

from services.domain.actor import Actor
from services.domain.refusals import Incomplete, PersonNotFound, ResponderNotFound, UnitNotFound
from services.domain.words import Role
from services.handlers.entry_facts import Entry, note
from services.handlers.seen import must_be
from services.store import people, registry, status
from services.store.engine import Transaction
from services.store.people import CutOff, Person

OF_A_UNIT = frozenset({Role.DESK, Role.RESPONDER})
OF_NO_PERSON = frozenset({Role.SYSTEM, Role.DEVICE})


async def let_in(
    tx: Transaction,
    name: str,
    *,
    by: Actor,
    login: str | None,
    role: Role,
    unit: str | None,
    responder: str | None,
    seen: str | None = None,
) -> Person:
    """Let somebody in, or change what they are; their sessions follow at once.

    `seen` is the tag of the person as last seen. Raises StaleRow, Incomplete, UnitNotFound or ResponderNotFound.
    """
    must_be(seen, await people.locked(tx, name))
    if role in OF_NO_PERSON:
        raise Incomplete(field="role", why="no person has it")
    if (role in OF_A_UNIT) != (unit is not None):
        raise Incomplete(field="unit", why="a desk and a responder have one, and nobody else")
    if (role is Role.RESPONDER) != (responder is not None):
        raise Incomplete(field="responder", why="a responder has one, and nobody else")
    if unit is not None and unit not in await registry.unit_names(tx.conn):
        raise UnitNotFound()
    if responder is not None and await status.unit_of(tx.conn, responder) is None:
        raise ResponderNotFound()
    detail = {"role": role.value, "unit": unit, "responder": responder}
    await note(tx, Entry.LET_IN, by=by, about="person", key=name, detail=detail)
    return await people.put(tx, name, login=login, role=role, unit=unit, responder=responder)


async def cut_off(tx: Transaction, name: str, *, by: Actor, may_return: bool) -> CutOff:
    """End all that lets somebody in: by a person's name, a responder's code or a token's name. Raises PersonNotFound."""
    cut = await people.cut_off(tx, name, may_return=may_return)
    if not cut.any and not may_return:
        raise PersonNotFound()
    await note(tx, Entry.CUT_OFF, by=by, about="person", key=name, detail={"may_return": may_return, **asdict(cut)})
    return cut
