"""invitation: a one-time link by which one responder comes to one case, from any phone and without a password."""

from datetime import timedelta
from uuid import UUID

from services.domain.actor import Actor
from services.domain.case import Case
from services.domain.refusals import InvitationOver, NobodyFits
from services.domain.states import ENDED
from services.domain.words import Role
from services.handlers.entry_facts import Entry, note
from services.store import cases, sessions
from services.store.engine import Transaction
from services.store.scope import scope_of
from services.store.sessions import Invited

PATH = "/enter/"


async def link_for(tx: Transaction, case: Case, responder: str, *, by: Actor, life: timedelta) -> str:
    """The path of a new link for who holds the case, or is named for a co-assigned unit.

    It ends with the assignment, at its first use, or after `life`. Raises NobodyFits for anybody else.
    """
    shared = next((one.unit for one in case.co_assigned if one.responder == responder), None)
    unit = case.assigned_unit if responder == case.responder else shared
    if case.id is None or unit is None or case.state in ENDED:
        raise NobodyFits(responder=responder)
    assigned_at = case.assigned_at if responder == case.responder else None
    secret = await sessions.invite(
        tx, case=case.id, unit=unit, responder=responder, assigned_at=assigned_at, by=by.name, life=life
    )
    await note(tx, Entry.INVITED, by=by, about="case", key=case.case_id, detail={"responder": responder})
    return PATH + secret


async def invite(tx: Transaction, case_id: UUID, responder: str | None, *, by: Actor, life: timedelta) -> str:
    """`link_for` a case of the asker's scope, by default for who holds it. Raises CaseNotFound or NobodyFits."""
    stored = await cases.lock(tx, case_id, scope=scope_of(by, acting=True))
    return await link_for(tx, stored.case, responder or stored.case.responder or "", by=by, life=life)


async def enter(tx: Transaction, secret: str, *, device: str) -> tuple[Invited, str]:
    """Take a link up: whose it was, and the secret of the session that it opens. Raises InvitationOver."""
    invited = await sessions.use(tx, secret)
    if invited is None:
        raise InvitationOver()
    opened = await sessions.begin(tx, way="invitation", device=device, invited=invited.id)
    who = Actor(name=invited.responder, role=Role.RESPONDER, responder=invited.responder, case=invited.case_id)
    await note(tx, Entry.LOGGED_IN, by=who, about="case", key=invited.case_id, detail={"way": "invitation"})
    return invited, opened
