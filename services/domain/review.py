"""A review (倒查) of what went wrong: opened by itself by a loss after the warning or by a stop order that failed.

OPEN → CAUSE_SET (why, and who answers for it) → ACTIONS_SET (what is done, and what is promised) → CLOSED by somebody
who set neither. The words are sealed in the case's timeline; here is only who and when.
"""

from datetime import datetime
from enum import StrEnum

from services.domain.policy_rules import ReviewCause
from services.domain.refusals import OutOfOrder, OwnSubmission
from services.domain.value import replace, value


class ReviewState(StrEnum):
    OPEN = "OPEN"  # the centre finds the cause
    CAUSE_SET = "CAUSE_SET"  # the centre decides what is done about it
    ACTIONS_SET = "ACTIONS_SET"  # a second person closes it
    CLOSED = "CLOSED"


R = ReviewState


@value
class Review:
    id: int | None = None  # the row; None until it is stored
    number: int  # nth of its case
    state: ReviewState = R.OPEN
    why: tuple[ReviewCause, ...]
    order: int | None = None  # number of the stop order it is about
    opened_at: datetime
    accountable: str | None = None  # who answers for it: a responder's code or a name of the staff
    cause_by: str | None = None
    cause_at: datetime | None = None
    actions_by: str | None = None
    actions_at: datetime | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None


def opened(reviews: tuple[Review, ...], why: ReviewCause, *, order: int | None, at: datetime) -> Review | None:
    """The review that `why` opens, or adds itself to while that one is not closed; None where it is said already."""
    for one in reviews:
        if one.order == order and one.state is not R.CLOSED:
            return None if why in one.why else replace(one, why=(*one.why, why))
    return Review(number=len(reviews) + 1, why=(why,), order=order, opened_at=at)


def cause_set(one: Review, *, accountable: str, by: str, at: datetime) -> Review:
    """May be set again until the actions are. Raises OutOfOrder."""
    if one.state not in (R.OPEN, R.CAUSE_SET):
        raise OutOfOrder(state=one.state, action="SET_CAUSE")
    return replace(one, state=R.CAUSE_SET, accountable=accountable, cause_by=by, cause_at=at)


def actions_set(one: Review, *, by: str, at: datetime) -> Review:
    """May be set again until it is closed. Raises OutOfOrder."""
    if one.state not in (R.CAUSE_SET, R.ACTIONS_SET):
        raise OutOfOrder(state=one.state, action="SET_ACTIONS")
    return replace(one, state=R.ACTIONS_SET, actions_by=by, actions_at=at)


def closed(one: Review, *, by: str, at: datetime) -> Review:
    """Raises OutOfOrder, and OwnSubmission for who set the cause or the actions, or answers for it."""
    if one.state is not R.ACTIONS_SET:
        raise OutOfOrder(state=one.state, action="CLOSE")
    if by in (one.cause_by, one.actions_by, one.accountable):
        raise OwnSubmission()
    return replace(one, state=R.CLOSED, closed_by=by, closed_at=at)
