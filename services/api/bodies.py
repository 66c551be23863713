"""What may be sent in: strict bodies that refuse unknown fields and never show a value again. Decides nothing."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from schemas.fields import At, Code, Fen, ShortText, is_field
from services.domain.corrections import Stamp
from services.domain.states import TimerKind
from services.domain.words import AttemptResult, ContactMode, Outcome, Risk

_FIELD_NAMES: Final[set[str]] = set()
_NUMBER: Final = re.compile(r"\s*[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?\s*")

MOST_ROW: Final = 2**53 - 1  # the number of a row: exact in every JSON reader

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"\S")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000, pattern=r"\S")]
Note = Annotated[str, StringConstraints(max_length=2000)]
Channel = Annotated[str, StringConstraints(pattern="^(call|sms|visit|family)$")]


def _in_words(at: object) -> object:
    """A number could be seconds or milliseconds or a year."""
    if isinstance(at, int | float) or (isinstance(at, str) and _NUMBER.fullmatch(at)):
        raise PydanticCustomError("datetime_type", "not a time in words")
    return at


Time = Annotated[At, BeforeValidator(_in_words)]


class Strict(BaseModel):
    """Anything that is sent in: unknown fields are refused, and a fault is told by our own names."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        _FIELD_NAMES.update(cls.model_fields)


class Body(Strict):
    """The body of a command. Free text is sealed with the case; everything else is a code, a number or a time."""

    occurred_at: Time | None = Field(default=None, description="When it was done, by the device's clock.")


class Plain(Body):
    """Nothing but the time."""


class Reasoned(Body):
    reason: Reason = Field(description="Why, in words; sealed.")


class Assigning(Reasoned):
    unit: Code = Field(description="Code of the unit.")
    responder: Code = Field(description="Code of a responder who is on duty there.")


class CoAssigning(Reasoned):
    unit: Code = Field(description="Code of the unit that joins.")
    responder: Code | None = Field(default=None, description="Code of its responder on duty who works on the case.")


class Transferring(Reasoned):
    to: ShortText = Field(min_length=1, description="The centre of the other county, by its name; no person's.")


class Receipting(Body):
    number: Code | None = Field(default=None, description="The other county's own number of the case.")
    note: Note | None = Field(default=None, description="Who took it there, in words; sealed.")


class Rating(Reasoned):
    risk: Risk = Field(description="The risk from now on.")


class Escalating(Reasoned):
    level: int = Field(strict=True, ge=1, le=100, description="Which level of the limit's escalation; 1 is the lowest.")
    timer: TimerKind | None = Field(default=None, description="Which limit; by default that of the stage.")


class Correcting(Reasoned):
    stamp: Stamp = Field(description="Which time was wrong.")
    at: Time = Field(description="When it really was.")


class Attempting(Body):
    result: AttemptResult = Field(description="What came of it.")
    channel: Channel = Field(description="call, sms, visit or family.")
    note: Note | None = Field(default=None, description="In words; sealed.")


class Contacting(Body):
    mode: ContactMode = Field(description="How the person or the family was reached.")


class Concluding(Body):
    outcome: Outcome = Field(description="How it ended.")
    loss_before_fen: Fen | None = Field(default=None, description="Lost before the warning, in fen.")
    loss_after_fen: Fen | None = Field(default=None, description="Lost after the warning, in fen.")
    amount_saved_fen: Fen | None = Field(default=None, description="Saved, in fen.")
    awakened: StrictBool | None = Field(default=None, description="Whether the person now sees the fraud.")
    app_installed: StrictBool | None = Field(default=None, description="Whether the protection app was installed.")
    note: Note | None = Field(default=None, description="In words; sealed.")


class Reporting(Body):
    text: Words = Field(description="The feedback; sealed.")


class Closing(Body):
    note: Note | None = Field(default=None, description="In words; sealed.")


class Returning(Reasoned):
    text_only: bool = Field(strict=True, default=False, description="Only the words are to be mended; no new hour.")


class Stopping(Body):
    """Where the money goes; sealed as a whole."""

    payee_name: ShortText = Field(min_length=1, description="Name of the payee.")
    account: Code = Field(description="Account that the money goes to.")
    bank: ShortText = Field(min_length=1, description="Bank of that account.")
    amount_fen: Fen = Field(ge=1, description="Amount in fen.")
    transferred_at: Time = Field(description="When the money was sent.")
    by_hand: bool = Field(
        strict=True, default=False, description="Somebody takes it to the bank; nothing is sent by us."
    )
    bank_number: Code | None = Field(default=None, description="By hand, and sent already: the bank's number for it.")


class Sending(Body):
    """An order was taken to the bank by hand."""

    bank_number: Code | None = Field(default=None, description="The bank's number for it.")


class MoneyBack(Body):
    """Money of an order came back to whom it was taken from."""

    kind: Literal["REFUNDED", "RECOVERED"] = Field(
        description="REFUNDED: of what was frozen; RECOVERED: in another way, of what is neither frozen nor held."
    )
    amount_fen: Fen = Field(ge=1, description="Amount in fen.")
    document: Code | None = Field(default=None, description="Number of the decision or the receipt.")


class StopAnswer(Body):
    """What the bank says. HELD needs held_fen and held_until, REJECTED a reason."""

    result: Literal["HELD", "REJECTED", "EXTENDED", "FROZEN", "RELEASED"] = Field(description="What the bank did.")
    held_fen: Fen | None = Field(default=None, description="Amount held, in fen.")
    amount_fen: Fen | None = Field(default=None, description="Amount frozen or released, in fen; by default all.")
    bank_number: Code | None = Field(default=None, description="The bank's number for it.")
    held_until: Time | None = Field(default=None, description="End of the hold.")
    reason: Literal["mismatch", "empty", "other"] | None = Field(default=None, description="Why it was sent back.")

    @model_validator(mode="after")
    def _whole(self) -> "StopAnswer":
        held = self.held_fen is not None and self.held_until is not None
        rejected = self.reason is not None
        if not {"HELD": held, "REJECTED": rejected}.get(self.result, True):
            raise PydanticCustomError("answer_incomplete", "HELD needs held_fen and held_until, REJECTED a reason")
        return self


def steps_of(location: Sequence[int | str]) -> list[str]:
    """A fault's place in our own names: a step that the sender chose is shown as `?`."""
    where, *steps = location
    if where != "body":
        return [str(step) for step in location]  # parameters are named by us
    return [str(step) if isinstance(step, int) or step in _FIELD_NAMES or is_field(step) else "?" for step in steps]
