"""StopPaymentRequested and StopPaymentResolved: the suspect's account, asked and answered. We never execute a stop."""

from typing import Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.fields import At, ClockedAt, Code, Fen, ShortText, Wire


class StopPaymentRequested(Wire):
    """A unit asks for the stop of a payment; the police platform or a bank adapter carries it out.

    The one topic beside the warnings that holds personal data: a stop needs the account in full.
    """

    order_id: UUID = Field(title="止付单号", description="The order; the answer names it.")
    case_id: UUID = Field(title="案件编号", description="The case.")
    payee_name: ShortText = Field(min_length=1, title="收款人", description="Name of the payee (suspect's account).")
    account: Code = Field(title="收款账号", description="Account to stop.")
    bank: ShortText = Field(min_length=1, title="开户行", description="Bank or payment institution of the account.")
    amount_fen: Fen = Field(title="金额", description="Amount transferred, in fen.")
    transferred_at: At = Field(title="转账时间", description="When the money was transferred.")
    requested_at: At = Field(title="申请时间", description="When the stop was asked for.")
    requested_by_unit: Code = Field(title="申请单位", description="Unit that asked.")


class StopPaymentResolved(Wire):
    """What the bank says: first HELD or REJECTED, later EXTENDED, FROZEN or RELEASED; a part may be held or ended.

    HELD needs an amount and an end, REJECTED a reason. Of the others, none needs an amount: without one they concern
    all that is held.
    """

    order_id: UUID = Field(title="止付单号", description="The order this answers.")
    case_id: UUID = Field(title="案件编号", description="The case.")
    result: Literal["HELD", "REJECTED", "EXTENDED", "FROZEN", "RELEASED"] = Field(
        title="结果", description="HELD 已止付, REJECTED 被退回, EXTENDED 已续止, FROZEN 已冻结 or RELEASED 已解除."
    )
    held_fen: Fen | None = Field(default=None, title="止付金额", description="Amount held, in fen; with HELD.")
    amount_fen: Fen | None = Field(
        default=None, title="涉及金额", description="Amount frozen or released, in fen; absent: all that is held."
    )
    held_until: ClockedAt | None = Field(
        default=None, title="止付截止", description="End of the hold; with HELD, and with EXTENDED where it is known."
    )
    reason: Literal["mismatch", "empty", "other"] | None = Field(
        default=None, title="退回原因", description="Why it was rejected; with REJECTED."
    )
    bank_number: Code | None = Field(default=None, title="银行受理号", description="The bank's own number for it.")
    resolved_at: ClockedAt = Field(title="回执时间", description="When the bank decided.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.result == "HELD" and (self.held_fen is None or self.held_until is None):
            raise PydanticCustomError("held_incomplete", "HELD needs held_fen and held_until")
        if self.result == "REJECTED" and self.reason is None:
            raise PydanticCustomError("rejected_incomplete", "REJECTED needs a reason")
        return self
