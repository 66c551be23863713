"""What is written about watching: every metric, and a runbook for every alert, the same in both languages."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from deploy.native.processes import ROOT
from tests.watch.panels import documented, metrics_of, queries

DOCS = ROOT / "docs"
RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())["groups"][0]["rules"]
HEADINGS = {"Meaning": "含义", "First look": "先看", "Fix": "处理", "Escalate": "上报"}
RUNBOOKS = sorted((DOCS / "runbooks").glob("*.md"))
every_rule = pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
every_runbook = pytest.mark.parametrize("runbook", RUNBOOKS, ids=[runbook.stem for runbook in RUNBOOKS])
every_module = pytest.mark.parametrize("module", sorted(documented()))


def modules_with_metrics() -> set[str]:
    declares = re.compile(r"^from prometheus_client import .*\b(Counter|Gauge|Histogram)\b", re.MULTILINE)
    return {
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in (ROOT / "services").rglob("*.py")
        if declares.search(file.read_text())
    }


def test_every_module_that_declares_metrics_is_documented() -> None:
    assert modules_with_metrics() == set(documented())


@every_module
def test_the_table_lists_what_the_module_declares(module: str) -> None:
    declared = {}
    for metric in vars(importlib.import_module(module)).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            name = f"{family.name}_total" if family.type == "counter" else family.name
            declared[name] = (family.type, metric._labelnames)

    assert declared == {one.name: (one.type, one.labels) for one in documented()[module]}


def test_rules_and_panels_ask_only_for_documented_metrics() -> None:
    known = {one.name for metrics in documented().values() for one in metrics}

    for expression in [*queries(), *(rule["expr"] for rule in RULES)]:
        assert metrics_of(expression) <= known, expression


@every_rule
def test_an_alert_says_what_it_means_and_where_to_look(rule: dict[str, Any]) -> None:
    told = rule["annotations"]
    runbook = ROOT / told["runbook_url"]

    assert set(told) == {"summary", "description", "runbook_url"}
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert runbook in RUNBOOKS
    assert runbook.read_text().splitlines()[0].endswith(f" · {rule['alert']}")
    for text in (told["summary"], told["description"]):
        assert re.search(r"[\u4e00-\u9fff]", text), text
        assert re.search(r"[A-Za-z]{4}", re.sub(r"\{\{.*?\}\}", "", text)), text


def test_every_runbook_belongs_to_an_alert() -> None:
    assert {str(runbook.relative_to(ROOT)) for runbook in RUNBOOKS} == {
        rule["annotations"]["runbook_url"] for rule in RULES
    }


@every_runbook
def test_a_runbook_is_the_same_in_both_languages(runbook: Path) -> None:
    english, chinese = runbook.read_text(), (DOCS / "zh" / "runbooks" / runbook.name).read_text()

    assert headings(english) == list(HEADINGS)
    assert headings(chinese) == list(HEADINGS.values())
    assert code(english) == code(chinese)
    assert chinese.splitlines()[0].split(" · ")[1] == english.splitlines()[0].split(" · ")[1]


@every_runbook
def test_every_link_of_a_runbook_leads_somewhere(runbook: Path) -> None:
    for file in (runbook, DOCS / "zh" / "runbooks" / runbook.name):
        for link in re.findall(r"\]\(([^)]+)\)", file.read_text()):
            assert (file.parent / link).exists(), link


def headings(text: str) -> list[str]:
    return re.findall(r"^## (.+)$", text, flags=re.MULTILINE)


def code(text: str) -> list[str]:
    """Blocks and words in code style, in a stable order: a translation may turn a sentence round."""
    return re.findall(r"^```.*?^```", text, flags=re.MULTILINE | re.DOTALL) + sorted(re.findall(r"`[^`\n]+`", text))
