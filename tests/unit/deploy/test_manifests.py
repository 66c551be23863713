"""k8s/base: listed, valid, restricted in every field that counts, and closed to whom it does not need."""

from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.native.processes import ROOT
from services.broker.rights import parties
from services.cli.kafka import strimzi_users
from services.settings import Settings
from services.store.walls import API_ROLE

BASE = ROOT / "k8s" / "base"
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((BASE / "kustomization.yaml").read_text())
LISTED: list[str] = KUSTOMIZATION["resources"]
OBJECTS: list[dict[str, Any]] = [
    found for name in LISTED for found in yaml.safe_load_all((BASE / name).read_text()) if found
]
PROCESSES = ("router", "timekeeper", "relay", "api")


def named(kind: str) -> dict[str, dict[str, Any]]:
    return {found["metadata"]["name"]: found for found in OBJECTS if found["kind"] == kind}


PODS = {name: found["spec"]["template"] for kind in ("Deployment", "Job") for name, found in named(kind).items()}
every_object = pytest.mark.parametrize(
    "found", [pytest.param(one, id=f"{one['kind']}-{one['metadata']['name']}") for one in OBJECTS]
)
every_pod = pytest.mark.parametrize("pod", PODS.values(), ids=PODS)


def test_every_manifest_is_listed_and_exists() -> None:
    assert sorted(LISTED) == sorted(file.name for file in BASE.glob("*.yaml") if file.name != "kustomization.yaml")


@every_object
def test_an_object_is_valid_to_the_strict_schema(found: dict[str, Any]) -> None:
    kubernetes_validate.validate(found, kubernetes_validate.latest_version(), strict=True)


@every_object
def test_an_object_is_labelled_and_in_the_namespace(found: dict[str, Any]) -> None:
    labels = found["metadata"]["labels"]

    assert labels["app.kubernetes.io/name"] == labels["app.kubernetes.io/part-of"] == "quanzu"
    assert found["kind"] == "Namespace" or found["metadata"]["namespace"] == "quanzu"


def test_no_secret_value_is_in_the_base() -> None:
    assert not named("Secret")
    assert set(named("ConfigMap")["quanzu"]["data"]) == {
        "QUANZU_KAFKA",
        "QUANZU_IDENTITY",
        "QUANZU_KAFKA_SECURITY",
        "QUANZU_KAFKA_CA",
        "QUANZU_EVIDENCE",
        "QUANZU_EVIDENCE_S3_ENDPOINT",
    }


@every_pod
def test_a_pod_keeps_to_the_restricted_standard(pod: dict[str, Any]) -> None:
    spec = pod["spec"]
    (container,) = spec["containers"]

    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(spec)
    assert [set(volume) for volume in spec["volumes"]] == [{"name", "emptyDir"}, {"name", "configMap"}]
    assert spec["volumes"][1]["configMap"] == {"name": "quanzu-ca"}  # whom to trust: public, and never optional
    assert {"name": "ca", "mountPath": "/etc/quanzu/ca", "readOnly": True} in container["volumeMounts"]
    assert all("hostPort" not in port for port in container.get("ports", []))


@every_pod
def test_a_pod_says_what_it_needs_and_may_take(pod: dict[str, Any]) -> None:
    (container,) = pod["spec"]["containers"]

    assert set(container["resources"]["requests"]) == set(container["resources"]["limits"]) == {"cpu", "memory"}


@every_pod
def test_a_pod_takes_its_settings_from_the_secret(pod: dict[str, Any]) -> None:
    (container,) = pod["spec"]["containers"]
    known = {f"QUANZU_{setting.upper()}" for setting in Settings.model_fields}

    given = {setting["name"]: setting["value"] for setting in container["env"] if "value" in setting}
    taken = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in container["env"] if "value" not in one}
    name = container["name"]

    if name == "migrate":
        assert taken["QUANZU_DATABASE"] == {"name": "quanzu", "key": "QUANZU_DATABASE_OWNER"}
        taken["QUANZU_DATABASE"]["key"] = "QUANZU_DATABASE"
        assert not given
    else:
        assert given == {"QUANZU_KAFKA_USER": f"quanzu-{name}"}
        assert taken.pop("QUANZU_KAFKA_PASSWORD") == {"name": f"quanzu-{name}", "key": "password"}
    bucket = {"QUANZU_EVIDENCE_S3_KEY", "QUANZU_EVIDENCE_S3_SECRET"} if container["name"] == "api" else set()
    assert set(taken) == {"QUANZU_DATABASE", "QUANZU_MASTER_KEYS", "QUANZU_INDEX_KEY"} | bucket <= known
    for name, place in taken.items():
        assert place == {"name": "quanzu", "key": name} | ({"optional": True} if name in bucket else {})
    assert container["envFrom"] == [{"configMapRef": {"name": "quanzu"}}]


@pytest.mark.parametrize("process", PROCESSES)
def test_each_process_runs_twice_on_different_nodes(process: str) -> None:
    spec = named("Deployment")[f"quanzu-{process}"]["spec"]
    mine = {"app.kubernetes.io/name": "quanzu", "app.kubernetes.io/component": process}
    (spread,) = spec["template"]["spec"]["topologySpreadConstraints"]

    assert spec["replicas"] == 2
    assert spec["selector"]["matchLabels"] == mine == spread["labelSelector"]["matchLabels"]
    assert mine.items() <= spec["template"]["metadata"]["labels"].items()
    assert spread["topologyKey"] == "kubernetes.io/hostname"
    budget = named("PodDisruptionBudget")[f"quanzu-{process}"]["spec"]
    assert budget == {"minAvailable": 1, "selector": {"matchLabels": mine}}


@pytest.mark.parametrize("process", PROCESSES)
def test_each_process_is_probed_and_found_by_prometheus(process: str) -> None:
    pod = named("Deployment")[f"quanzu-{process}"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]

    assert container["args"] == ["serve", process]
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "metrics"}
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "metrics"}
    assert {"name": "metrics", "containerPort": 9464} in container["ports"]
    assert pod["metadata"]["annotations"]["prometheus.io/port"] == "9464"


def test_the_network_is_closed_but_for_what_is_needed() -> None:
    policies = named("NetworkPolicy")
    opened = {
        (name, way, port["port"])
        for name, policy in policies.items()
        for way in ("ingress", "egress")
        for rule in policy["spec"].get(way, [])
        for port in rule["ports"]  # a rule without ports would open all of them
        if rule["from" if way == "ingress" else "to"]
    }

    assert policies["deny-all"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert opened == {
        ("reach-names-and-data", "egress", 53),
        ("reach-names-and-data", "egress", 5432),
        ("reach-names-and-data", "egress", 9093),
        ("reach-evidence", "egress", 9000),
        ("let-users-in", "ingress", "http"),
        ("let-prometheus-in", "ingress", "metrics"),
    }


def test_kafkas_users_are_what_the_table_of_topics_says() -> None:
    written = (ROOT / "k8s" / "strimzi" / "users.yaml").read_text()

    assert written.endswith(strimzi_users(list(parties()), "quanzu-", "kafka")), "quanzu kafka acls --strimzi"
    users = {user["metadata"]["name"] for user in yaml.safe_load_all(written)}
    assert users >= {f"quanzu-{process}" for process in PROCESSES}


def test_the_databases_roles_are_those_that_the_program_asks_for() -> None:
    cluster = yaml.safe_load((ROOT / "k8s" / "cloudnativepg" / "cluster.yaml").read_text())
    roles = {role["name"]: role for role in cluster["spec"]["managed"]["roles"]}
    (migrate,) = PODS["quanzu-migrate"]["spec"]["containers"]
    serving = migrate["args"][migrate["args"].index("--role") + 1]

    assert (cluster["kind"], cluster["metadata"]["namespace"]) == ("Cluster", "quanzu")
    assert roles.keys() == {API_ROLE, serving}
    assert (roles[API_ROLE]["login"], roles[serving]["login"], roles[serving]["inRoles"]) == (False, True, [API_ROLE])
    assert all(not role.get("superuser") and not role.get("bypassrls") for role in roles.values())


def test_each_service_selects_pods_that_have_its_port() -> None:
    templates = [found["spec"]["template"] for found in named("Deployment").values()]
    for service in named("Service").values():
        wanted = service["spec"]["selector"].items()
        chosen = [pod for pod in templates if wanted <= pod["metadata"]["labels"].items()]
        assert chosen
        for pod in chosen:
            names = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
            assert {port["targetPort"] for port in service["spec"]["ports"]} <= names


def test_the_kustomization_names_every_image_it_sets() -> None:
    assert set(KUSTOMIZATION) == {"apiVersion", "kind", "namespace", "resources", "images"}
    assert {image["name"] for image in KUSTOMIZATION["images"]} == {
        container["image"] for pod in PODS.values() for container in pod["spec"]["containers"]
    }
