"""A stand-in for running processes: every documented metric, with a value for every label, moving at each scrape."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import product
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from schemas.topics import WARNING_ISSUED, WARNING_URGENT
from services.domain.located import Rule
from services.domain.states import TimerKind
from services.domain.words import Mode, Risk
from tests.watch.panels import Documented, documented

VALUES: dict[str, Iterable[str]] = {
    "rule": [rule.value for rule in Rule],
    "risk": [risk.value for risk in Risk],
    "mode": [mode.value for mode in Mode],
    "stage": [kind.value for kind in TimerKind],
    "topic": [WARNING_ISSUED, WARNING_URGENT],
}
TYPES: dict[str, type[MetricWrapperBase]] = {"counter": Counter, "gauge": Gauge, "histogram": Histogram}
LEVEL = 90.0  # what every gauge shows: old enough for the alerts about ages


class Scrapes(Collector):
    """Moves every metric when it is scraped, and says when `wanted` scrapes have been answered."""

    def __init__(self, metrics: list[MetricWrapperBase], wanted: int) -> None:
        self.metrics, self.left, self.enough = metrics, wanted, threading.Event()

    def collect(self) -> Iterable[Metric]:
        for metric in self.metrics:
            move(metric)
        self.left -= 1
        if self.left < 0:  # one more has begun: the wanted ones are over
            self.enough.set()
        return ()


@contextmanager
def processes(*, scrapes: int) -> Iterator[tuple[str, threading.Event]]:
    """Serve the stand-in; gives its host:port and an event that is set after so many scrapes."""
    registry = CollectorRegistry()
    told = Scrapes([], scrapes)
    registry.register(told)  # the first one asked: what it moves is in the same scrape
    for metrics in documented().values():
        for one in metrics:
            told.metrics.extend(made(one, registry))
    server: WSGIServer
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        yield f"127.0.0.1:{server.server_port}", told.enough
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def made(one: Documented, registry: CollectorRegistry) -> list[MetricWrapperBase]:
    """The metric's children, one for each mix of label values."""
    metric = TYPES[one.type](one.name, "A stand-in.", one.labels, registry=registry)
    if not one.labels:
        return [metric]
    return [metric.labels(*mix) for mix in product(*(VALUES.get(label, ["any"]) for label in one.labels))]


def move(metric: MetricWrapperBase) -> None:
    if isinstance(metric, Counter):
        metric.inc()
    elif isinstance(metric, Histogram):
        metric.observe(1.0)
    elif isinstance(metric, Gauge):
        metric.set(LEVEL)
