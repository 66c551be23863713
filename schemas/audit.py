"""AuditSealed: a signed checkpoint of the audit chain, for whoever keeps it where the database's keepers can't reach."""

from typing import Annotated

from pydantic import Field

from schemas.fields import At, Wire

Hex32 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Hex64 = Annotated[str, Field(pattern="^[0-9a-f]{128}$")]


class AuditSealed(Wire):
    """Up to this seal the audit stood so at that time. Holds nothing of what was sealed."""

    number: Annotated[int, Field(ge=1, le=2**63 - 1)] = Field(title="封存序号", description="Number of the seal.")
    hash: Hex32 = Field(title="封存哈希", description="SHA-256 of the seal, which holds that of the one before.")
    at: At = Field(title="签署时间", description="When it was signed.")
    signature: Hex64 = Field(title="签名", description="Ed25519 over number, hash and time.")
