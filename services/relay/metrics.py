"""What the relay tells Prometheus: of the outbox what waits, how long and what was sent; how far the figures are counted."""

from prometheus_client import Counter, Gauge

from schemas.topics import TOPICS

MESSAGES = Gauge("quanzu_outbox_messages", "Messages in the outbox, of the relay and of the routers' lanes.")
AGE = Gauge("quanzu_outbox_age_seconds", "Age of the oldest message in the outbox; 0 when it is empty.")
ASIDE = Gauge(
    "quanzu_relay_set_aside_messages", "Messages that can't be sent as things are; tried again at the next start."
)
SENT = Counter("quanzu_relay_sent", "Messages that the relay sent and the broker has.", ["topic"])
FAILURES = Counter("quanzu_relay_failures", "Rounds or messages that failed, by kind.", ["kind"])
SEALED = Counter("quanzu_audit_sealed_rows", "Rows of the append-only tables that this process sealed.")
SEAL_LAG = Gauge(
    "quanzu_audit_lag_seconds", "Since when everything is sealed that was there; 0 where another process seals."
)
LAG = Gauge("quanzu_figures_lag_seconds", "How old the moment is up to which everything is in the figures.")
COUNTED = Counter("quanzu_figures_counted", "Cases whose part in the figures was counted, or counted anew.")

UNKNOWN, TOO_LARGE, CANNOT_OPEN, DATABASE, BUG = "unknown", "too_large", "cannot_open", "database", "bug"
SEALER = "sealer"

for topic in TOPICS:
    SENT.labels(topic)
for kind in (UNKNOWN, TOO_LARGE, CANNOT_OPEN, DATABASE, BUG, SEALER):
    FAILURES.labels(kind)
