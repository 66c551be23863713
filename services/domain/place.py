"""The places a warning names and which of them to route by. Finds no unit: that is `jurisdiction`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from services.domain.located import Why
from services.domain.value import value

MAX_FIX_AGE = timedelta(minutes=30)
MAX_FIX_AHEAD = timedelta(minutes=5)  # a phone's clock may run ahead of ours by this much
MAX_ACCURACY_M = 500.0


class Whereabouts(StrEnum):
    LAST_SEEN = "LAST_SEEN"  # a fresh and good fix of the person
    CURRENT = "CURRENT"  # where they live now
    REGISTERED = "REGISTERED"  # where they are registered


@value
class Place:
    """One place of a person, WGS-84 degrees. What it says of the person never shows in its repr."""

    lat: float | None = field(default=None, repr=False)
    lon: float | None = field(default=None, repr=False)
    region_code: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    fix_at: datetime | None = None  # only a place that was measured has these two
    accuracy_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """A batch of places as columns of one length: WGS-84 degrees, NaN where missing.

    `addresses` and `counties` (a county's code or name) may be left out as a whole.
    """

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    region_codes: Sequence[str | None]
    addresses: Sequence[str | None] = field(default=(), repr=False)
    counties: Sequence[str | None] = field(default=(), repr=False)

    @classmethod
    def of(cls, places: Sequence[Place]) -> "Places":
        return cls(
            lat=np.array([np.nan if place.lat is None else place.lat for place in places], np.float64),
            lon=np.array([np.nan if place.lon is None else place.lon for place in places], np.float64),
            region_codes=[place.region_code for place in places],
            addresses=[place.address for place in places],
        )

    def address(self, row: int) -> str:
        """Empty where there is none."""
        return (self.addresses[row] if self.addresses else None) or ""

    def county(self, row: int) -> str:
        """Empty where it is not known."""
        return (self.counties[row] if self.counties else None) or ""


def usable(lat: ArrayLike, lon: ArrayLike) -> NDArray[np.bool_]:
    """Which points are on the earth and not the (0, 0) that stands for "unknown"; NaN is not."""
    lat, lon = np.asarray(lat, np.float64), np.asarray(lon, np.float64)
    return np.asarray((np.abs(lat) <= 90) & (np.abs(lon) <= 180) & ((lat != 0) | (lon != 0)))


def point_fault(lat: float, lon: float) -> Why:
    """What is wrong with a point that is not `usable`."""
    if math.isnan(lat) or math.isnan(lon):
        return Why.NO_POINT
    if lat == 0 and lon == 0:
        return Why.ZERO_ZERO
    return Why.LOOKS_SWAPPED if abs(lon) <= 90 and abs(lat) <= 180 else Why.OUTSIDE_WORLD


def place_to_use(
    last_seen: Place | None,
    current: Place | None,
    registered: Place | None,
    now: datetime,
    *,
    max_fix_age: timedelta = MAX_FIX_AGE,
    max_accuracy_m: float = MAX_ACCURACY_M,
) -> tuple[Whereabouts, Place] | None:
    """The first place with something to go by: a fresh and good fix, then the current address, then the registered one.

    A fix without its time or accuracy is not used. Where no place has anything to go by, the first whose point is
    unusable is returned all the same, so that the answer can say what is wrong with it; else None.
    """
    given = [(Whereabouts.CURRENT, current), (Whereabouts.REGISTERED, registered)]
    if last_seen is not None and _is_good_fix(last_seen, now, max_fix_age, max_accuracy_m):
        given.insert(0, (Whereabouts.LAST_SEEN, last_seen))
    places = [(which, place) for which, place in given if place is not None]
    for which, place in places:
        if _has_point(place) or place.region_code or place.address:
            return which, place
    return next(((which, place) for which, place in places if place.lat is not None or place.lon is not None), None)


def _is_good_fix(place: Place, now: datetime, max_age: timedelta, max_accuracy_m: float) -> bool:
    if place.fix_at is None or place.accuracy_m is None or not _has_point(place):
        return False
    return -MAX_FIX_AHEAD <= now - place.fix_at <= max_age and place.accuracy_m <= max_accuracy_m


def _has_point(place: Place) -> bool:
    """`usable` for one place, in plain numbers: this runs a few times a warning. NaN compares false and is not."""
    lat, lon = place.lat, place.lon
    if lat is None or lon is None:
        return False
    return -90 <= lat <= 90 and -180 <= lon <= 180 and (lat != 0 or lon != 0)
