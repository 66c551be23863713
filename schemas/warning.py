"""WarningIssued: a source says that a resident is being defrauded now. Does not judge the place or the type.

The source itself is in the envelope alone: a second copy in the body could only disagree with it.
"""

from typing import Annotated, Final

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from schemas.fields import (
    At,
    ClockedAt,
    Code,
    Fen,
    LongText,
    Mode,
    Number,
    OptionalCode,
    Point,
    RegionCode,
    Risk,
    ShortText,
    Text,
    Wire,
)

Age = Annotated[int, Field(ge=0, le=200)]

# what Subject's validator demands, in words of JSON Schema
_SOMEONE: Final[JsonDict] = {
    "anyOf": [
        {"required": [name], "properties": {name: {"type": "string", "minLength": 1}}}
        for name in ("name", "phone", "id_number")
    ]
}


class Guardian(Wire):
    """Who answers for a subject who is a minor or in care."""

    name: ShortText | None = Field(default=None, title="监护人姓名", description="Name of the guardian.")
    phone: Number | None = Field(default=None, title="监护人电话", description="Phone of the guardian.")


class FamilyContact(Wire):
    """A relative who may be asked to help reach the subject."""

    name: ShortText | None = Field(default=None, title="家属姓名", description="Name of the relative.")
    phone: Number | None = Field(default=None, title="家属电话", description="Phone of the relative.")
    relation: ShortText | None = Field(default=None, title="关系", description="Relation to the subject, as text.")


class Subject(Wire):
    """Who is being defrauded. At least one of name, phone and ID number is there, else nobody could be looked for."""

    model_config = ConfigDict(json_schema_extra=_SOMEONE)

    name: ShortText | None = Field(default=None, title="姓名", description="Name of the subject.")
    phone: Number | None = Field(default=None, title="电话", description="Phone of the subject.")
    id_number: Number | None = Field(default=None, title="证件号码", description="ID number, as the source writes it.")
    age: Age | None = Field(default=None, title="年龄", description="Age in years.")
    occupation: ShortText | None = Field(default=None, title="职业", description="Occupation, as text.")
    guardian: Guardian | None = Field(default=None, title="监护人", description="Guardian, where there is one.")
    family: tuple[FamilyContact, ...] = Field(
        default=(), max_length=8, title="家属", description="Relatives who may help to reach the subject."
    )

    @model_validator(mode="after")
    def _someone(self) -> "Subject":
        if not (self.name or self.phone or self.id_number):
            raise PydanticCustomError("subject_unidentified", "one of name, phone and id_number is needed")
        return self


class Place(Wire):
    """A place as address, region code or point; each may be missing."""

    address: Text | None = Field(default=None, title="地址", description="Address as text.")
    region_code: RegionCode | None = Field(
        default=None, title="行政区划代码", description="Region code, 2 to 12 digits: any prefix of the 12-digit one."
    )
    point: Point | None = Field(default=None, title="坐标", description="Position of the place.")


class LastSeen(Place):
    """Where the subject's phone or the subject was last seen."""

    at: At | None = Field(default=None, title="定位时间", description="Time of the fix; without one it is not used.")


class Places(Wire):
    """Where the subject may be found."""

    registered: Place | None = Field(default=None, title="户籍地", description="Registered address.")
    current: Place | None = Field(default=None, title="现住址", description="Current address.")
    last_seen: LastSeen | None = Field(default=None, title="最后出现地", description="Where last seen, and when.")


class Scam(Wire):
    """What is known of the fraud itself."""

    channel: OptionalCode | None = Field(
        default=None, title="诈骗渠道", description="How they talk: PHONE, SMS, APP, WEB …"
    )
    suspect_account: OptionalCode | None = Field(
        default=None, title="涉案账号", description="Account the money would go to."
    )
    suspect_account_bank: ShortText | None = Field(
        default=None, title="涉案账号开户行", description="Bank of that account."
    )
    suspect_phone: Number | None = Field(default=None, title="涉案电话", description="Phone the fraudster uses.")
    suspect_app: Text | None = Field(default=None, title="涉案应用", description="Application or site in use.")
    amount_at_risk_fen: Fen | None = Field(default=None, title="涉险金额", description="Money at risk, in fen.")
    transfer_under_way: bool = Field(
        default=False, title="正在转账", description="Money is moving now: the stop request's clock starts."
    )


class Needs(Wire):
    """What the responder must bring along."""

    language: OptionalCode | None = Field(
        default=None, title="语言", description="Language of the subject, a BCP 47 tag."
    )
    skill: OptionalCode | None = Field(default=None, title="技能", description="Skill the responder needs, as a code.")


class WarningIssued(Wire):
    """An anti-fraud centre, a bank or a partner warns that a resident is being defrauded now."""

    instruction_number: Code = Field(title="指令编号", description="The source's own number; unique within the source.")
    issued_at: ClockedAt = Field(title="下发时间", description="When the source issued it: the hour starts here.")
    risk: Risk = Field(title="预警级别", description="Risk level.")
    fraud_type: OptionalCode = Field(
        default="UNKNOWN", title="诈骗类型", description="Code of the fraud type; an unknown or empty one never blocks."
    )
    fraud_type_secondary: OptionalCode | None = Field(
        default=None, title="次要类型", description="A second fraud type."
    )
    mode: Mode = Field(default="actual", title="模式", description="actual, or exercise for a drill 演练.")
    subject: Subject = Field(title="预警对象", description="Who is being defrauded.")
    places: Places = Field(default=Places(), title="地点", description="Where the subject may be found.")
    scam: Scam = Field(default=Scam(), title="诈骗情况", description="What is known of the fraud.")
    narrative: LongText = Field(default="", title="警情描述", description="What happened, as text.")
    requests: tuple[OptionalCode, ...] = Field(
        default=(), max_length=16, title="处置要求", description="What the source asks for: CALL, VISIT, STOP_PAYMENT …"
    )
    needs: Needs = Field(default=Needs(), title="特殊需要", description="Language or skill the subject needs.")
