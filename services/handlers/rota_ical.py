"""The rota as iCalendar: shifts out for any calendar, events in as planned duty. `icalendar` knows zones and folding."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from services.domain.rota.pattern import instant
from services.domain.rota.rota import Entry, Kind
from services.domain.rota.spans import Span
from services.handlers.csv_rows import BadFile, Why, bytes_of
from services.handlers.rota_rows import BadRow, FoundRota, Known, add_entry, judge, unit_for


def read_ical(path: Path, known: Known) -> FoundRota:
    """The events of an iCalendar file as planned duty. Raises BadFile."""
    content = bytes_of(path)
    try:
        calendar = Calendar.from_ical(content)
    except ValueError:
        raise BadFile(Why.NO_CALENDAR, path) from None
    found = FoundRota()
    for number, event in enumerate(calendar.walk("VEVENT"), 1):
        if isinstance(event, Event):
            judge(found, path.name, number, lambda event=event: _take_event(found, event, known))  # type: ignore[misc]
    return found


def _take_event(found: FoundRota, event: Event, known: Known) -> None:
    if event.get("RRULE") is not None:
        raise BadRow("an event that repeats", "export each shift as an event of its own, or set up a shift pattern")
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return
    responder, shift = str(event.get("X-QUANZU-RESPONDER", "")), str(event.get("X-QUANZU-SHIFT", ""))
    if not responder:  # another program's calendar: the code stands first in the summary
        responder, _, shift = str(event.get("SUMMARY", "")).strip().partition(" ")
    unit = unit_for(responder, "", known)
    try:
        starts, ends = (event.get(name).dt if event.get(name) is not None else None for name in ("DTSTART", "DTEND"))
    except ValueError:  # the library reads lazily
        raise BadRow("no time in it that can be read", "write DTSTART and DTEND as RFC 5545 says") from None
    if starts is None or ends is None:
        raise BadRow("no start or no end", "an event needs DTSTART and DTEND")
    times = [_event_moment(one, known.zone) for one in (starts, ends)]
    entry = Entry(kind=Kind.PLAN, responder=responder, starts_at=times[0], ends_at=times[1], shift=shift.strip()[:40])
    add_entry(found, unit, entry)


def _event_moment(at: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(at, datetime):
        return instant(at, 0, zone)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def to_ical(spans: Mapping[str, Iterable[Span]]) -> bytes:
    """Shifts as events: any calendar shows them, and `rota import --ical` reads them."""
    calendar = Calendar()
    calendar.add("prodid", "-//Quanzu//duty rota//ZH")
    calendar.add("version", "2.0")
    for unit in sorted(spans):
        for span in spans[unit]:
            event = Event()
            event.add("uid", f"{unit}-{span.responder}-{span.starts_at:%Y%m%dT%H%M%SZ}@quanzu")
            event.add("dtstamp", span.starts_at.astimezone(UTC))  # the same file again for the same duty
            event.add("dtstart", span.starts_at.astimezone(UTC))
            event.add("dtend", span.ends_at.astimezone(UTC))
            event.add("summary", f"{span.responder} {span.shift}".strip())
            event.add("location", unit)
            event.add("x-quanzu-responder", span.responder)
            event.add("x-quanzu-shift", span.shift)
            calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written
