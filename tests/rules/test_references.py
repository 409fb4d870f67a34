"""Every row of the table of references, on generated manifests: what resolves is silent, what does not is found."""

from __future__ import annotations

from typing import Any

import pytest

from kserve_wiring import Finding, Options, inspect
from kserve_wiring.cluster.paths import POD
from kserve_wiring.cluster.references import CLUSTER_KINDS, TABLE, Row
from kserve_wiring.manifests.load import Loaded, load_values

GROUPS = {
    "": "v1",
    "core": "v1",
    "gateway.networking.k8s.io": "gateway.networking.k8s.io/v1",
    "networking.istio.io": "networking.istio.io/v1",
    "serving.knative.dev": "serving.knative.dev/v1",
}
# A namesake in another API makes a difference only for these.
API_OF = {
    "InferenceService": "serving.kserve.io/v1beta1",
    "Gateway": "gateway.networking.k8s.io/v1",
    "Ingress": "networking.k8s.io/v1",
    "VirtualService": "networking.istio.io/v1",
    "Application": "argoproj.io/v1alpha1",
    "ApplicationSet": "argoproj.io/v1alpha1",
    "Kustomization": "kustomize.toolkit.fluxcd.io/v1",
}
NAME, NEAR, OWN, OTHER = "weather-data", "weatherdata", "team-one", "team-two"
ROWS = pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.kind}-{row.path}")
NOT_CLUSTER = pytest.mark.parametrize(
    "row",
    [row for row in TABLE if row.scope == "own" and not set(row.to[:1]) & CLUSTER_KINDS and not row.covered],
    ids=lambda row: f"{row.kind}-{row.path}",
)
CONTEXT: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "facts", "namespace": "kserve", "labels": {"kserve-wiring.io/context": "true"}},
    "data": {},
}


def nested(steps: list[str], holder: dict[str, Any], value: Any) -> Any:
    """The value at the end of a path, with its neighbours around the last step."""
    if not steps:
        return value
    below = nested(steps[1:], holder, value)
    if steps[0] == "*":
        return [below]
    return {steps[0]: below, **(holder if steps[1:] in ([], ["*"]) else {})}


def text_of(row: Row, name: str, namespace: str) -> str:
    return {
        "name": name,
        "ns/name": f"{namespace}/{name}",
        "pvc": f"pvc://{name}/model",
        "host": f"{name}.{namespace}.svc.cluster.local",
        "service": f"{name}.{namespace}.svc.cluster.local",
        "principal": f"cluster.local/ns/{namespace}/sa/{name}",
    }[row.form]


def source(row: Row, name: str = NAME, /, **holder: Any) -> dict[str, Any]:
    """An object with the reference of a row."""
    if row.kind_at and (len(row.to) > 1 or row.named):
        holder.setdefault(row.kind_at, row.to[0])
    if row.group_at:
        holder.setdefault(row.group_at, "inference.networking.k8s.io")
    text = text_of(row, name, OWN)
    head, _, annotation = row.path.partition("metadata.annotations.")
    if annotation and not head:
        return {
            "apiVersion": API_OF[row.kind],
            "kind": row.kind,
            "metadata": {"name": "from", "namespace": OWN, "annotations": {annotation: text}},
            "spec": {},
        }
    body = nested(row.path.split("."), holder, text)
    kind = "InferenceService" if row.kind == POD else row.kind
    if row.kind == POD:
        body = {"spec": {"predictor": body}}
    metadata = {"name": "from", "namespace": OWN}
    return {"apiVersion": API_OF.get(kind, "example.org/v1"), "kind": kind, "metadata": metadata, **body}


def target(row: Row, name: str = NAME, *, namespace: str = OWN, kind: str = "", **body: Any) -> dict[str, Any]:
    kind = kind or row.to[0]
    metadata = {"name": name}
    if row.scope != "cluster" and kind not in CLUSTER_KINDS:
        metadata["namespace"] = namespace
    if row.type_:
        body = {"type": row.type_, **body}
    if row.port_at:
        body = {"spec": {"ports": [{"name": "http", "port": 80}]}, **body}
    version = "inference.networking.k8s.io/v1" if row.group_at else GROUPS[row.group]
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **body}


def found(*objects: dict[str, Any]) -> list[Finding]:
    loaded = Loaded(objects=load_values(objects, "generated.yaml"))
    return inspect(loaded, Options(select=["KW519"])).findings


@ROWS
def test_a_name_that_resolves_is_silent(row: Row) -> None:
    assert found(source(row), target(row)) == []
    assert found(source(row), target(row), CONTEXT) == []


@ROWS
def test_a_name_that_is_one_edit_off_is_found(row: Row) -> None:
    (finding,) = found(source(row), target(row, NEAR))
    assert (finding.code, finding.level, finding.object.name) == ("KW519", "warning", "from")
    assert f"but {NEAR}" in finding.message
    assert finding.fix == f"set {finding.path} to {text_of(row, NEAR, OWN)}"


@NOT_CLUSTER
def test_an_object_in_another_namespace_is_found(row: Row) -> None:
    (finding,) = found(source(row), target(row, namespace=OTHER))
    assert finding.level == "warning"
    assert f"is in namespace {OTHER}, not in {OWN}" in finding.message


@ROWS
def test_an_absent_object_is_an_error_only_in_a_complete_set(row: Row) -> None:
    assert found(source(row)) == []
    findings = found(source(row), CONTEXT)
    if row.made or row.covered or set(row.to) & CLUSTER_KINDS == set(row.to[:1]):
        assert findings == []
    else:
        assert [finding.level for finding in findings] == ["error"]


@pytest.mark.parametrize("row", [row for row in TABLE if row.optional_at], ids=lambda row: f"{row.kind}-{row.path}")
def test_an_optional_object_may_be_absent(row: Row) -> None:
    assert found(source(row, **{row.optional_at: True}), target(row, NEAR), CONTEXT) == []


@pytest.mark.parametrize("row", [row for row in TABLE if row.key_at], ids=lambda row: f"{row.kind}-{row.path}")
def test_a_key_that_the_object_lacks_is_found(row: Row) -> None:
    assert found(source(row, **{row.key_at: "token"}), target(row, data={"token": "eA=="})) == []
    (finding,) = found(source(row, **{row.key_at: "token"}), target(row, data={"tokens": "eA=="}))
    assert (finding.level, finding.path.endswith(row.key_at)) == ("error", True)
    assert "has no key token, it has tokens" in finding.message


@pytest.mark.parametrize("row", [row for row in TABLE if row.type_], ids=lambda row: f"{row.kind}-{row.path}")
def test_a_secret_of_another_type_is_found(row: Row) -> None:
    (finding,) = found(source(row), target(row, type="Opaque"))
    assert (finding.level, f"{row.type_} is needed" in finding.message) == ("error", True)


@pytest.mark.parametrize("row", [row for row in TABLE if row.port_at], ids=lambda row: f"{row.kind}-{row.path}")
def test_a_port_that_the_service_lacks_is_found(row: Row) -> None:
    for port in (80, {"number": 80}, {"name": "http"}):
        assert found(source(row, **{row.port_at: port}), target(row)) == []
    for port in (8080, {"number": 8080}, {"name": "grpc"}):
        (finding,) = found(source(row, **{row.port_at: port}), target(row))
        assert "has no such port, it has http (80)" in finding.message


@pytest.mark.parametrize(
    "row", [row for row in TABLE if row.namespace_at and not row.covered], ids=lambda row: f"{row.kind}-{row.path}"
)
def test_a_reference_names_the_namespace(row: Row) -> None:
    assert found(source(row, **{row.namespace_at: OTHER}), target(row, namespace=OTHER)) == []
    (finding,) = found(source(row, **{row.namespace_at: OTHER}), target(row))
    assert f"is in namespace {OWN}, not in {OTHER}" in finding.message


@pytest.mark.parametrize("row", [row for row in TABLE if row.builtin], ids=lambda row: f"{row.kind}-{row.path}")
def test_what_every_cluster_has_needs_no_manifest(row: Row) -> None:
    for name in row.builtin:
        full = f"{name}node-critical" if name[-1] in ":-" else name
        assert found(source(row, full), CONTEXT) == []


ALIKE = [
    ("Secret", "ConfigMap"),
    ("Issuer", "ClusterIssuer"),
    ("SecretStore", "ClusterSecretStore"),
    ("HelmRepository", "GitRepository"),
]


@pytest.mark.parametrize(("right", "wrong"), ALIKE)
def test_an_object_of_another_kind_is_found(right: str, wrong: str) -> None:
    rows = [row for row in TABLE if row.to[0] == right and not row.covered and row.to != ("ConfigMap", "Secret")]
    assert rows
    for row in rows:
        (finding,) = found(source(row), target(row, kind=wrong))
        assert f"there is no {right} of that name, but {wrong}" in finding.message


def test_siblings_are_no_misspelling() -> None:
    row = next(row for row in TABLE if row.path == "serviceAccountName")
    for name, other in (("team-a", "team-b"), ("model-v1", "model-v2"), ("node10", "node1")):
        assert found(source(row, name), target(row, other)) == []


@pytest.mark.parametrize(
    ("name", "other"),
    [("reg", "rge"), ("reg", "regcred"), ("issuer-live", "issuer-dns-live"), ("storage-secret", "storge-secrt")],
)
def test_a_name_that_nothing_else_has_may_be_meant(name: str, other: str) -> None:
    row = next(row for row in TABLE if row.path == "serviceAccountName")
    (finding,) = found(source(row, name), target(row, other))
    assert (finding.level, finding.fix) == ("warning", f"set {finding.path} to {other}")
    used = {**source(row, other), "metadata": {"name": "user", "namespace": OWN}}
    assert found(source(row, name), target(row, other), used) == []


def test_a_service_is_there_for_its_own_sake() -> None:
    row = next(row for row in TABLE if row.kind == "DestinationRule")
    assert found(source(row, "web"), target(row, "webhook")) == []


def test_a_pull_secret_holds_credentials() -> None:
    row = next(row for row in TABLE if row.path == "imagePullSecrets.*.name")
    assert found(source(row, "reg"), target(row, "regcred", type="Opaque")) == []
    (finding,) = found(source(row, "reg"), target(row, "regcred", type="kubernetes.io/dockerconfigjson"))
    assert "but regcred" in finding.message


def test_a_short_host_is_of_the_own_namespace() -> None:
    route = {"route": [{"destination": {"host": NAME, "port": {"number": 80}}}]}
    virtual = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "from", "namespace": OWN},
        "spec": {"hosts": ["example.com"], "http": [route]},
    }
    row = next(row for row in TABLE if row.kind == "VirtualService" and row.port_at)
    assert found(virtual, target(row)) == []
    (finding,) = found(virtual, target(row, namespace=OTHER))
    assert finding.fix == f"set {finding.path} to {NAME}.{OTHER}.svc.cluster.local"


@pytest.mark.parametrize("kind", ["Service", "Deployment"])
def test_a_name_of_an_old_kserve_is_found(kind: str) -> None:
    """HPEEzmeral/AI-Demos#145: the end -default is gone since v0.11."""
    row = next(row for row in TABLE if kind in row.to and row.kind in ("DestinationRule", "HorizontalPodAutoscaler"))
    model = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": NAME, "namespace": OWN},
        "spec": {"predictor": {}},
    }
    assert found(source(row, f"{NAME}-predictor"), model) == []
    (finding,) = found(source(row, f"{NAME}-predictor-default"), model)
    assert f"{NAME}-predictor" in finding.fix
    assert "-default" not in finding.fix
