"""What became of an import, or would: what was found, what changes, and what that leaves without ground or people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.seams import Seam
from services.handlers.registry_found import Found
from services.handlers.registry_import import Manner, Stored, leaving, vanished, without_station
from services.store.registry_changes import Work, open_cases_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    found: Found
    work: Work
    written: bool
    without_station: list[str]
    without_ground_now: list[str]
    leaving: Mapping[str, int]  # responders that end, with the open cases each holds

    @classmethod
    async def of(
        cls,
        conn: AsyncConnection,
        found: Found,
        work: Work,
        there: Stored,
        manner: Manner,
        *,
        now: datetime,
        written: bool,
    ) -> "Outcome":
        gone = leaving(work)
        held = await open_cases_of(conn, gone)
        return cls(
            found=found,
            work=work,
            written=written,
            without_station=without_station(found, there, at=work.at or now),
            without_ground_now=vanished(found, there, manner),
            leaving={code: held.get(code, 0) for code in gone},
        )


def summary_of(outcome: Outcome) -> dict[str, Any]:
    """For machines: all of it but the faults."""
    found = outcome.found
    changes = Counter(f"{change.kind}.{change.what['done']}" for change in outcome.work.changes)
    return {
        "written": outcome.written,
        "units": len(found.units or ()),
        "areas": sum(len(shapes) for shapes in found.areas.values()),
        "stations": len(found.stations or ()),
        "region_codes": len(found.codes or ()),
        "villages": len(found.villages or ()),
        "responders": len(found.responders or ()),
        "bad": len(found.bad),
        "without_station": outcome.without_station,
        "without_ground_now": outcome.without_ground_now,
        "leaving": dict(outcome.leaving),
        "overlaps": seams_for_machines(found.overlaps),
        "gaps": seams_for_machines(found.gaps),
        "changes": dict(sorted(changes.items())),
    }


def seams_for_machines(seams: Sequence[Seam]) -> list[dict[str, Any]]:
    return [{"units": list(seam.units), "square_m": round(seam.square_m, 1)} for seam in seams]
