"""The compose file: valid, hardened, without a secret, and in agreement with what Prometheus and Grafana read."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.native.processes import ROOT
from services.settings import Settings

DEPLOY = ROOT / "deploy"
TEXT = (DEPLOY / "compose.yaml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
# How people log in: none of it is needed to start.
OPTIONAL = (
    "QUANZU_IDENTITY",
    "QUANZU_PUBLIC_URL",
    "QUANZU_PROXIES",
    "QUANZU_OIDC_ISSUER",
    "QUANZU_OIDC_CLIENT_ID",
    "QUANZU_OIDC_CLIENT_SECRET",
)
OURS = ("migrate", "router", "timekeeper", "relay", "api")
every_service = pytest.mark.parametrize("name", SERVICES)


def test_the_file_is_valid_to_the_compose_schema() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")

    found = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"],
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )

    assert found.returncode == 0, found.stdout


@every_service
def test_a_service_has_no_right_it_does_not_need(name: str) -> None:
    service = SERVICES[name]

    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is (name != "kafka")
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}


@every_service
def test_a_port_is_published_on_loopback_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@every_service
def test_an_image_is_named_by_a_fixed_tag(name: str) -> None:
    assert re.search(r":(local|[v\d][\w.-]*)\}?$", SERVICES[name]["image"])


def test_no_secret_has_a_default() -> None:
    asked = re.findall(r"\$\{(\w+)(.*?)\}", TEXT)

    assert {name for name, _ in asked} == {
        "QUANZU_IMAGE",
        "QUANZU_POSTGRES_PASSWORD",
        "QUANZU_MASTER_KEYS",
        "QUANZU_INDEX_KEY",
        *OPTIONAL,
    }
    assert all(rest.startswith(":?set it to ") for name, rest in asked if name not in {"QUANZU_IMAGE", *OPTIONAL})
    assert {name: rest for name, rest in asked if name in OPTIONAL} == dict.fromkeys(OPTIONAL, ":-") | {
        "QUANZU_IDENTITY": ":-tokens"
    }


@pytest.mark.parametrize("name", OURS)
def test_our_processes_are_given_settings_that_exist(name: str) -> None:
    known = {f"QUANZU_{setting.upper()}" for setting in Settings.model_fields}

    assert set(SERVICES[name]["environment"]) <= known


def test_each_process_waits_for_the_schema_and_the_broker() -> None:
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in OURS[1:]:
        assert SERVICES[name]["command"] == ["serve", name]
        assert SERVICES[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"},
            "kafka": {"condition": "service_healthy"},
        }


def test_prometheus_scrapes_each_process_by_its_name() -> None:
    jobs = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]

    scraped = {job["job_name"]: job["static_configs"] for job in jobs}

    assert scraped == {f"quanzu-{name}": [{"targets": [f"{name}:9464"]}] for name in OURS[1:]}


@every_service
def test_every_mounted_file_is_in_the_repository(name: str) -> None:
    mounted = [volume.split(":")[0] for volume in SERVICES[name].get("volumes", []) if volume.startswith(".")]

    assert all((DEPLOY / path).exists() for path in mounted)


def test_grafana_finds_what_it_is_told_to_show() -> None:
    provisioned = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/quanzu.yaml").read_text())
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text())
    folder = provisioned["providers"][0]["options"]["path"]
    grafana = SERVICES["grafana"]

    assert f"./grafana/dashboards:{folder}:ro" in grafana["volumes"]
    assert grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == f"{folder}/quanzu.json"
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    assert "prometheus" in SERVICES
