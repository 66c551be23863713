"""The kinds of field that messages are made of, and the base of every message. Holds no message itself."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

_NO_NUL: Final = r"^[^\x00]*$"  # PostgreSQL text cannot hold NUL
_FIELD_NAMES: Final[set[str]] = set()
_MAX_REASON_CHARS: Final = 300
EARLIEST_YEAR: Final = 1970


def _to_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:  # the first or last hours of the calendar
        raise PydanticCustomError("datetime_range", "not a time in UTC's calendar") from None


def _was_set(at: datetime) -> datetime:
    """A clock or a field that was never set says the year 1, which not every database gives back."""
    if at.year < EARLIEST_YEAR:
        raise PydanticCustomError("datetime_before_1970", "before 1970: a time that was never set")
    return at


Risk = Literal["URGENT", "HIGH", "MEDIUM", "LOW"]
Mode = Literal["actual", "exercise"]
Datum = Literal["WGS84", "GCJ02", "BD09"]

At = Annotated[AwareDatetime, AfterValidator(_to_utc)]
ClockedAt = Annotated[At, AfterValidator(_was_set)]  # one that limits are drawn from
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_NO_NUL)]
OptionalCode = Annotated[str, StringConstraints(max_length=64, pattern=_NO_NUL)]  # empty means the same as absent
Number = Annotated[str, StringConstraints(max_length=32, pattern=_NO_NUL)]  # a phone or an ID number, as written
ShortText = Annotated[str, StringConstraints(max_length=100, pattern=_NO_NUL)]
Text = Annotated[str, StringConstraints(max_length=500, pattern=_NO_NUL)]
LongText = Annotated[str, StringConstraints(max_length=20_000, pattern=_NO_NUL)]
RegionCode = Annotated[str, StringConstraints(pattern=r"^([0-9]{2,12})?$")]  # empty means the same as absent
Fen = Annotated[int, Field(strict=True, ge=0, le=10**15)]  # 10 trillion yuan, and exact in every JSON reader
Count = Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)]
Metres = Annotated[float, Field(allow_inf_nan=False)]
Degrees = Annotated[float, Field(allow_inf_nan=False)]


class Wire(BaseModel):
    """A message, or a part of one. Unknown fields are ignored, so that a newer writer is still understood."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, hide_input_in_errors=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        _FIELD_NAMES.update(cls.model_fields)


class Point(Wire):
    """A position. Any finite number is taken: a warning whose point lies out of the world is still a warning."""

    lat: Degrees = Field(title="纬度", description="Latitude in degrees, north positive.")
    lon: Degrees = Field(title="经度", description="Longitude in degrees, east positive.")
    datum: Datum | None = Field(default=None, title="坐标系", description="Datum; absent: the source's default.")
    accuracy_m: Metres | None = Field(
        default=None, title="精度", description="Radius of the error in metres; a negative one means unknown."
    )


def reasons(error: ValidationError) -> str:
    """Where and what is wrong, as `places.current.point.lat: float_type; risk: literal_error`.

    Built from our own field names and error codes alone, at most 300 characters; nothing of the input is in it.
    """
    parts = [
        f"{_path(fault['loc'])}: {fault['type']}"
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    text = "; ".join(parts)
    return text if len(text) <= _MAX_REASON_CHARS else text[: _MAX_REASON_CHARS - 1] + "…"


def is_field(name: str) -> bool:
    """Whether a message of ours has a field of this name."""
    return name in _FIELD_NAMES


def _path(loc: tuple[int | str, ...]) -> str:
    """A step that is no field of ours could be a key the sender chose, so it is shown as `?`."""
    steps = (str(step) if isinstance(step, int) or is_field(step) else "?" for step in loc)
    return ".".join(steps) or "body"
