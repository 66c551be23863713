"""A protective hold on the victim's own account (保护性止付): told to them, open to an appeal, lifted once it is over.

Allowed only after they refused to be dissuaded. We record it; the bank carries it out. The words (reason, appeal) are
sealed in the case's timeline.
"""

from datetime import datetime

from services.domain.refusals import Incomplete, OutOfOrder
from services.domain.value import replace, value
from services.domain.words import Outcome


@value
class ProtectiveHold:
    id: int | None = None  # the row; None until it is stored
    number: int  # nth of its case
    placed_at: datetime
    placed_by: str
    notice_at: datetime | None = None
    appealed_at: datetime | None = None
    lifted_at: datetime | None = None
    lifted_by: str | None = None


def placed(holds: tuple[ProtectiveHold, ...], outcome: Outcome | None, *, by: str, at: datetime) -> ProtectiveHold:
    """Raises Incomplete before a refusal, OutOfOrder while one stands."""
    if outcome is not Outcome.REFUSED:
        raise Incomplete(field="outcome", why="a protective hold needs a refusal")
    if any(one.lifted_at is None for one in holds):
        raise OutOfOrder(state="HELD", action="PLACE")
    return ProtectiveHold(number=len(holds) + 1, placed_at=at, placed_by=by)


def noticed(one: ProtectiveHold, *, at: datetime) -> ProtectiveHold:
    """The person was told, once. Raises OutOfOrder."""
    if one.lifted_at is not None or one.notice_at is not None:
        raise OutOfOrder(state=state_of(one), action="NOTICE")
    return replace(one, notice_at=at)


def appealed(one: ProtectiveHold, *, at: datetime) -> ProtectiveHold:
    """The person objects, once. Raises OutOfOrder."""
    if one.lifted_at is not None or one.appealed_at is not None:
        raise OutOfOrder(state=state_of(one), action="APPEAL")
    return replace(one, appealed_at=at)


def lifted(one: ProtectiveHold, *, by: str, at: datetime) -> ProtectiveHold:
    """Raises OutOfOrder."""
    if one.lifted_at is not None:
        raise OutOfOrder(state=state_of(one), action="LIFT")
    return replace(one, lifted_at=at, lifted_by=by)


def state_of(one: ProtectiveHold) -> str:
    return "LIFTED" if one.lifted_at else "APPEALED" if one.appealed_at else "NOTICED" if one.notice_at else "HELD"
