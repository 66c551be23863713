"""The life of a swap: asked by one, answered by the other. Only an accepted one moves duty."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.domain.actor import CENTRE_ROLES, Actor
from services.domain.refusals import Incomplete, NotAllowed, SwapOver
from services.domain.rota.rota import Rota, Swap
from services.domain.rota.spans import shifts
from services.domain.value import replace
from services.domain.words import Role

Window = tuple[datetime, datetime]
LONGEST, LATEST = timedelta(days=31), timedelta(days=366)  # of what is swapped


class SwapState(StrEnum):
    ASKED = "ASKED"  # the other one acts
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"  # by who asked, or, once accepted, by the desk


class SwapAction(StrEnum):
    ACCEPT = "ACCEPT"
    REFUSE = "REFUSE"
    WITHDRAW = "WITHDRAW"


MOVES: Mapping[tuple[SwapState, SwapAction], SwapState] = {
    (SwapState.ASKED, SwapAction.ACCEPT): SwapState.ACCEPTED,
    (SwapState.ASKED, SwapAction.REFUSE): SwapState.REFUSED,
    (SwapState.ASKED, SwapAction.WITHDRAW): SwapState.WITHDRAWN,
    (SwapState.ACCEPTED, SwapAction.WITHDRAW): SwapState.WITHDRAWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSwap:
    """`asker` offers their duty in `gives` to `other`, and would take what `other` has in `takes`."""

    id: int | None  # the row; None until it is stored
    unit: str
    asker: str
    other: str
    gives: Window
    takes: Window | None
    state: SwapState
    asked_by: str
    asked_at: datetime
    answered_by: str | None = None
    answered_at: datetime | None = None

    @property
    def swap(self) -> Swap:
        return Swap(asker=self.asker, other=self.other, gives=self.gives, takes=self.takes)

    @property
    def over_at(self) -> datetime:
        return max(self.gives[1], self.takes[1] if self.takes else self.gives[1])


def ask(rota: Rota, wanted: AskedSwap, *, by: Actor, now: datetime) -> None:
    """Whether this may be asked at all. Raises NotAllowed or Incomplete."""
    if by.role is Role.RESPONDER and by.responder != wanted.asker:
        raise NotAllowed(role=by.role)
    if wanted.asker == wanted.other:
        raise Incomplete(field="other", why="nobody swaps with themselves")
    sides = (("gives", wanted.asker, wanted.gives), ("takes", wanted.other, wanted.takes))
    for name, who, window in sides:
        if window is None:
            continue
        if window[1] <= window[0]:
            raise Incomplete(field=name, why="it ends before it starts")
        if window[1] <= now:
            raise Incomplete(field=name, why="it is over")
        if window[1] - window[0] > LONGEST or window[1] > now + LATEST:
            raise Incomplete(field=name, why="longer than 31 days, or more than a year away")
        if not any(span.responder == who for span in shifts(rota, *window)):
            raise Incomplete(field=name, why="there is no duty of that person in it")


def answer(asked: AskedSwap, action: SwapAction, *, by: Actor, now: datetime) -> AskedSwap:
    """The swap after `action`. Raises NotAllowed, or SwapOver where it was answered or its time has passed."""
    to = MOVES.get((asked.state, action))
    if to is None or asked.over_at <= now:
        raise SwapOver(state=asked.state.value)
    if by.role is Role.RESPONDER:
        mine = asked.asker if action is SwapAction.WITHDRAW else asked.other
        if by.responder != mine or asked.state is not SwapState.ASKED:
            raise NotAllowed(role=by.role)
    elif by.role not in CENTRE_ROLES | {Role.DESK}:
        raise NotAllowed(role=by.role)
    return replace(asked, state=to, answered_by=by.name, answered_at=now)
