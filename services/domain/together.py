"""Several units on one case: who joins the accountable one, and who leaves again. The clock and the turn stay."""

from datetime import datetime

from services.domain.actor import Actor
from services.domain.case import Case, Change, CoAssigned
from services.domain.moves import Said, move, then
from services.domain.policy import Policy
from services.domain.refusals import Incomplete
from services.domain.states import Action, move_for
from services.domain.telling import part
from services.domain.value import replace


def co_assign(
    case: Case, joining: CoAssigned, *, by: Actor, now: datetime, policy: Policy, said: Said | None = None
) -> Change:
    """Let a unit work on the case beside the accountable one; for one that does already, name another responder.

    Raises Incomplete where it is the accountable unit, or nothing would change.
    """
    move_for(case.state, Action.CO_ASSIGN, by.role)
    if joining.unit == case.assigned_unit:
        raise Incomplete(field="unit", why="it is accountable for the case")
    if joining in case.co_assigned:
        raise Incomplete(field="unit", why="it is co-assigned already")
    anew = part(case, joining.unit, why="RENAMED", by=by, now=now)
    together = (*anew.case.co_assigned, joining)
    said = _named(said, joining)
    joined = move(anew.case, Action.CO_ASSIGN, by=by, now=now, policy=policy, said=said, co_assigned=together)
    return then(anew, joined)


def co_release(case: Case, unit: str, *, by: Actor, now: datetime, policy: Policy, said: Said | None = None) -> Change:
    """A co-assigned unit has done its part. Raises Incomplete where it is not co-assigned."""
    move_for(case.state, Action.CO_RELEASE, by.role)
    leaving = next((one for one in case.co_assigned if one.unit == unit), None)
    if leaving is None:
        raise Incomplete(field="unit", why="it is not co-assigned")
    stays = tuple(one for one in case.co_assigned if one is not leaving)
    said = _named(said, leaving)
    return move(case, Action.CO_RELEASE, by=by, now=now, policy=policy, said=said, co_assigned=stays)


def _named(said: Said | None, one: CoAssigned) -> Said:
    said = said or Said()
    return replace(said, detail={**(said.detail or {}), "unit": one.unit, "responder": one.responder})
