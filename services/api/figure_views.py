"""Figures as they are shown: each beside what it was divided by, with its names, and where the cases behind it are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode

from pydantic import Field

from services.api.views import View
from services.domain.counted import Count
from services.domain.figures import AMOUNTS, COVERAGE_NAMES, LOOP_NAMES, RATIOS, Share
from services.domain.names import Names
from services.domain.words import Outcome, Risk
from services.handlers.figures import Figures
from services.store.figure_sums import By, Group

OUTCOMES = {outcome: Count(outcome.lower()) for outcome in Outcome}


class ShareView(View):
    """`value` is null where there is nothing to divide by; `small` where that is too little to judge by."""

    part: int
    whole: int
    value: float | None
    small: bool

    @classmethod
    def of(cls, share: Share, *, small_n: int) -> "ShareView":
        return cls(part=share.part, whole=share.whole, value=share.value, small=share.whole < small_n)


class LoopView(View):
    """From the warning to the first feedback, in whole seconds: half of them, nine in ten, 99 in 100 took no longer."""

    n: int
    small: bool
    p50_s: int | None
    p90_s: int | None
    p99_s: int | None


class LossView(View):
    """Cases in which money was lost after the warning, whenever that came to light, and how much."""

    cases: int
    amount_fen: int


class FiguresView(View):
    cases: int = Field(description="Issued in the period; ended early before any breach, and exercises, are left out.")
    shares: dict[str, ShareView]
    loop: LoopView
    post_warning_loss: LossView
    amounts: dict[str, int | None] = Field(description="In fen. Null: nothing that is recorded tells of it.")
    outcomes: dict[Outcome, int]

    @classmethod
    def of(cls, figures: Figures, *, small_n: int) -> "FiguresView":
        counts = figures.counts
        return cls(
            cases=counts[Count.CASES],
            shares={name: ShareView.of(share, small_n=small_n) for name, share in figures.shares.items()},
            loop=LoopView(
                n=figures.loops,
                small=figures.loops < small_n,
                **{f"{name.value}_s": second for name, second in figures.quantiles.items()},
            ),
            post_warning_loss=LossView(cases=counts[Count.LOST], amount_fen=counts[Count.LOSS_AFTER_FEN]),
            amounts={count.value: counts[count] for count in AMOUNTS},
            outcomes={outcome: counts[count] for outcome, count in OUTCOMES.items()},
        )


class GroupView(View):
    """One group; only what was grouped by is not null. A unit that is empty: no unit was responsible."""

    unit: str | None = None
    level: Risk | None = None
    starts_at: datetime | None = Field(default=None, description="When the day or the hour began.")
    figures: FiguresView

    @classmethod
    def of(cls, by: Sequence[By], group: Group, figures: Figures, *, small_n: int) -> "GroupView":
        named = {By.UNIT: "unit", By.LEVEL: "level", By.DAY: "starts_at", By.HOUR: "starts_at"}
        values = {named[one]: value for one, value in zip(by, group, strict=True)}
        return cls(**values, figures=FiguresView.of(figures, small_n=small_n))


class NamesView(View):
    zh: str
    en: str


class CasesBehind(View):
    """Where the cases are listed that a figure counts, those it is out of, and those that it lacks."""

    part: str
    whole: str
    missed: str


class FiguresOfPeriod(View):
    """Cases issued from `since` until just before `until`. Drills are in none of it."""

    since: datetime
    until: datetime
    zone: str = Field(description="Whose days they are; hours are those of UTC.")
    as_of: datetime | None = Field(
        description="Everything known by then is in it: what comes to light later changes the figures of its warning."
    )
    lag_s: float | None = Field(description="How long ago that was.")
    unit: str | None = Field(description="With all units below it.")
    level: tuple[Risk, ...]
    small_n: int = Field(description="Out of fewer than this, a figure is marked small.")
    total: FiguresView
    groups: tuple[GroupView, ...]
    cases: dict[str, CasesBehind] = Field(description="By figure of the total.")
    names: dict[str, NamesView]


class CoverageView(View):
    unit: str
    covered: ShareView = Field(description="Seconds in which enough people were on duty, out of all.")


class CoverageOfPeriod(View):
    """By unit that must be watched. What has not passed yet is left out."""

    since: datetime
    until: datetime
    total: ShareView
    items: tuple[CoverageView, ...]
    names: NamesView


def names_of(names: Names) -> NamesView:
    zh, en = names
    return NamesView(zh=zh, en=en)


ALL_NAMES: Mapping[str, NamesView] = {
    **{name: names_of(ratio.names) for name, ratio in RATIOS.items()},
    **{count.value: names_of(names) for count, names in AMOUNTS.items()},
    "loop": names_of(LOOP_NAMES),
    "watch_coverage": names_of(COVERAGE_NAMES),
}


def behind(asked: Sequence[tuple[str, str]]) -> dict[str, CasesBehind]:
    """The links for a question's own parameters."""

    def link(counts: Sequence[Count], less: Sequence[Count] = ()) -> str:
        named = [("count", count.value) for count in counts] + [("less", count.value) for count in less]
        judged = [("young", "false")] if Count.WAITING in counts else []
        return f"/figures/cases?{urlencode([*asked, *named, *judged])}"

    return {
        name: CasesBehind(part=link(ratio.part), whole=link(ratio.whole), missed=link(ratio.whole, ratio.part))
        for name, ratio in RATIOS.items()
    }
