"""The tables of the kept counts, which `tables` shows together with all others. Their columns are the counts' names.

All of it can be made anew from the cases and their events; nothing here is the truth of anything.
"""

from enum import StrEnum

from sqlalchemy import Column, Index, LargeBinary, PrimaryKeyConstraint, Table, Text, text
from sqlmodel import SQLModel

from services.domain.counted import Count
from services.domain.words import Risk
from services.store.columns import Moment, RowId, Word


class Span(StrEnum):
    HOUR = "HOUR"  # of UTC
    DAY = "DAY"  # of the installation's own time


# How far the events are counted: one row. Whoever counts holds it locked, so that only one does.
figure_position = Table(
    "figure_position",
    SQLModel.metadata,
    Column("id", RowId, primary_key=True, autoincrement=False),
    Column("event_id", RowId, nullable=False),
    Column("as_of", Moment),  # everything that was committed by then is counted; None: nothing is yet
    Column("zone", Text, nullable=False),  # whose days the days are
)

# What each case adds now: a changed case is taken out as it stands here and put in as it is.
figure_case = Table(
    "figure_case",
    SQLModel.metadata,
    Column("case_id", RowId, primary_key=True, autoincrement=False),
    Column("unit", Text, nullable=False),  # empty: no unit is responsible
    Column("level", Word(Risk), nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("hour_at", Moment, nullable=False),
    Column("day_at", Moment, nullable=False),
    Column("loop_s", RowId),
    *(Column(count.value, RowId) for count in Count),
    Index("figure_case_by_issue", "issued_at"),
)

# The sums of the above. `loops` holds pairs of unsigned 32-bit numbers, the second and how many, by second.
figure_count = Table(
    "figure_count",
    SQLModel.metadata,
    Column("span", Word(Span), nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("unit", Text, nullable=False),
    Column("level", Word(Risk), nullable=False),
    Column("loops", LargeBinary, nullable=False),
    *(Column(count.value, RowId, nullable=False, server_default=text("0")) for count in Count),
    PrimaryKeyConstraint("span", "starts_at", "unit", "level"),
)
