"""Figures of the work. A denominator of zero gives None, never 0 or 100 %."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

THE_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`part` of `whole`, kept apart so that a small number shows."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None


def one_hour_rate(loops: Iterable[tuple[datetime, datetime | None]], now: datetime) -> Share:
    """Of the loops (issued_at, first feedback_at) that are done or an hour old: how many were done within the hour."""
    judged = [
        feedback_at is not None and feedback_at - issued_at <= THE_HOUR
        for issued_at, feedback_at in loops
        if feedback_at is not None or now - issued_at > THE_HOUR
    ]
    return Share(part=sum(judged), whole=len(judged))
