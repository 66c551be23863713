"""The second acknowledgement of a large amount: another person than whoever acknowledged has the instruction, too.

Wanted from the opening on (`opening.py`); an acknowledgement by somebody new wants it anew. A limit, never a state: the
loop does not wait for it.
"""

from dataclasses import dataclass
from datetime import datetime

from services.domain import moves
from services.domain import timers as limits
from services.domain.actor import Actor
from services.domain.case import Case, Change
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.refusals import OutOfOrder, SamePerson
from services.domain.states import Action, TimerKind
from services.domain.words import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """Who acknowledged: a responder for themself, or a desk for `responder`."""

    actor: str
    role: Role
    responder: str | None


def starts_again(case: Case) -> tuple[TimerKind, ...]:
    """What an acknowledgement starts: SECOND_ACK where the case wants one and the last was for an earlier holder."""
    wanted = limits.rounds(case.timers, TimerKind.SECOND_ACK) > 0
    runs = limits.running(case.timers, TimerKind.SECOND_ACK) is not None
    return (TimerKind.SECOND_ACK,) if wanted and not runs else ()


def second(case: Case, first: First | None, *, by: Actor, policy: Policy, said: Said, now: datetime) -> Change:
    """The second acknowledgement, of the unit or the centre.

    Raises what `moves.move` raises, OutOfOrder where none is wanted (any more), SamePerson.
    """
    change = moves.move(case, Action.SECOND_ACKNOWLEDGE, by=by, now=now, policy=policy, said=said)
    if first is None or limits.running(case.timers, TimerKind.SECOND_ACK) is None:
        raise OutOfOrder(state=case.state, action=Action.SECOND_ACKNOWLEDGE)
    themself = first.role is Role.RESPONDER and by.responder is not None and by.responder == first.responder
    if themself or by.name == first.actor:
        raise SamePerson()
    return change
