"""The dashboard's panels and the documented metrics, read from their files; which panels a Prometheus can't fill."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from deploy.native.processes import ROOT
from deploy.native.prometheus import Prometheus

DASHBOARD = ROOT / "deploy" / "grafana" / "dashboards" / "quanzu.json"
TABLE = ROOT / "docs" / "metrics.md"
MACROS = {"$__rate_interval": "1m", "$__range": "1h"}  # what Grafana would put there
JOBS = ("quanzu-router", "quanzu-timekeeper", "quanzu-relay", "quanzu-api")  # what the rules call the processes


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """A row of the table of metrics; a counter's name ends in _total."""

    name: str
    type: str
    labels: tuple[str, ...]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


def panels() -> list[dict[str, Any]]:
    """All panels but the rows that head them."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def queries() -> list[str]:
    """Every panel's expressions as Prometheus would be asked."""
    return [plain(target["expr"]) for panel in panels() for target in panel["targets"]]


def plain(expression: str) -> str:
    for macro, value in MACROS.items():
        expression = expression.replace(macro, value)
    return expression


def without_data(prometheus: Prometheus) -> list[str]:
    """The dashboard's expressions that get no number from this Prometheus."""
    return unanswered(prometheus, queries())


def unanswered(prometheus: Prometheus, expressions: Iterable[str]) -> list[str]:
    """Those with no series, or with nothing but "not a number" in all of them."""
    return [one for one in expressions if all(math.isnan(sample.value) for sample in prometheus.query(one))]


def documented() -> dict[str, list[Documented]]:
    """The table of metrics, by the module that declares them."""
    _, *sections = re.split(r"^## ", TABLE.read_text(), flags=re.MULTILINE)
    return {section.split("\n", 1)[0].strip(): list(_rows(section)) for section in sections}


def metrics_of(expression: str) -> set[str]:
    """The names of our metrics in an expression, a histogram's without _bucket, _sum and _count."""
    histograms = {one.name for metrics in documented().values() for one in metrics if one.type == "histogram"}
    found = set()
    for name in re.findall(r"\bquanzu_\w+", expression):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        found.add(base if base in histograms else name)
    return found


def _rows(section: str) -> Iterator[Documented]:
    for line in section.splitlines():
        if line.startswith("| `"):
            name, kind, labels, *_ = (cell.strip() for cell in line.strip("|").split("|"))
            yield Documented(name=name.strip("`"), type=kind, labels=tuple(re.findall(r"`(\w+)`", labels)))
