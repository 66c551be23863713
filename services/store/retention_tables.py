"""The table of legal holds, which `tables` shows together with all others."""

from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel

from services.store.columns import Moment, RowId


class LegalHoldRow(SQLModel, table=True):
    """Nothing of a case, or of anything, may be erased or deleted while this is not lifted. Never deleted itself."""

    __tablename__ = "legal_hold"
    __table_args__ = (Index("legal_hold_of_case", "case_id"),)

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    case_id: int | None = Field(default=None, sa_type=RowId)  # None: everything
    reference: str = Field(sa_type=Text)  # the number of the order; no person's name
    placed_at: datetime = Field(sa_type=Moment)
    placed_by: str = Field(sa_type=Text)
    lifted_at: datetime | None = Field(default=None, sa_type=Moment)
    lifted_by: str | None = Field(default=None, sa_type=Text)
