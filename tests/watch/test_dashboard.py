"""The dashboard: each panel is explained, each query is one, and a real Prometheus has an answer to it."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from deploy.native.processes import ROOT
from deploy.native.prometheus import Prometheus
from tests.watch.panels import JOBS, dashboard, panels, queries, unanswered, without_data
from tests.watch.processes import processes

PANELS = panels()
ROUNDS = 4  # two samples make a rate; the rules are evaluated in between
every_panel = pytest.mark.parametrize("panel", PANELS, ids=[panel["title"] for panel in PANELS])


@pytest.fixture(scope="module")
def watching(promtool: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A real Prometheus that has scraped the stand-in for all four processes, with our rules."""
    with processes(scrapes=ROUNDS * len(JOBS)) as (address, scraped):
        prometheus = Prometheus(
            home=tmp_path_factory.mktemp("prometheus"),
            targets={job: [address] for job in JOBS},
            rules=[ROOT / "deploy" / "prometheus" / "rules.yml"],
        )
        prometheus.start()
        try:
            assert scraped.wait(timeout=20)
            yield prometheus
        finally:
            prometheus.stop()


def test_the_dashboard_has_a_fixed_name_and_source() -> None:
    found = dashboard()

    assert (found["uid"], found["editable"]) == ("quanzu", False)
    assert [one["type"] for one in found["templating"]["list"]] == ["datasource"]
    assert len({panel["id"] for panel in found["panels"]}) == len(found["panels"])


@every_panel
def test_a_panel_is_titled_explained_and_measured(panel: dict[str, Any]) -> None:
    assert re.fullmatch(r"[\u4e00-\u9fff].* [A-Z][\w ,]+", panel["title"])
    for text in (panel["title"], panel["description"]):
        assert re.search(r"[\u4e00-\u9fff]", text)
        assert re.search(r"[A-Za-z]{4}", text)
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
    assert panel["datasource"]["uid"] == "${datasource}"


def test_no_two_panels_lie_over_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + right, at["y"] + down) for right in range(at["w"]) for down in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_promtool_reads_every_query(promtool: Path, tmp_path: Path) -> None:
    rules = [{"record": f"query_{number}", "expr": expression} for number, expression in enumerate(queries())]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))

    done = subprocess.run([promtool, "check", "rules", file], capture_output=True, check=False, text=True, timeout=30)

    assert done.returncode == 0, done.stdout + done.stderr
    assert not [expression for expression in queries() if "$" in expression]


def test_every_panel_gets_data_from_the_documented_metrics(watching: Prometheus) -> None:
    assert without_data(watching) == []


def test_an_expression_without_a_number_is_noticed(watching: Prometheus) -> None:
    empty = ["quanzu_no_such_metric", "0 * quanzu_ready / 0"]

    assert unanswered(watching, ["quanzu_ready", *empty]) == empty


def test_the_rules_work_and_their_texts_are_whole(watching: Prometheus) -> None:
    rules = ask(watching, "rules")["groups"][0]["rules"]
    alerts = ask(watching, "alerts")["alerts"]

    assert {rule["health"] for rule in rules} == {"ok"}
    assert {
        "QuanzuHourBreached",
        "QuanzuRouterStuck",
        "QuanzuTimersOverdue",
        "QuanzuOutboxOld",
        "QuanzuDeadLetters",
        "QuanzuMessagesSetAside",
    } <= {alert["labels"]["alertname"] for alert in alerts}
    for alert in alerts:
        for text in alert["annotations"].values():
            assert "error expanding" not in text
            assert not re.search(r"\{\{|<no value>|\( ?\)$", text), text


def ask(prometheus: Prometheus, what: str) -> Any:
    return httpx2.get(f"{prometheus.url}/api/v1/{what}", timeout=10, trust_env=False).json()["data"]
