"""The alert rules: promtool takes them, and each one is proved to fire and not to fire."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.native.processes import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTS = [rule["alert"] for rule in yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"][0]["rules"]]
CASES: list[dict[str, Any]] = yaml.safe_load((PROMETHEUS / "rules.test.yml").read_text())["tests"]


def run(promtool: Path, *words: str | Path) -> None:
    done = subprocess.run([promtool, *words], capture_output=True, check=False, text=True, timeout=30, cwd=PROMETHEUS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_accepts_the_configuration_and_its_rules(promtool: Path) -> None:
    run(promtool, "check", "config", "prometheus.yml")


def test_promtool_accepts_the_relabelling_of_the_cluster(promtool: Path, tmp_path: Path) -> None:
    """Debian's promtool is built without the discovery of Kubernetes: a static target stands in for it."""
    config = yaml.safe_load((PROMETHEUS / "kubernetes.yml").read_text())
    (job,) = config["scrape_configs"]
    assert job.pop("kubernetes_sd_configs") == [{"role": "pod", "namespaces": {"names": ["quanzu"]}}]
    job["static_configs"] = [{"targets": ["127.0.0.1:9464"]}]
    config["rule_files"] = [str(PROMETHEUS / "rules.yml")]
    (tmp_path / "config.yml").write_text(yaml.safe_dump(config))

    run(promtool, "check", "config", tmp_path / "config.yml")


def test_every_alert_fires_and_stays_quiet_as_it_should(promtool: Path) -> None:
    run(promtool, "test", "rules", "rules.test.yml")


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_is_proved_both_ways(alert: str) -> None:
    asked = [
        (case["name"], bool(question["exp_samples"]))
        for case in CASES
        for question in case["promql_expr_test"]
        if re.search(rf'alertname="{alert}"', question["expr"])
    ]

    assert {fires for _, fires in asked} == {True, False}
