"""The figures of the work (domain.md §6): what is divided by what, and what it is called.

A denominator of zero gives None, never 0 or 100 %. `counted` says what one case adds; here are only its sums.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import numpy as np

from services.domain import names
from services.domain.counted import DONE_BY, JUDGED, KEPT, THE_HOUR, Count
from services.domain.names import Names
from services.domain.value import value


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`part` of `whole`, kept apart so that a small number shows."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None


@value
class Ratio:
    """One figure: the sum of some counts over the sum of others."""

    part: tuple[Count, ...]
    whole: tuple[Count, ...]
    names: Names

    def of(self, counts: Mapping[Count, int]) -> Share:
        return Share(part=_sum(counts, self.part), whole=_sum(counts, self.whole))


class Quantile(StrEnum):
    P50 = "p50"
    P90 = "p90"
    P99 = "p99"


C = Count
DAY_S: Final = 86_400
Whole = np.ndarray[Any, np.dtype[np.uint32]]
QUANTILES: Final[Mapping[Quantile, int]] = {Quantile.P50: 50, Quantile.P90: 90, Quantile.P99: 99}  # per cent
DISSUADED: Final = (C.DISSUADED_NO_LOSS, C.DISSUADED_PARTIAL_LOSS)
ONE_HOUR: Final = "one_hour_rate"

# A case that waits for its feedback is judged in ONE_HOUR once its hour is over: who sums up takes the younger ones out.
RATIOS: Final[Mapping[str, Ratio]] = {
    ONE_HOUR: Ratio(
        part=(C.WITHIN_HOUR,), whole=(C.FED_BACK, C.WAITING), names=("一小时闭环率", "closed loop within one hour")
    ),
    **{
        f"on_time_{kind.value.lower()}": Ratio(
            part=(KEPT[kind],),
            whole=(JUDGED[kind],),
            names=(f"{names.STAGES[kind][0]}按时率", f"on time: {names.STAGES[kind][1]}"),
        )
        for kind in DONE_BY
    },
    "meeting_rate": Ratio(part=(C.MET,), whole=(C.CONCLUDED,), names=("见面率", "met in person")),
    "awaken_rate": Ratio(part=(C.AWAKENED,), whole=(C.AWAKENED_TOLD,), names=("唤醒率", "awakened")),
    "dissuasion_success": Ratio(
        part=DISSUADED,
        whole=(*DISSUADED, C.REFUSED, C.NOT_REACHED, C.DEFRAUDED_AFTER_WARNING),
        names=("劝阻成功率", "dissuasion success"),
    ),
    "warn_to_dissuade": Ratio(part=DISSUADED, whole=(C.CASES,), names=("预警劝阻比", "dissuaded per warning")),
    "effective_stop_rate": Ratio(
        part=(C.STOPS_EFFECTIVE,), whole=(C.STOPS_SENT,), names=("有效止付率", "effective stop payments")
    ),
    "held_share": Ratio(
        part=(C.HELD_FEN,), whole=(C.REQUESTED_FEN,), names=("止付金额比", "held of what was requested, by money")
    ),
    "reject_rate": Ratio(
        part=(C.STOPS_REJECTED,), whole=(C.STOPS_ANSWERED,), names=("止付退回率", "stop payments rejected")
    ),
    "post_warning_loss_rate": Ratio(part=(C.LOST,), whole=(C.CASES,), names=("预警后被骗率", "lost after the warning")),
    "follow_up_on_time": Ratio(
        part=(C.FOLLOW_UPS_ON_TIME,), whole=(C.FOLLOW_UPS_JUDGED,), names=("回访按时率", "follow-ups on time")
    ),
    "strike_off_rate": Ratio(
        part=(C.FOLLOW_UPS_STRUCK,), whole=(C.FOLLOW_UPS_COME,), names=("销号率", "follow-ups struck off")
    ),
    "closing_rate": Ratio(part=(C.CLOSED,), whole=(C.CASES,), names=("办结率", "cases closed")),
    "return_rate": Ratio(part=(C.RETURNED,), whole=(C.REVIEWED,), names=("反馈退回率", "feedback returned")),
}
AMOUNTS: Final[Mapping[Count, Names]] = {
    C.REQUESTED_FEN: ("申请止付金额", "requested to be stopped"),
    C.HELD_FEN: ("止付金额", "held"),
    C.FROZEN_FEN: ("冻结金额", "frozen"),
    C.RELEASED_FEN: ("解除金额", "released"),
    C.EXPIRED_FEN: ("到期金额", "expired"),
    C.RECOVERED_FEN: ("追回金额", "recovered"),
    C.REFUNDED_FEN: ("返还金额", "refunded"),
    C.SAVED_FEN: ("挽回金额", "saved"),
    C.LOSS_BEFORE_FEN: ("预警前损失金额", "money lost before the warning"),
    C.LOSS_AFTER_FEN: ("预警后损失金额", "money lost after the warning"),
}
LOOP_NAMES: Final[Names] = ("闭环用时", "from the warning to the first feedback")
COVERAGE_NAMES: Final[Names] = ("值守覆盖率", "watch coverage")


def one_hour_rate(loops: Iterable[tuple[datetime, datetime | None]], now: datetime) -> Share:
    """Of the loops (issued_at, first feedback_at) that are done or an hour old: how many were done within the hour."""
    judged = [
        feedback_at is not None and feedback_at - issued_at <= THE_HOUR
        for issued_at, feedback_at in loops
        if feedback_at is not None or now - issued_at > THE_HOUR
    ]
    return Share(part=sum(judged), whole=len(judged))


def shares(counts: Mapping[Count, int], *, young: int, of: Iterable[str] = RATIOS) -> dict[str, Share]:
    """The figures that are shares, all of them or `of` some; `young` of the waiting cases are not an hour old yet."""
    found = {name: RATIOS[name].of(counts) for name in of}
    hour = found.get(ONE_HOUR)
    return found if hour is None else found | {ONE_HOUR: Share(part=hour.part, whole=hour.whole - young)}


def quantiles(seconds: Whole, many: Whole) -> dict[Quantile, int | None]:
    """The smallest second within which so many of the loops were done, where `many` of them took `seconds` each.

    By rank, so it is a time that a loop really took; a second may stand there several times, in any order.
    """
    if not len(seconds):
        return dict.fromkeys(QUANTILES)
    # Counted by second, which is thirty times as fast as to sort; the few that took a day or longer are sorted.
    done = np.cumsum(np.bincount(np.minimum(seconds, DAY_S), weights=many))
    return {name: _at(seconds, many, done, -(-int(done[-1]) * per_cent // 100)) for name, per_cent in QUANTILES.items()}


def _at(seconds: Whole, many: Whole, done: "np.ndarray[Any, Any]", rank: int) -> int:
    second = int(np.searchsorted(done, rank))
    if second < DAY_S:
        return second
    long = np.sort(np.repeat(seconds[seconds >= DAY_S], many[seconds >= DAY_S]))
    return int(long[rank - int(done[DAY_S - 1]) - 1])


def _sum(counts: Mapping[Count, int], wanted: Iterable[Count]) -> int:
    return sum(counts.get(count, 0) for count in wanted)
