"""Ask the next candidate: when nobody answered, somebody declined, handed over or fell silent. Never the same one twice."""

from services.domain import moves
from services.domain.actor import ROUTER
from services.domain.case import Case, Change
from services.domain.choice import Ask, Choice, NoChoice
from services.domain.choosing import choose
from services.domain.policy import Policy
from services.domain.states import State
from services.domain.value import replace
from services.domain.words import Risk
from services.handlers.context import Context, open_warning
from services.handlers.places import places_of
from services.handlers.routing import ask_for, choice_of, with_ways
from services.store.cases import Stored
from services.store.engine import Transaction


async def offer_next(tx: Transaction, context: Context, stored: Stored, change: Change, *, policy: Policy) -> Change:
    """The change, and, where it left the case in the queue, the next candidate asked at once: of the responsible unit,
    else its head, else a neighbour.

    Nobody is left: the case stays in the centre's queue, and the reason is stored with it.
    """
    case = change.case
    if case.state is not State.PENDING or case.responsible_unit is None:
        return change
    choice = await next_candidate(
        tx, context, stored, case, unit=case.responsible_unit, excluding=frozenset(case.tried)
    )
    why = choice_of(choice)
    if not isinstance(choice, Choice):
        return moves.nobody(change, why)
    asked = moves.assign(
        case, unit=choice.unit, responder=choice.responder, why=why, by=ROUTER, now=tx.now, policy=policy
    )
    return moves.then(change, asked)


async def next_candidate(
    tx: Transaction, context: Context, stored: Stored, case: Case, *, unit: str, excluding: frozenset[str]
) -> Choice | NoChoice:
    """Who of the responsible `unit`, or after it, is to be asked next; counted as given at once."""
    warning = open_warning(context.sealer, stored)
    ask = Ask(unit=unit, lat=None, lon=None, excluding=excluding, urgent=case.risk is Risk.URGENT)
    if warning is not None:
        lat, lon = places_of([warning], now=tx.now, datum=context.source_datum).point(0)
        ask = replace(
            ask_for(warning, unit, lat, lon, grid=case.routing.get("grid"), excluding=excluding),
            urgent=ask.urgent,
        )
    (ask,) = await with_ways(context, [ask], tx.now)
    choice = choose(context.picture.roster, ask, tx.now, load=context.given, rules=context.rules)
    if isinstance(choice, Choice):
        context.given[choice.responder] += 1
    return choice
