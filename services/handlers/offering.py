"""Ask the next candidate: when nobody answered, somebody declined, handed over or fell silent. Never the same one twice."""

from services.domain import moves
from services.domain.actor import ROUTER
from services.domain.case import Change
from services.domain.choosing import Choice, choose
from services.domain.policy import Policy
from services.domain.states import State
from services.handlers.context import Context, open_warning
from services.handlers.places import places_of
from services.handlers.routing import choice_of
from services.store.cases import Stored
from services.store.engine import Transaction


def offer_next(tx: Transaction, context: Context, stored: Stored, change: Change, *, policy: Policy) -> Change:
    """The change, and, where it left the case in the queue, the next candidate of the responsible unit asked at once.

    Nobody fits: the case stays in the centre's queue, and the reason is stored with it.
    """
    case = change.case
    if case.state is not State.PENDING or case.responsible_unit is None:
        return change
    warning = open_warning(context.sealer, stored)
    lat = lon = None
    if warning is not None:
        lat, lon = places_of([warning], now=tx.now, datum=context.source_datum).point(0)
    choice = choose(
        context.picture.roster,
        case.responsible_unit,
        lat,
        lon,
        tx.now,
        excluding=frozenset(case.tried),
        load=context.given,
        max_fix_age=context.max_fix_age,
    )
    why = choice_of(choice)
    if not isinstance(choice, Choice):
        return moves.nobody(change, why)
    context.given[choice.responder] += 1
    asked = moves.assign(
        case, unit=case.responsible_unit, responder=choice.responder, why=why, by=ROUTER, now=tx.now, policy=policy
    )
    return moves.then(change, asked)
