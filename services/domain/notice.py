"""What a notice is: why somebody is told what, and who that is. A row tells one person, or whoever sits at one desk."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.domain.policy_rules import Target
from services.domain.states import TimerKind
from services.domain.value import value
from services.domain.words import Mode


class NoticeKind(StrEnum):
    AT_RISK = "AT_RISK"  # a limit
    BREACHED = "BREACHED"  # a limit
    JUMPED = "JUMPED"  # a level of an escalation called in by hand
    LATE_WORK = "LATE_WORK"  # several late ones to one recipient, as one
    LEVEL_EMPTY = "LEVEL_EMPTY"  # nobody of a level can be reached: the next one was called in at once
    NOBODY_LEFT = "NOBODY_LEFT"  # … and there is no next one
    UNASSIGNED = "UNASSIGNED"  # nobody can be asked: the centre must decide
    TAKEN_BACK = "TAKEN_BACK"  # acknowledged and then silence
    CALLED_OFF = "CALLED_OFF"  # the case was cancelled
    WITHDRAWN = "WITHDRAWN"  # the source took its warning back
    CO_ASSIGNED = "CO_ASSIGNED"
    BOUNDARY_CROSSED = "BOUNDARY_CROSSED"  # to the unit whose case a neighbour has
    RESPONDER_TAKEN = "RESPONDER_TAKEN"  # to the neighbour
    REPEATED = "REPEATED"
    REPEATED_LATE = "REPEATED_LATE"  # … when the outcome was known already
    REPEAT_SUBJECT = "REPEAT_SUBJECT"  # so many warnings for one person
    REROUTED = "REROUTED"  # the place changed: another unit's case
    VISIT_WANTED = "VISIT_WANTED"
    RETURNED = "RETURNED"  # the feedback
    STOP_WARNED = "STOP_WARNED"  # a hold ends soon
    STOP_EXPIRED = "STOP_EXPIRED"
    HOLD_PLACED = "HOLD_PLACED"  # the person must be told of the hold on their account
    HOLD_APPEALED = "HOLD_APPEALED"
    FOLLOW_UP_DUE = "FOLLOW_UP_DUE"
    FOLLOW_UP_MISSED = "FOLLOW_UP_MISSED"
    FOLLOW_UP_ESCALATED = "FOLLOW_UP_ESCALATED"
    REVIEW_OPENED = "REVIEW_OPENED"
    WATCH_GAP = "WATCH_GAP"  # the coming watch is too thin


N = NoticeKind
# Told to whom the steps of the escalation, or the fact itself, say.
BY_LEVEL: Final = frozenset({N.AT_RISK, N.BREACHED, N.JUMPED, N.LATE_WORK, N.REPEAT_SUBJECT, N.REROUTED})
LOUD: Final = frozenset({N.NOBODY_LEFT, N.UNASSIGNED})
NOTICES: Final[Mapping[NoticeKind, tuple[str, str]]] = {
    N.AT_RISK: ("时限临期", "a limit is at risk"),
    N.BREACHED: ("时限超时", "a limit is breached"),
    N.JUMPED: ("人工上报", "called in by hand"),
    N.LATE_WORK: ("迟到事项合并", "late ones, grouped"),
    N.LEVEL_EMPTY: ("某级无人可通知,已跳过", "a level with nobody, skipped"),
    N.NOBODY_LEFT: ("各级均无人可通知", "nobody left to call in"),
    N.UNASSIGNED: ("无人可派", "nobody can be asked"),
    N.TAKEN_BACK: ("签收后无动作,案件收回", "taken back after silence"),
    N.CALLED_OFF: ("案件撤销", "the case was cancelled"),
    N.WITHDRAWN: ("来源撤回预警", "the source withdrew its warning"),
    N.CO_ASSIGNED: ("协办", "co-assigned"),
    N.BOUNDARY_CROSSED: ("本辖区案件由邻近单位承办", "a neighbour has the unit's case"),
    N.RESPONDER_TAKEN: ("本单位人员被派往邻近辖区", "the unit's responder was sent to a neighbour"),
    N.REPEATED: ("重复预警", "warned again"),
    N.REPEATED_LATE: ("已有结论后的重复预警", "warned again after the conclusion"),
    N.REPEAT_SUBJECT: ("同一人多次被预警", "one person warned of again and again"),
    N.REROUTED: ("地点变化,改由其他单位", "the place changed: another unit's case"),
    N.VISIT_WANTED: ("须上门", "a visit is asked for"),
    N.RETURNED: ("反馈退回", "the feedback was returned"),
    N.STOP_WARNED: ("止付即将到期", "a hold ends soon"),
    N.STOP_EXPIRED: ("止付到期", "a hold has ended"),
    N.HOLD_PLACED: ("保护性止付须告知本人", "a protective hold must be told to the person"),
    N.HOLD_APPEALED: ("对保护性止付的异议", "an appeal against a protective hold"),
    N.FOLLOW_UP_DUE: ("回访到期", "a follow-up is due"),
    N.FOLLOW_UP_MISSED: ("回访逾期", "a follow-up was missed"),
    N.FOLLOW_UP_ESCALATED: ("回访逾期上报", "a missed follow-up was escalated"),
    N.REVIEW_OPENED: ("倒查开启", "a review was opened"),
    N.WATCH_GAP: ("值班空缺", "a gap in the watch"),
}


class Delivery(StrEnum):
    """How far the way to the recipient's own channels has come; the inbox does not wait for it."""

    WAITING = "WAITING"  # nobody has sent it yet


@value
class Recipient:
    target: Target
    unit: str | None = None  # None: the centre
    person: str | None = None  # None: whoever sits there
    people: tuple[str, ...] = ()  # who that is at this moment

    @property
    def key(self) -> str:
        return f"{self.target}:{self.unit or ''}:{self.person or ''}"


@value
class Cause:
    """Why somebody is told, and who in the policy's words. Holds no personal data."""

    once: str  # the same cause has the same words here
    kind: NoticeKind
    tell: tuple[Target, ...]
    case_id: UUID | None = None
    mode: Mode = Mode.ACTUAL
    unit: str | None = None  # whose desk and head are meant
    responder: str | None = None
    timer: TimerKind | None = None
    round: int | None = None
    level: int | None = None
    given: dict[str, Any]
    due_at: datetime | None = None
    is_late: bool = False


@value
class Notice:
    """A row. It is open until its recipient acknowledges it or an act answers it."""

    id: int | None = None
    once: str
    kind: NoticeKind
    case_id: UUID | None = None
    mode: Mode
    target: Target
    unit: str | None = None
    person: str | None = None
    people: tuple[str, ...] = ()
    timer: TimerKind | None = None
    round: int | None = None
    level: int | None = None
    given: dict[str, Any]
    cases: tuple[dict[str, Any], ...] = ()  # of a grouped one: case_id, kind, timer, level
    count: int = 1
    is_late: bool = False
    is_loud: bool = False
    created_at: datetime
    due_at: datetime | None = None
    delivery: Delivery = Delivery.WAITING
    seen_at: datetime | None = None
    seen_by: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None  # the act

    @property
    def is_open(self) -> bool:
        return self.acknowledged_at is None and self.answered_at is None


def noticed(cause: Cause, to: Recipient, *, now: datetime) -> Notice:
    """The row that tells `to` of `cause`."""
    return Notice(
        once=f"{cause.once}:{to.key}",
        kind=cause.kind,
        case_id=cause.case_id,
        mode=cause.mode,
        target=to.target,
        unit=to.unit,
        person=to.person,
        people=to.people,
        timer=cause.timer,
        round=cause.round,
        level=cause.level,
        given=cause.given,
        is_late=cause.is_late,
        is_loud=cause.kind in LOUD,
        created_at=now,
        due_at=cause.due_at,
    )


def grouped(notices: list[Notice]) -> Notice:
    """Several late ones to one recipient as one row with the list of their cases, the oldest cause first."""
    first = notices[0]
    listed = tuple(
        {
            "case_id": str(one.case_id),
            "kind": one.kind.value,
            "timer": None if one.timer is None else one.timer.value,
            "level": one.level,
            "once": one.once,
        }
        for one in notices
    )
    return Notice(
        once=f"group:{first.once}",
        kind=N.LATE_WORK,
        mode=first.mode,
        target=first.target,
        unit=first.unit,
        person=first.person,
        people=first.people,
        given={},
        cases=listed,
        count=len({one.case_id for one in notices}),
        is_late=True,
        is_loud=any(one.is_loud for one in notices),
        created_at=first.created_at,
        due_at=min((one.due_at for one in notices if one.due_at is not None), default=None),
    )
