"""What the router tells Prometheus of its reading and writing. What it does to cases is in handlers/tally."""

from prometheus_client import Counter, Gauge, Histogram

from schemas.topics import WARNING_ISSUED, WARNING_URGENT
from services.handlers.stop_receipt import STEPS
from services.store.stop_receipts import Effect

RECORDS = Counter("quanzu_router_records", "Records settled: cases, repeats, redeliveries and dead letters.", ["topic"])
DEAD_LETTERS = Counter("quanzu_dead_letters", "Records that could not become a case, by kind of fault.", ["kind"])
BATCH_SECONDS = Histogram(
    "quanzu_router_batch_seconds",
    "From a fetched batch to its commit.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
)
LAG = Gauge("quanzu_router_lag_records", "Records known to wait behind this router's positions.", ["topic"])
PROGRESS = Gauge(
    "quanzu_router_progress_timestamp_seconds",
    "Unix time at which every lane of the topic was last known to be up to date or to have settled a batch.",
    ["topic"],
)
PARTITIONS = Gauge("quanzu_router_partitions", "Partitions this router reads.", ["topic"])
RECEIPTS = Counter(
    "quanzu_stop_receipts",
    "Answers of banks, each once: what the bank did, and what became of it when it came.",
    ["result", "effect"],
)
TAKEOVERS = Counter("quanzu_lane_takeovers", "Partitions taken over from a lane that was over.")
RESETS = Counter(
    "quanzu_positions_reset",
    "Positions started again at the earliest record, because the broker or the topic is another one. Never silent.",
)

KINDS = ("envelope", "warning", "issued_at", "withdrawn_at", "too_large", "unreadable", "database", "bug")

for topic in (WARNING_ISSUED, WARNING_URGENT):
    RECORDS.labels(topic)
    LAG.labels(topic)
    PROGRESS.labels(topic)
    PARTITIONS.labels(topic)
for kind in KINDS:
    DEAD_LETTERS.labels(kind)
for result in STEPS:
    for effect in Effect:
        RECEIPTS.labels(result, effect.value)
