"""From the places that warnings name to the ones they are routed by, in WGS-84, a whole batch at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from schemas.warning import LastSeen, WarningIssued
from schemas.warning import Place as WirePlace
from services.domain.datum import Datum, to_wgs84
from services.domain.place import Place, Places, Whereabouts, place_to_use


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """The places used, one for each warning; `which` is None where a warning has nothing to go by."""

    which: list[Whereabouts | None]
    places: Places
    addresses: list[str | None]

    def point(self, row: int) -> tuple[float | None, float | None]:
        lat, lon = float(self.places.lat[row]), float(self.places.lon[row])
        return (None, None) if lat != lat else (lat, lon)  # noqa: PLR0124 - NaN is the only number unlike itself


def places_of(warnings: Sequence[WarningIssued], *, now: datetime, datum: Datum) -> Used:
    """`datum` is for points that name none."""
    chosen = [_chosen(warning, now) for warning in warnings]
    datums: list[str] = [_datum(warning, which) or datum for warning, (which, _) in zip(warnings, chosen, strict=True)]
    raw = Places.of([place for _, place in chosen])
    lat, lon = _converted(raw.lat, raw.lon, datums)
    return Used(
        which=[which for which, _ in chosen],
        places=Places(lat=lat, lon=lon, region_codes=raw.region_codes, addresses=raw.addresses),
        addresses=[place.address for _, place in chosen],
    )


def _converted(
    lat: NDArray[np.float64], lon: NDArray[np.float64], datums: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if set(datums) <= {Datum.WGS84}:
        return lat, lon
    return to_wgs84(lat, lon, datums)


def _chosen(warning: WarningIssued, now: datetime) -> tuple[Whereabouts | None, Place]:
    """A point is judged by age and accuracy alone, so its datum may wait until the batch is converted."""
    places = warning.places
    seen = place_to_use(
        _place(places.last_seen), None, None, now
    )  # it is the first choice: often no other is looked at
    used = seen or place_to_use(None, _place(places.current), _place(places.registered), now)
    return (None, Place()) if used is None else used


def _place(given: WirePlace | None) -> Place | None:
    if given is None:
        return None
    point = given.point
    return Place(
        lat=None if point is None else point.lat,
        lon=None if point is None else point.lon,
        accuracy_m=None if point is None else point.accuracy_m,
        region_code=given.region_code,
        address=given.address,
        fix_at=given.at if isinstance(given, LastSeen) else None,
    )


def _datum(warning: WarningIssued, which: Whereabouts | None) -> str | None:
    if which is None:
        return None
    given: WirePlace | None = getattr(warning.places, which.lower())
    return given.point.datum if given is not None and given.point is not None else None
