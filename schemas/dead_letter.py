"""DeadLetter: a record that nobody could read. Says where it is and why; its bytes are sealed in the database."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.fields import At, Code, Count, Text, Wire

Offset = Annotated[int, Field(ge=0, le=2**63 - 1)]


class DeadLetter(Wire):
    """One record that was set aside, so that the partition could go on."""

    id: UUID = Field(title="编号", description="Number under which operators find, mend and replay it.")
    topic: Code = Field(title="主题", description="Topic of the record.")
    partition: Count = Field(title="分区", description="Partition of the record.")
    offset: Offset = Field(title="偏移", description="Offset of the record.")
    reason: Text = Field(title="原因", description="Field paths and error codes; nothing of the record's content.")
    error_class: Code = Field(title="错误类别", description="Kind of error, bounded: a class name.")
    size: Count = Field(title="字节数", description="Size of the record's value in bytes.")
    first_failed_at: At = Field(title="首次失败时间", description="When it was first refused.")
