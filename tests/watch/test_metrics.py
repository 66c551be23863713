"""The metrics as Prometheus's own checker reads them."""

import subprocess
from pathlib import Path

from prometheus_client import REGISTRY, generate_latest

from services.handlers import tally
from services.relay import metrics as relay_metrics
from services.router import metrics as router_metrics
from services.timekeeper import metrics as timekeeper_metrics

HOURS = 'quanzu_duty_gap_hours use base unit "seconds" instead of "hours"'  # a gap in the watch is told in hours
DECLARED = (tally, router_metrics, relay_metrics, timekeeper_metrics)  # each registers its own when it is imported


def test_promtool_finds_nothing_wrong(promtool: Path) -> None:
    assert DECLARED
    done = subprocess.run(
        [promtool, "check", "metrics"], input=generate_latest(REGISTRY), capture_output=True, check=False, timeout=30
    )

    told = (done.stdout + done.stderr).decode().splitlines()
    assert [line for line in told if line.startswith("quanzu_") and line != HOURS] == []
