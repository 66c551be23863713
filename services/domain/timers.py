"""The limits of one case: started, stopped, and what each does next by itself. Values in, values out."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from services.domain.policy import Policy
from services.domain.states import TimerKind
from services.domain.value import value
from services.domain.words import Risk

OUTSIDE_TOTAL = frozenset(
    {
        TimerKind.TOTAL,
        TimerKind.REVIEW,
        TimerKind.LEASE,
        TimerKind.STOP_REQUEST,
        TimerKind.STOP_CONFIRM,
        TimerKind.VISIT,
        TimerKind.SECOND_ACK,
    }
)


class Late(StrEnum):
    """How a case is late, for who looks for such. A lease makes none late: FIRST_ATTEMPT is what people work to."""

    NOW = "now"  # a limit is over and runs on
    EVER = "ever"  # a limit was found breached, whatever answered it since


@value
class Timer:
    """One limit in one round. It runs until `stopped_at`; a breached one runs on, so that how late it was is known."""

    kind: TimerKind
    round: int
    started_at: datetime
    due_at: datetime
    at_risk_at: datetime | None  # None: no at-risk mark (a lease; a limit already over when it starts)
    at_risk_fired: bool = False
    breached_at: datetime | None = None
    stopped_at: datetime | None = None
    level: int = 0  # how far its escalation has climbed; 0: nobody was called in
    next_level_at: datetime | None = None  # when the next level is called in by itself, where its mark has passed

    @property
    def running(self) -> bool:
        return self.stopped_at is None

    @property
    def next_at(self) -> datetime | None:
        """When this timer next does something by itself."""
        if self.stopped_at is not None:
            return None
        if self.breached_at is not None:
            return self.next_level_at
        if self.at_risk_at is not None and not self.at_risk_fired:
            return self.at_risk_at
        return self.due_at if self.next_level_at is None else min(self.due_at, self.next_level_at)


def start(
    timers: tuple[Timer, ...], kind: TimerKind, *, at: datetime, now: datetime, risk: Risk, policy: Policy
) -> Timer:
    """The next round of `kind`, started at `at`.

    Due at start + limit or at the total's due time, whichever is earlier: a late stage eats the next and the total
    never moves. Once the total is breached, or stopped, a stage's limit stands alone (domain.md §1). A lease is no
    stage: cut short, it would take the case away together with the reminder that comes first.
    """
    due_at = at + policy.limit(risk, kind)
    if kind not in OUTSIDE_TOTAL and (total := running(timers, TimerKind.TOTAL)) is not None:
        over = total.breached_at is not None or total.due_at <= at
        due_at = due_at if over else min(due_at, total.due_at)
    at_risk_at = None
    if kind is not TimerKind.LEASE and due_at > now:
        at_risk_at = at + (due_at - at) * policy.at_risk_share
    return Timer(kind=kind, round=rounds(timers, kind) + 1, started_at=at, due_at=due_at, at_risk_at=at_risk_at)


def stop(timer: Timer, *, at: datetime) -> Timer:
    """The timer stopped at `at`; one that was over by then counts as breached, even if nobody had time to say so.

    Its escalation climbs no further.
    """
    late = timer.breached_at is None and timer.due_at <= at
    return Timer(
        kind=timer.kind,
        round=timer.round,
        started_at=timer.started_at,
        due_at=timer.due_at,
        at_risk_at=timer.at_risk_at,
        at_risk_fired=timer.at_risk_fired,
        breached_at=at if late else timer.breached_at,
        stopped_at=at,
        level=timer.level,
    )


# The three questions below are asked some fifteen times a warning: plain loops take a third of the time of generators.


def running(timers: Iterable[Timer], kind: TimerKind) -> Timer | None:
    for timer in timers:
        if timer.kind is kind and timer.stopped_at is None:
            return timer
    return None


def rounds(timers: Iterable[Timer], kind: TimerKind) -> int:
    last = 0
    for timer in timers:
        if timer.kind is kind and timer.round > last:
            last = timer.round
    return last


def missed(timers: Iterable[Timer]) -> tuple[TimerKind, ...]:
    """Which limits were ever found breached: each once, in the order in which they first were due."""
    over = [timer for timer in timers if timer.breached_at is not None and timer.kind is not TimerKind.LEASE]
    return tuple(dict.fromkeys(timer.kind for timer in sorted(over, key=lambda timer: timer.due_at)))


def next_due(timers: Iterable[Timer]) -> datetime | None:
    """The earliest thing that will happen by itself, or None."""
    earliest = None
    for timer in timers:
        at = timer.next_at
        if at is not None and (earliest is None or at < earliest):
            earliest = at
    return earliest
