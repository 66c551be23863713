"""Which responder gets a case: of the unit's own the nearest fit one, else who comes after. Keeps nothing, sends nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.domain.beyond import beyond
from services.domain.choice import Ask, Choice, Nobody, NoChoice, Rules
from services.domain.others import Others
from services.domain.roster import Roster
from services.domain.within import Muster, choose_one, seen_by_each

RULES = Rules()
NO_ROUTING = NoChoice(reason=Nobody.ROUTING_OFF, candidates=())


def choose(
    roster: Roster, ask: Ask, now: datetime, *, load: Mapping[str, int] | None = None, rules: Rules = RULES
) -> Choice | NoChoice:
    """`choose_batch` for one case."""
    return choose_batch(roster, [ask], now, load=load, rules=rules)[0]


def choose_batch(
    roster: Roster,
    asks: Sequence[Ask],
    now: datetime,
    *,
    load: Mapping[str, int] | None = None,
    rules: Rules = RULES,
) -> list[Choice | NoChoice]:
    """For each case, in order, who gets it, or why nobody does.

    `load` is what each responder got since the roster was built; what this batch gives out counts from case to case,
    but `load` itself stays as it was: the caller adds what was committed.
    """
    muster = Muster(roster, _loads_of(roster, load), now, rules)
    others = Others(muster)
    answers: list[Choice | NoChoice] = []
    for ask, seen in zip(asks, seen_by_each(muster, asks), strict=True):
        own = NO_ROUTING if ask.unit in roster.closed else choose_one(muster, seen, ask)
        answer = beyond(muster, ask, own, others)
        if isinstance(answer, Choice) and (person := roster.index.get(answer.responder)) is not None:
            muster.loads[person] += 1
        answers.append(answer)
    return answers


def _loads_of(roster: Roster, load: Mapping[str, int] | None) -> list[int]:
    loads = roster.open_cases.copy()
    for responder, cases in (load or {}).items():
        if (person := roster.index.get(responder)) is not None:
            loads[person] += cases
    return loads
