"""A rota over time: duty as spans, cut where anything may change; the rule itself is in `rota`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from services.domain.rota.rota import Begun, Post, Rota, Standing, Via, begun, reach_of, standing
from services.domain.value import replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """`responder` is on duty from `starts_at` until just before `ends_at`."""

    responder: str
    shift: str
    starts_at: datetime
    ends_at: datetime
    via: Via


def shifts(rota: Rota, starts_at: datetime, ends_at: datetime) -> list[Span]:
    """The duty of the window as spans, cut to it, by start and responder. Two shifts in a row stay two spans."""
    return spans_of(steps(rota, starts_at, ends_at))


def steps(rota: Rota, starts_at: datetime, ends_at: datetime) -> Iterator[tuple[datetime, datetime, Standing]]:
    """The window cut where anything may change; between two cuts nothing does."""
    first = starts_at.astimezone(rota.zone).date() - timedelta(days=reach_of(rota) + 1)
    last = ends_at.astimezone(rota.zone).date() + timedelta(days=1)
    coming = sorted(begun(rota, first, last), key=lambda start: start.starts_at, reverse=True)
    about: list[Begun] = []
    for begins, ends in pairwise(_cuts(rota, coming, starts_at, ends_at)):
        while coming and coming[-1].starts_at <= begins:
            about.append(coming.pop())
        about = [start for start in about if start.ends_at > begins]
        yield begins, ends, standing(rota, begins, about)


def _cuts(rota: Rota, shifts_about: Iterable[Begun], starts_at: datetime, ends_at: datetime) -> list[datetime]:
    """Every instant of the window at which anything may change, with its own ends, ascending."""
    found = {starts_at, ends_at}
    for start in shifts_about:
        found |= {start.starts_at, start.ends_at}
    for entry in rota.entries:
        found |= {entry.starts_at, entry.ends_at}
    for swap in rota.swaps:
        found |= {*swap.gives, *(swap.takes or ())}
    return sorted(at for at in found if starts_at <= at <= ends_at)


def spans_of(cut: Iterable[tuple[datetime, datetime, Standing]]) -> list[Span]:
    """Steps joined again where somebody stays on the same post."""
    done: list[Span] = []
    running: dict[str, tuple[Post, Span]] = {}
    for begins, ends, now in cut:
        still: dict[str, tuple[Post, Span]] = {}
        for responder, post in now.posts.items():
            held = running.pop(responder, None)
            if held is not None and held[0] == post and held[1].ends_at == begins:
                still[responder] = post, replace(held[1], ends_at=ends)
                continue
            if held is not None:
                done.append(held[1])
            span = Span(responder=responder, shift=post.shift, starts_at=begins, ends_at=ends, via=post.via)
            still[responder] = post, span
        done += [span for _, span in running.values()]
        running = still
    done += [span for _, span in running.values()]
    return sorted(done, key=lambda span: (span.starts_at, span.responder))


def rested_since(spans: Iterable[Span], responder: str, at: datetime) -> datetime | None:
    """When the rest began that ended with the unbroken duty which holds `at`, or that lasts at `at`; None: unknown."""
    own = sorted(
        (span for span in spans if span.responder == responder and span.starts_at <= at),
        key=lambda span: span.starts_at,
        reverse=True,
    )
    began = None
    for span in own:
        if span.ends_at > at or span.ends_at == began:
            began = span.starts_at
        else:
            return span.ends_at
    return None


def days_of(span: Span, zone: ZoneInfo) -> Iterator[Span]:
    """The span cut at every midnight of the zone."""
    begins = span.starts_at
    while begins < span.ends_at:
        tomorrow = begins.astimezone(zone).date() + timedelta(days=1)
        ends = min(datetime.combine(tomorrow, time(), tzinfo=zone).astimezone(UTC), span.ends_at)
        yield replace(span, starts_at=begins, ends_at=ends)
        begins = ends


def last_ends(spans: Iterable[Span]) -> dict[tuple[str, datetime], datetime | None]:
    """For each span, by responder and start: the end of the duty before the unbroken one it belongs to."""
    found: dict[tuple[str, datetime], datetime | None] = {}
    block: dict[str, tuple[datetime | None, datetime]] = {}  # the end before it, and its own end so far
    for span in sorted(spans, key=lambda one: (one.starts_at, one.responder)):
        before, ended = block.get(span.responder, (None, None))
        if ended is not None and span.starts_at > ended:
            before = ended
        block[span.responder] = before, span.ends_at if ended is None else max(ended, span.ends_at)
        found[span.responder, span.starts_at] = before
    return found
