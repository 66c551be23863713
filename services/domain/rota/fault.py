"""What is wrong with a rota, as clear lines in both languages. Dispatch goes on whatever they say."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.domain.located import Language
from services.domain.rota.gaps import between_shifts, demands, gaps
from services.domain.rota.rota import Rota
from services.domain.rota.spans import Span, steps


class Flaw(StrEnum):
    HOLE = "HOLE"  # nobody is on duty
    SHORT = "SHORT"  # fewer than the shift needs
    OVERLAP = "OVERLAP"  # one person in two shifts at once
    UNKNOWN_RESPONDER = "UNKNOWN_RESPONDER"  # not, or no longer, of this unit
    ENDS_BEFORE_START = "ENDS_BEFORE_START"


TEXTS: dict[Flaw, tuple[str, str]] = {
    Flaw.HOLE: ("{unit} {span} 无人当班", "{unit}: nobody is on duty {span}"),
    Flaw.SHORT: ("{unit} {span} 当班人数不足", "{unit}: fewer than needed are on duty {span}"),
    Flaw.OVERLAP: ("{unit} {who} 在 {span} 同时排了两个班", "{unit}: {who} has two shifts at once {span}"),
    Flaw.UNKNOWN_RESPONDER: ("{unit} 的排班中有不属于该单位的人员 {who}", "{unit}: {who} is not of this unit"),
    Flaw.ENDS_BEFORE_START: ("{unit} {who} 的时段结束早于开始", "{unit}: a span of {who} ends before it starts"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RotaFault:
    """What is wrong with a rota; nothing stops for it."""

    flaw: Flaw
    unit: str
    responder: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def told(self, language: Language, rota: Rota) -> str:
        """One line, in the rota's own time."""
        span = ""
        if self.starts_at is not None and self.ends_at is not None:
            span = "–".join(f"{at.astimezone(rota.zone):%m-%d %H:%M}" for at in (self.starts_at, self.ends_at))
        frame = TEXTS[self.flaw][0 if language == "zh" else 1]
        return frame.format(unit=self.unit, who=self.responder or "", span=span)


def faults(rota: Rota, known: Iterable[str], starts_at: datetime, ends_at: datetime) -> list[RotaFault]:
    """Every fault of the window; `known` are the responders of the unit."""
    people = {one for rotation in rota.rotations for group in rotation.groups for one in group.members}
    people |= {entry.responder for entry in rota.entries} | {
        who for swap in rota.swaps for who in (swap.asker, swap.other)
    }
    strangers = sorted(people - set(known))
    found = [RotaFault(flaw=Flaw.UNKNOWN_RESPONDER, unit=rota.unit, responder=who) for who in strangers]
    found += [
        RotaFault(flaw=Flaw.ENDS_BEFORE_START, unit=rota.unit, responder=entry.responder)
        for entry in rota.entries
        if entry.ends_at <= entry.starts_at
    ]
    return found + _over_time(rota, set(strangers), starts_at, ends_at)


def _over_time(rota: Rota, strangers: set[str], starts_at: datetime, ends_at: datetime) -> list[RotaFault]:
    spans: list[Span] = []
    doubled: dict[str, list[tuple[datetime, datetime]]] = {}
    for begins, ends, now in steps(rota, starts_at, ends_at):
        for responder, post in now.posts.items():
            if responder not in strangers:
                spans.append(Span(responder=responder, shift=post.shift, starts_at=begins, ends_at=ends, via=post.via))
        for responder in now.doubled:
            times = doubled.setdefault(responder, [])
            if times and times[-1][1] == begins:
                times[-1] = times[-1][0], ends
            else:
                times.append((begins, ends))
    found = [
        RotaFault(flaw=Flaw.OVERLAP, unit=rota.unit, responder=who, starts_at=begins, ends_at=ends)
        for who, times in sorted(doubled.items())
        for begins, ends in times
    ]
    rest = between_shifts(rota, starts_at)
    for gap in gaps(rota.unit, spans, demands(rota, starts_at, ends_at), starts_at, ends_at, rest=rest):
        flaw = Flaw.SHORT if gap.present else Flaw.HOLE
        found.append(RotaFault(flaw=flaw, unit=rota.unit, starts_at=gap.starts_at, ends_at=gap.ends_at))
    return found
