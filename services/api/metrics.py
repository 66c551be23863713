"""How the door is used, by route template: seconds, and streams open now. Never an id, a name or a query string."""

from prometheus_client import Counter, Gauge, Histogram

from services.domain.fix import BadFix

SECONDS = Histogram(
    "quanzu_api_request_seconds",
    "From a request's headers to the end of its answer; a stream's whole life is not counted.",
    ["route", "method", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
STREAMS = Gauge("quanzu_api_streams", "Open event streams.")
EVENTS = Counter("quanzu_api_events", "Case changes put on the event stream.")
RESYNCS = Counter("quanzu_api_resyncs", "Streams that had to be told to read everything anew.")
TOO_MANY = Counter("quanzu_api_too_many", "Requests refused because their asker asks too often.", ["pace"])
UNREADABLE = Counter("quanzu_api_events_unreadable", "Records on the topic of case changes that are none.")
FIXES = Counter("quanzu_api_fixes", "Position fixes of devices that the broker has.")
FIXES_REFUSED = Counter("quanzu_api_fixes_refused", "Position fixes of devices that are of no use.", ["reason"])

for reason in BadFix:
    FIXES_REFUSED.labels(reason.value)

UNKNOWN = "unknown"  # no route fits: one label for all the paths that people try


def observe(*, route: str, method: str, status: int, seconds: float) -> None:
    SECONDS.labels(route, method if method in METHODS else UNKNOWN, f"{status // 100}xx").observe(seconds)


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
