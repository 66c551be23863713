"""Where a unit has nobody for a case: its head, then the nearest fit one across a boundary; and, urgent, who is much sooner.

A boundary is crossed in these two cases only (domain.md §5). Nobody is left to ask: the centre decides.
"""

from services.domain.choice import CANDIDATES_SHOWN, Ask, Candidate, Choice, Decided, Nobody, NoChoice, Rejected
from services.domain.others import Others
from services.domain.value import replace
from services.domain.within import Muster, choose_one


def beyond(muster: Muster, ask: Ask, found: Choice | NoChoice, others: Others) -> Choice | NoChoice:
    """What becomes of the unit's own answer: mostly itself. `others` are of the same muster."""
    if isinstance(found, Choice):
        return _sooner(muster, ask, found, others) if ask.urgent else found
    if found.reason is Nobody.ROUTING_OFF:
        return found
    return _head(muster, ask, found) or _neighbour(muster, ask, found, others) or found


def _head(muster: Muster, ask: Ask, found: NoChoice) -> Choice | None:
    """The head leads, so neither a load cap nor being off duty counts; having been asked, or being away, does."""
    roster = muster.roster
    head = roster.heads.get(ask.unit)
    if head is None or head in ask.excluding:
        return None
    person = roster.index.get(head)
    if person is not None and roster.away[person]:
        return None
    held = 0 if person is None else muster.loads[person]
    others = tuple(one for one in found.candidates if one.responder != head)
    return Choice(
        responder=head,
        unit=ask.unit,
        decided=Decided.HEAD,
        candidates=(Candidate(head, None, None, held, None), *others)[:CANDIDATES_SHOWN],
    )


def _neighbour(muster: Muster, ask: Ask, found: NoChoice, others: Others) -> Choice | None:
    across = choose_one(muster, others.near(ask), _elsewhere(ask))
    if isinstance(across, NoChoice):
        return None
    shown = (*across.candidates[:1], *found.candidates, *across.candidates[1:])
    return Choice(
        responder=across.responder,
        unit=across.unit,
        decided=Decided.NEIGHBOUR,
        candidates=shown[:CANDIDATES_SHOWN],
        lacks=across.lacks,
    )


def _sooner(muster: Muster, ask: Ask, found: Choice, others: Others) -> Choice:
    """Who is across the boundary and there sooner by more than the gain that the rules name, lacking nothing more."""
    rules = muster.rules
    own = found.candidates[0]
    own_s = own.travel_s
    if own_s is None and own.distance_m is not None:
        own_s = own.distance_m / rules.speed_m_per_s
    if own_s is None or own_s <= rules.gain_to_cross.total_seconds():
        return found
    across = choose_one(muster, others.near(ask), _elsewhere(ask))
    if isinstance(across, NoChoice) or len(across.lacks) > len(found.lacks):
        return found
    there = across.candidates[0]
    if there.distance_m is None:
        return found
    if own_s - there.distance_m / rules.speed_m_per_s <= rules.gain_to_cross.total_seconds():
        return found
    return Choice(
        responder=across.responder,
        unit=across.unit,
        decided=Decided.NEIGHBOUR_FASTER,
        candidates=(there, own._replace(rejected=Rejected.SLOWER), *found.candidates[1:])[:CANDIDATES_SHOWN],
        lacks=across.lacks,
    )


def _elsewhere(ask: Ask) -> Ask:
    """What a beat and measured ways say is about the unit's own people."""
    return replace(ask, grid=None, travel_s={})
