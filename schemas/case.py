"""CaseChanged: one change of a case, for boards and integrators. No personal data, masked or not."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import orjson
from pydantic import Field

from schemas.fields import At, Code, Count, Mode, Risk, Wire


class RunningTimer(Wire):
    """A limit that is running for the case."""

    kind: Code = Field(title="时限", description="Which limit: TOTAL, ACK, CONTACT …")
    round: Count = Field(title="轮次", description="1 for the first run of this limit, then rising.")
    due_at: At = Field(title="到期时间", description="When it is breached.")
    at_risk_at: At | None = Field(
        default=None, title="临期时间", description="When it is at risk, if that is still told."
    )


class Happened(Wire):
    """One thing that happened to the case."""

    action: Code = Field(title="变化", description="Code of the action: OPEN, ASSIGN, BREACH …")
    timer: Code | None = Field(default=None, title="时限", description="Which limit, for AT_RISK and BREACH.")
    by: Code = Field(title="操作角色", description="Role of who did it; system for a timer or the router.")


class CaseChanged(Wire):
    """Where a case stands after a change."""

    case_id: UUID = Field(title="案件编号", description="The case.")
    version: Count = Field(title="版本", description="Rises with every message about the case: ignore a lower one.")
    turn: Count = Field(title="轮次", description="Rises when state, assignment or risk change; commands name it.")
    changes: tuple[Happened, ...] = Field(
        min_length=1, max_length=32, title="变化", description="What happened since the version before, in order."
    )
    state: Code = Field(title="状态", description="State after the change.")
    outcome: Code | None = Field(default=None, title="结论", description="How it ended, once known.")
    risk: Risk = Field(title="预警级别", description="Risk level after the change.")
    mode: Mode = Field(title="模式", description="actual, or exercise for a drill 演练.")
    responsible_unit: Code | None = Field(default=None, title="责任单位", description="Unit by jurisdiction.")
    assigned_unit: Code | None = Field(default=None, title="承办单位", description="Unit that holds the case now.")
    responder: Code | None = Field(default=None, title="承办人", description="Code of the responder, if one is named.")
    co_assigned_units: tuple[Code, ...] = Field(
        default=(), max_length=32, title="协办单位", description="Units on the case beside the one that holds it."
    )
    left_units: tuple[Code, ...] = Field(
        default=(), max_length=32, title="退出单位", description="Units that this change took the case from."
    )
    at: At = Field(title="发生时间", description="When the change was recorded.")
    timers: tuple[RunningTimer, ...] = Field(default=(), max_length=32, title="运行时限", description="Running limits.")
    next_due_at: At | None = Field(default=None, title="最近到期", description="The earliest running due time.")
    total_due_at: At | None = Field(default=None, title="总时限", description="When the hour is over.")


def encode_change(
    *,
    case_id: UUID,
    version: int,
    turn: int,
    changes: Iterable[tuple[str, str | None, str]],
    state: str,
    outcome: str | None,
    risk: str,
    mode: str,
    responsible_unit: str | None,
    assigned_unit: str | None,
    responder: str | None,
    co_assigned_units: Sequence[str],
    left_units: Sequence[str],
    at: datetime,
    timers: Iterable[tuple[str, int, datetime, datetime | None]],
    next_due_at: datetime | None,
    total_due_at: datetime | None,
) -> bytes:
    """The bytes of a CaseChanged, equal to the model's dump but faster; a timer is (kind, round, due_at, at_risk_at),
    a change (action, timer, role).

    Nothing is checked: the values come from the domain, its times aware and in UTC.
    """
    return orjson.dumps(
        {
            "case_id": case_id,
            "version": version,
            "turn": turn,
            "changes": [{"action": action, "timer": timer, "by": by} for action, timer, by in changes],
            "state": state,
            "outcome": outcome,
            "risk": risk,
            "mode": mode,
            "responsible_unit": responsible_unit,
            "assigned_unit": assigned_unit,
            "responder": responder,
            "co_assigned_units": co_assigned_units,
            "left_units": left_units,
            "at": at,
            "timers": [
                {"kind": kind, "round": nth, "due_at": due_at, "at_risk_at": at_risk_at}
                for kind, nth, due_at, at_risk_at in timers
            ],
            "next_due_at": next_due_at,
            "total_due_at": total_due_at,
        },
        option=orjson.OPT_UTC_Z,
    )
