"""WarningWithdrawn: a source takes a warning of its own back. It says which one and when, and names nobody.

The source is in the envelope alone, so that nobody can withdraw what another has issued.
"""

from pydantic import Field

from schemas.fields import ClockedAt, Code, Text, Wire


class WarningWithdrawn(Wire):
    """The source no longer stands by a warning that it issued, on the topic where it issued it."""

    instruction_number: Code = Field(title="指令编号", description="The source's own number of the warning.")
    withdrawn_at: ClockedAt = Field(
        title="撤回时间", description="When it was withdrawn; a warning issued later under the number stands."
    )
    reason: Text | None = Field(default=None, title="撤回原因", description="Why, as text.")
