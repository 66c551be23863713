"""What the codes of the work are called, in Chinese and English (domain.md §1, §2, §4)."""

from collections.abc import Mapping
from typing import Final

from services.domain.states import State, TimerKind
from services.domain.words import Risk

Names = tuple[str, str]

STATES: Final[Mapping[State, Names]] = {
    State.PENDING: ("待分派", "pending"),
    State.ASSIGNED: ("待签收", "assigned"),
    State.ACKNOWLEDGED: ("已签收", "acknowledged"),
    State.IN_PROGRESS: ("劝阻中", "in progress"),
    State.CONTACTED: ("已联系", "contacted"),
    State.CONCLUDED: ("已有结论", "concluded"),
    State.REPORTED: ("待审核", "reported"),
    State.CLOSED: ("已办结", "closed"),
    State.CANCELLED: ("已撤销", "cancelled"),
    State.TRANSFERRED: ("已流转", "transferred"),
}
STAGES: Final[Mapping[TimerKind, Names]] = {
    TimerKind.ASSIGN: ("分派", "assign"),
    TimerKind.ACK: ("签收", "acknowledge"),
    TimerKind.FIRST_ATTEMPT: ("首次联系", "first attempt"),
    TimerKind.LEASE: ("签收有效期", "lease of an acknowledgement"),
    TimerKind.CONTACT: ("联系/见面", "contact"),
    TimerKind.DISSUADE: ("劝阻", "dissuade"),
    TimerKind.FEEDBACK: ("反馈", "feedback"),
    TimerKind.TOTAL: ("总时限", "total"),
    TimerKind.REVIEW: ("审核", "review of the feedback"),
    TimerKind.STOP_REQUEST: ("止付申请", "stop request"),
    TimerKind.STOP_CONFIRM: ("止付回执", "stop confirm"),
    TimerKind.VISIT: ("出发上门", "set out on a visit"),
    TimerKind.SECOND_ACK: ("双人签收", "second acknowledgement"),
}
RISKS: Final[Mapping[Risk, Names]] = {
    Risk.URGENT: ("紧急", "urgent"),
    Risk.HIGH: ("高危", "high"),
    Risk.MEDIUM: ("中危", "medium"),
    Risk.LOW: ("低危", "low"),
}
