"""The closed lists of the work (risk, mode, role, outcome …). Open lists, such as fraud types, live in tables."""

from enum import StrEnum


class Risk(StrEnum):
    URGENT = "URGENT"  # 紧急
    HIGH = "HIGH"  # 高危
    MEDIUM = "MEDIUM"  # 中危
    LOW = "LOW"  # 低危


RISKS = tuple(reversed(Risk))  # the lowest first


def higher(one: Risk, other: Risk) -> Risk:
    return max(one, other, key=RISKS.index)


class Mode(StrEnum):
    ACTUAL = "actual"
    EXERCISE = "exercise"  # 演练: runs the whole loop, counted in no figure


class Role(StrEnum):
    OPERATOR = "operator"  # centre: sees and drives every case
    SUPERVISOR = "supervisor"  # centre: operator, and cancels, reopens, lowers risk
    DESK = "desk"  # duty desk of one precinct
    RESPONDER = "responder"  # one officer, own cases
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    INTEGRATOR = "integrator"  # a source of warnings
    BANK = "bank"
    DEVICE = "device"  # one responder's tracker: its positions and its responder's status, nothing else
    SYSTEM = "system"  # the router and the timekeeper; never a person


class AttemptResult(StrEnum):
    REACHED_VOICE = "REACHED_VOICE"
    REACHED_IN_PERSON = "REACHED_IN_PERSON"
    REACHED_FAMILY = "REACHED_FAMILY"
    BUSY = "BUSY"
    NO_ANSWER = "NO_ANSWER"
    HUNG_UP = "HUNG_UP"
    POWERED_OFF = "POWERED_OFF"
    INVALID_NUMBER = "INVALID_NUMBER"
    BLOCKED = "BLOCKED"
    NOT_HOME = "NOT_HOME"
    SET_OUT = "SET_OUT"  # on the way; the visit is not over
    ARRIVED = "ARRIVED"  # at the door; the visit is not over
    SMS_DELIVERED = "SMS_DELIVERED"
    SMS_FAILED = "SMS_FAILED"


class ContactMode(StrEnum):
    VOICE = "voice"
    IN_PERSON = "in_person"
    FAMILY = "family"


class Outcome(StrEnum):
    DISSUADED_NO_LOSS = "DISSUADED_NO_LOSS"  # 已劝阻未被骗
    DISSUADED_PARTIAL_LOSS = "DISSUADED_PARTIAL_LOSS"  # 已止损部分被骗
    DEFRAUDED_BEFORE_WARNING = "DEFRAUDED_BEFORE_WARNING"  # 预警前已被骗
    DEFRAUDED_AFTER_WARNING = "DEFRAUDED_AFTER_WARNING"  # 预警后被骗
    REFUSED = "REFUSED"  # 拒不配合
    NOT_REACHED = "NOT_REACHED"  # 联系不上
    OUT_OF_AREA = "OUT_OF_AREA"  # 人在外地
    FALSE_POSITIVE = "FALSE_POSITIVE"  # 误报
    WRONG_PERSON = "WRONG_PERSON"  # 信息不准
