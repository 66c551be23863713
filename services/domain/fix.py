"""What makes a responder's position fix good, and its point in WGS-84. Knows nobody and keeps nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from services.domain.datum import Datum, to_wgs84
from services.domain.value import value


class BadFix(StrEnum):
    """Why a fix is refused. It may come too late, but it never does harm."""

    NO_POINT = "NO_POINT"  # no numbers, or none that are finite
    ZERO_ZERO = "ZERO_ZERO"  # what a device sends that knows nothing
    OUTSIDE_WORLD = "OUTSIDE_WORLD"
    LOOKS_SWAPPED = "LOOKS_SWAPPED"  # as latitude and longitude in the wrong order: said, never mended
    NOT_VALID = "NOT_VALID"  # the device itself says so
    OTHER_DEVICE = "OTHER_DEVICE"  # forwarded under the token of one responder, and named as somebody else's
    IN_FUTURE = "IN_FUTURE"
    STALE = "STALE"
    INACCURATE = "INACCURATE"


@value
class FixLimits:
    """How old, how far ahead of our clock and how coarse a fix may be; every number is a setting."""

    max_age: timedelta = timedelta(minutes=15)
    max_ahead: timedelta = timedelta(minutes=5)  # a phone's clock may run ahead of ours by this much
    max_accuracy_m: float = 500.0  # a coarser one may be in the next precinct


LIMITS: Final = FixLimits()


class Fix(NamedTuple):
    """Where a responder was at one moment; degrees. A tuple because ten thousand are made in a second.

    Of two fixes the greater one is the newer, also where both are of the same moment: the order they come in decides
    nothing. `accuracy_m` is the radius of the error; None or a negative one: the device does not say.
    """

    at_s: float  # seconds since 1970
    lat: float
    lon: float
    accuracy_m: float | None = None

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.at_s, UTC)


def fault_of(fix: Fix, *, now_s: float, limits: FixLimits = LIMITS) -> BadFix | None:
    """Why this fix is of no use at `now_s`; None for a good one. Whatever the datum: they are some hundred metres apart."""
    at_s, lat, lon, accuracy_m = fix
    if not (-90 <= lat <= 90 and -180 <= lon <= 180) or (lat == 0 and lon == 0):
        return _of_point(lat, lon)
    ahead_s = at_s - now_s
    if ahead_s > limits.max_ahead.total_seconds():
        return BadFix.IN_FUTURE
    if not ahead_s >= -limits.max_age.total_seconds():
        return BadFix.STALE
    if accuracy_m is not None and not accuracy_m <= limits.max_accuracy_m:
        return BadFix.INACCURATE
    return None


def _of_point(lat: float, lon: float) -> BadFix:
    if lat != lat or lon != lon:  # noqa: PLR0124 - only "not a number" differs from itself
        return BadFix.NO_POINT
    if lat == 0 and lon == 0:
        return BadFix.ZERO_ZERO
    return BadFix.LOOKS_SWAPPED if abs(lon) <= 90 and 90 < abs(lat) <= 180 else BadFix.OUTSIDE_WORLD


def in_wgs84(fixes: Sequence[Fix], datums: Sequence[str]) -> list[Fix]:
    """The same fixes in WGS-84, each from its own datum. An unknown datum raises ValueError."""
    if all(datum == Datum.WGS84 for datum in datums):
        return list(fixes)
    lats, lons = to_wgs84([fix.lat for fix in fixes], [fix.lon for fix in fixes], datums)
    moved = zip(fixes, lats.tolist(), lons.tolist(), strict=True)
    return [Fix(fix.at_s, lat, lon, fix.accuracy_m) for fix, lat, lon in moved]


def newer(fix: Fix, than: Fix | None) -> bool:
    """Whether `fix` takes the place of `than`. The same one again does not, whatever came between."""
    return than is None or fix[:3] > than[:3]
