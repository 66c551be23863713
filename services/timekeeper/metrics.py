"""What the timekeeper tells Prometheus of its punctuality and of the watch. What it does to cases is in handlers/tally."""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram

LATENESS = Histogram(
    "quanzu_timer_lateness_seconds",
    "From the moment a case was due to the commit that settled it.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 600, 3600),
)
OVERDUE = Gauge(
    "quanzu_timer_overdue_seconds",
    "Age of the oldest due time that is not known to be settled; grows while nobody looks.",
)
PROGRESS = Gauge(
    "quanzu_timekeeper_progress_timestamp_seconds", "Unix time since which every loop has looked for what is due."
)
PINGS = Counter("quanzu_deadman_pings", "Signs of life to the address of the dead man's switch, by result.", ["result"])
FAILURES = Counter("quanzu_timer_failures", "Cases that were due and could not be settled; tried again after a minute.")
GAP_HOURS = Gauge(
    "quanzu_duty_gap_hours", "Hours of the next 72 in which fewer people are on duty than are needed.", ["unit"]
)
UNACCEPTED = Gauge("quanzu_handovers_unaccepted", "Handovers that the next shift has not accepted.", ["unit"])

PINGED = {result: PINGS.labels(result) for result in ("sent", "failed", "withheld")}


def tell(gauge: Gauge, by_unit: Mapping[str, float]) -> None:
    """One child a unit, and none for a unit that is gone."""
    gauge.clear()
    for unit, value in by_unit.items():
        gauge.labels(unit).set(value)
