"""What was tried to reach the person, read out of a case's timeline: how often, by which way, and whether they were met."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.domain.case import Case
from services.domain.policy import Policy
from services.domain.refusals import Incomplete, MeetingMissing, Missing, TriesMissing
from services.domain.states import Action
from services.domain.words import AttemptResult, ContactMode

CALL, MESSAGE, VISIT, FAMILY = "call", "sms", "visit", "family"
TRYING: Final = (Action.ATTEMPT, Action.CONTACT, Action.RAISE)  # the facts that the questions below are asked of
WAYS: Final[Mapping[str, str]] = {"calls": CALL, "messages": MESSAGE, "visits": VISIT, "family": FAMILY}

R = AttemptResult
REACHED: Final = frozenset({R.REACHED_VOICE, R.REACHED_IN_PERSON, R.REACHED_FAMILY})
ON_THE_WAY: Final = frozenset({R.SET_OUT, R.ARRIVED})  # steps of a visit that is not over
# What only one way can have brought; any other result may come of any way.
ONLY_BY: Final[Mapping[AttemptResult, str]] = {
    R.SET_OUT: VISIT,
    R.ARRIVED: VISIT,
    R.NOT_HOME: VISIT,
    R.SMS_DELIVERED: MESSAGE,
    R.SMS_FAILED: MESSAGE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """An attempt, a contact or a raise, out of a case's timeline, in order."""

    action: str
    at: datetime
    detail: dict[str, Any]


def must_fit(said: Mapping[str, Any]) -> None:
    """Raises Incomplete where the result can't have come of the way that was tried."""
    result, channel = said.get("result"), said.get("channel")
    only = ONLY_BY.get(AttemptResult(result)) if result is not None else None
    if (only is not None and channel != only) or (channel == MESSAGE and result == R.REACHED_IN_PERSON):
        raise Incomplete(field="result", why="can't come of this channel")


def counted(tried: Iterable[Tried]) -> dict[str, int]:
    """How often each way was tried to its end, whoever held the case then."""
    ways = [
        one.detail.get("channel")
        for one in tried
        if one.action == Action.ATTEMPT and one.detail.get("result") not in ON_THE_WAY
    ]
    return {name: ways.count(channel) for name, channel in WAYS.items()}


def is_failed_call(one: Tried) -> bool:
    said = one.detail
    return one.action == Action.ATTEMPT and said.get("channel") == CALL and said.get("result") not in REACHED


def failed_calls(tried: Iterable[Tried]) -> int:
    return sum(is_failed_call(one) for one in tried)


def is_visit(one: Tried) -> bool:
    """A step of a visit, its beginning or its end."""
    return one.action == Action.ATTEMPT and one.detail.get("channel") == VISIT


def met_at(tried: Iterable[Tried]) -> datetime | None:
    """When somebody first stood before the person; None: nobody has yet."""
    for one in tried:
        met = one.action == Action.CONTACT and one.detail.get("mode") == ContactMode.IN_PERSON
        if met or (one.action == Action.ATTEMPT and one.detail.get("result") == R.REACHED_IN_PERSON):
            return one.at
    return None


def needs_meeting(case: Case, policy: Policy) -> bool:
    """Whether the case, as it is, closes only once the person was met (domain.md §3 rule 6)."""
    rules = policy.face_to_face
    return case.risk in rules.closes_only_in_person and case.outcome not in rules.except_for


def must_have_met(case: Case, tried: Iterable[Tried], policy: Policy) -> None:
    """Raises MeetingMissing. Nobody is above it: who finds the risk too high has a supervisor lower it."""
    if needs_meeting(case, policy) and met_at(tried) is None:
        raise MeetingMissing(missing=(Missing(what="meeting", needed=1, done=0),))


def must_have_tried(tried: Iterable[Tried], policy: Policy) -> None:
    """Whether enough was tried to say NOT_REACHED (rule 3). Raises TriesMissing with what is lacking."""
    done = counted(tried)
    needed = policy.attempts.not_reached
    missing = tuple(
        Missing(what=what, needed=count, done=done[what]) for what, count in needed.items() if done[what] < count
    )
    if missing:
        raise TriesMissing(missing=missing)
