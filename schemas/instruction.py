"""InstructionIssued: a case was assigned. Carries masked text only; the rest comes by the API."""

from datetime import datetime
from uuid import UUID

import orjson
from pydantic import Field

from schemas.fields import At, Code, Count, Metres, Mode, Risk, ShortText, Text, Wire


class Due(Wire):
    """Until when the holder must have moved."""

    acknowledge_by: At = Field(title="签收时限", description="Acknowledge before this moment.")
    total_by: At = Field(title="总时限", description="The first feedback is due at this moment.")
    stop_request_by: At | None = Field(
        default=None, title="止付申请时限", description="Money is moving: the bank must be asked before this moment."
    )
    visit_by: At | None = Field(
        default=None, title="出发上门时限", description="A visit is wanted: somebody must set out before this moment."
    )
    second_acknowledge_by: At | None = Field(
        default=None,
        title="双人签收时限",
        description="A large amount: another person must acknowledge, too, before this moment.",
    )


class SubjectMasked(Wire):
    """Enough to tell two cases apart, never enough to call."""

    name: ShortText | None = Field(default=None, title="姓名(脱敏)", description="Masked name.")
    phone: ShortText | None = Field(default=None, title="电话(脱敏)", description="Masked phone.")


class Reason(Wire):
    """Why this unit and this responder."""

    rule: Code = Field(title="规则", description="Code of the rule that decided.")
    distance_m: Metres | None = Field(default=None, title="距离", description="Distance in metres, where one decided.")
    text: Text = Field(default="", title="说明", description="The reason in words, without personal data.")


class InstructionIssued(Wire):
    """Who must acknowledge which case, why, and until when."""

    case_id: UUID = Field(title="案件编号", description="The case; the same for every repeat of its warning.")
    version: Count = Field(title="版本", description="Rises with every message about the case: ignore a lower one.")
    turn: Count = Field(title="轮次", description="Rises when state, assignment or risk change; commands name it.")
    source: Text = Field(title="来源", description="Source of the warning.")
    instruction_number: Code = Field(title="指令编号", description="The source's own number.")
    risk: Risk = Field(title="预警级别", description="Risk level.")
    mode: Mode = Field(title="模式", description="actual, or exercise for a drill 演练.")
    fraud_type: Code = Field(title="诈骗类型", description="Code of the fraud type.")
    responsible_unit: Code | None = Field(
        default=None, title="责任单位", description="Unit by jurisdiction; absent where the centre must decide."
    )
    assigned_unit: Code | None = Field(default=None, title="承办单位", description="Unit that holds the case now.")
    responder: Code | None = Field(default=None, title="承办人", description="Code of the responder, if one is named.")
    round: Count = Field(title="分派次数", description="1 for the first assignment of the case, then rising.")
    issued_at: At = Field(title="下发时间", description="When the source issued the warning.")
    assigned_at: At = Field(title="分派时间", description="When the case was assigned.")
    due: Due = Field(title="时限", description="Due times.")
    subject_masked: SubjectMasked = Field(title="预警对象(脱敏)", description="Masked subject.")
    place_masked: Text = Field(default="", title="地点(脱敏)", description="Masked place.")
    reason: Reason = Field(title="分派依据", description="Why this unit and this responder.")


def encode_instruction(
    *,
    case_id: UUID,
    version: int,
    turn: int,
    source: str,
    instruction_number: str,
    risk: str,
    mode: str,
    fraud_type: str,
    responsible_unit: str | None,
    assigned_unit: str | None,
    responder: str | None,
    round: int,  # noqa: A002 - the message's own word
    issued_at: datetime,
    assigned_at: datetime,
    acknowledge_by: datetime,
    total_by: datetime,
    stop_request_by: datetime | None,
    visit_by: datetime | None,
    second_acknowledge_by: datetime | None,
    name_masked: str | None,
    phone_masked: str | None,
    place_masked: str,
    rule: str,
    distance_m: float | None,
    reason: str,
) -> bytes:
    """The bytes of an InstructionIssued, six times as fast as building the model and dumping it, and equal to its dump.

    Nothing is checked: the values come from the domain, its times aware and in UTC.
    """
    return orjson.dumps(
        {
            "case_id": case_id,
            "version": version,
            "turn": turn,
            "source": source,
            "instruction_number": instruction_number,
            "risk": risk,
            "mode": mode,
            "fraud_type": fraud_type,
            "responsible_unit": responsible_unit,
            "assigned_unit": assigned_unit,
            "responder": responder,
            "round": round,
            "issued_at": issued_at,
            "assigned_at": assigned_at,
            "due": {
                "acknowledge_by": acknowledge_by,
                "total_by": total_by,
                "stop_request_by": stop_request_by,
                "visit_by": visit_by,
                "second_acknowledge_by": second_acknowledge_by,
            },
            "subject_masked": {"name": name_masked, "phone": phone_masked},
            "place_masked": place_masked,
            "reason": {"rule": rule, "distance_m": distance_m, "text": reason},
        },
        option=orjson.OPT_UTC_Z,
    )
