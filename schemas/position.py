"""ResponderPosition: where a responder is now. A point out of the world is taken here and dropped by who uses it."""

from typing import Annotated

from pydantic import Field

from schemas.fields import At, Code, Point, Wire


class ResponderPosition(Wire):
    """One position fix of one responder."""

    responder: Code = Field(title="民警代码", description="Code of the responder.")
    point: Point = Field(title="坐标", description="The position.")
    at: At = Field(title="定位时间", description="Time of the fix.")
    battery: Annotated[int, Field(ge=0, le=100)] | None = Field(
        default=None, title="电量", description="Charge of the device, in percent."
    )
