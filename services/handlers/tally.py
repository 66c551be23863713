"""tally: what committed changes add to the metrics of this process. For alarms and panels; figures are made from events.

An exercise is counted when it opens, under its mode; its moves and its limits are not counted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from prometheus_client import Counter as Count
from prometheus_client import Histogram

from services.domain.case import Case, Change, Fact
from services.domain.follow_up import FollowUpState as F
from services.domain.located import Rule
from services.domain.repeats import SAME_INSTRUCTION, SAME_SUBJECT
from services.domain.states import MOVES, Action, State, TimerKind
from services.domain.words import Mode, Risk

OPENED = Count("quanzu_cases_opened", "Cases opened, by the rule that located them.", ["rule", "risk", "mode"])
MOVED = Count("quanzu_cases_moved", "Moves of cases after their opening.", ["action"])
REPEATED = Count("quanzu_warnings_repeated", "Warnings that came to a case that was there.", ["effect"])
AT_RISK = Count("quanzu_limit_at_risk", "Limits of which three quarters were spent.", ["stage", "risk"])
BREACHED = Count("quanzu_limit_breached", "Limits that were not kept.", ["stage", "risk"])
FOLLOWED_UP = Count("quanzu_follow_ups", "Follow-ups that became due, missed, escalated, done or closed.", ["state"])
STAGE = Histogram(
    "quanzu_stage_seconds",
    "How long a limit ran until it stopped.",
    ["stage", "risk"],
    # the limits of the default policy, and a few between them
    buckets=(1, 10, 30, 60, 120, 180, 300, 600, 780, 900, 1080, 1200, 1800, 2700, 3600, 7200, 14400, 86400),
)

# The stage that runs in a state: a move out of the state stops it.
STAGE_IN: Mapping[State, TimerKind] = {
    State.PENDING: TimerKind.ASSIGN,
    State.ASSIGNED: TimerKind.ACK,
    State.ACKNOWLEDGED: TimerKind.FIRST_ATTEMPT,
    State.IN_PROGRESS: TimerKind.CONTACT,
    State.CONTACTED: TimerKind.DISSUADE,
    State.CONCLUDED: TimerKind.FEEDBACK,
    State.REPORTED: TimerKind.REVIEW,
}
_MARKS = frozenset({Action.AT_RISK, Action.BREACH})

# Every child is made here: it starts at zero, and finding it costs no lock later.
_OPENED = {
    (rule.value, risk, mode): OPENED.labels(rule.value, risk.value, mode.value)
    for rule in Rule
    for risk in Risk
    for mode in Mode
}
_MOVED = {action: MOVED.labels(action.value) for _, action in MOVES}
_REPEATED = {effect: REPEATED.labels(effect) for effect in (SAME_INSTRUCTION, SAME_SUBJECT)}
_AT_RISK = {(kind.value, risk): AT_RISK.labels(kind.value, risk.value) for kind in TimerKind for risk in Risk}
_BREACHED = {(kind.value, risk): BREACHED.labels(kind.value, risk.value) for kind in TimerKind for risk in Risk}
_FOLLOWED_UP = {
    state.value: FOLLOWED_UP.labels(state.value) for state in (F.DUE, F.MISSED, F.ESCALATED, F.DONE, F.CLOSED)
}
_STAGE = {
    (kind, risk): STAGE.labels(kind.value, risk.value)
    for kind in (*STAGE_IN.values(), TimerKind.TOTAL)
    for risk in Risk
}


def tally(changes: Iterable[Change]) -> None:
    """Count committed changes; to be called once for each, after the commit."""
    opened: Counter[tuple[str, Risk, Mode]] = Counter()
    moved: Counter[Action] = Counter()
    for change in changes:
        case = change.case
        counted = case.mode is Mode.ACTUAL
        for fact in change.facts:
            action = fact.action
            if action is Action.OPEN:
                opened[case.routing["rule"], case.risk, case.mode] += 1
            elif not counted:
                continue
            elif action in _MARKS:
                marks = _BREACHED if action is Action.BREACH else _AT_RISK
                marks[fact.detail["timer"], case.risk].inc()
            elif action is Action.FOLLOW_UP:
                _FOLLOWED_UP[fact.detail["state"]].inc()
            elif action in _MOVED:
                moved[action] += 1
                _stopped(case, fact)
    for opening, times in opened.items():
        _OPENED[opening].inc(times)
    for action, times in moved.items():
        _MOVED[action].inc(times)


def tally_repeats(effects: Iterable[str]) -> None:
    """Count warnings that came to a case that was there, by effect (REPEATED or ATTACHED); exercises among them too."""
    for effect in effects:
        _REPEATED[effect].inc()


def _stopped(case: Case, fact: Fact) -> None:
    """Observe the limits that a move stopped: the stage of the state it left, and the total where it stops that too."""
    if fact.from_state is None or fact.action is Action.CO_RELEASE:  # it stops nothing, and may come with the end
        return
    stage = STAGE_IN.get(fact.from_state)
    for kind in MOVES[fact.from_state, fact.action].stops:
        if kind is not stage and kind is not TimerKind.TOTAL:
            continue
        for timer in reversed(case.timers):  # the newest round first
            if timer.kind is kind and timer.stopped_at == fact.at:
                _STAGE[kind, case.risk].observe((fact.at - timer.started_at).total_seconds())
                break
