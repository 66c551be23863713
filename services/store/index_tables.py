"""The table of what the blind indexes are hashed by, which `tables` shows together with all others."""

from datetime import datetime

from sqlalchemy import Column, LargeBinary, SmallInteger
from sqlmodel import Field, SQLModel

from services.store.columns import Moment


class IndexPrintRow(SQLModel, table=True):
    """One row: what the keys that everything is hashed by make of a word of ours. It tells them apart and not what they are."""

    __tablename__ = "index_print"

    id: int = Field(default=1, sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    print: bytes = Field(sa_type=LargeBinary)
    laid_at: datetime = Field(sa_type=Moment)
