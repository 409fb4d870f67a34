"""The strict validation: real objects pass, and each kind of defect is named with object, path and reason."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from kserve_wiring.manifests.helm import HelmCall
from tools import stacks
from tools.environment import schema
from tools.environment.render import template
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

Object = dict[str, Any]

DEPLOYMENT: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop", "labels": None},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}, "creationTimestamp": None},
            "spec": {
                "containers": [
                    {
                        "name": "web",
                        "image": "registry.example/web:1",
                        "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}],
                        "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
                        "livenessProbe": {"httpGet": {"port": "http"}},
                    }
                ]
            },
        },
    },
}
GATEWAY: Object = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "Gateway",
    "metadata": {"name": "local", "namespace": "mesh"},
    "spec": {
        "selector": {"app": "local"},
        "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}],
    },
}
RULE: Object = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "DestinationRule",
    "metadata": {"name": "out", "namespace": "mesh"},
    "spec": {"host": "a.example", "trafficPolicy": {"loadBalancer": {"simple": "LEAST_REQUEST"}}},
}


def rendered(folder: Path, helm: Helm, *values: Path) -> list[Object]:
    """The objects of a chart."""
    return template(HelmCall("test", "test", folder, values), helm).objects()


@pytest.fixture(scope="module")
def crds(upstream_charts: Callable[[str], Upstream], newest_helm: Helm) -> list[Object]:
    """The CRDs of Istio and of KServe."""
    charts = upstream_charts(stacks.DEFAULT).folders
    folders = (charts["base", "1.27.1"], charts["kserve-crd", "v0.20.0"])
    objects = [item for folder in folders for item in rendered(folder, newest_helm)]
    return [item for item in objects if item["kind"] == "CustomResourceDefinition"]


@pytest.fixture(scope="module")
def problems(crds: list[Object], openapi: Path) -> Callable[[Object], list[str]]:
    """A function that gives the problems of one object, as text."""
    validator = schema.Validator(crds, openapi)
    return lambda item: [str(problem) for problem in validator.check(item)]


def changed(item: Object, path: str, value: Any) -> Object:
    """A copy with one value set, or removed when the value is ...; the path is like a.b.0.c."""
    copy = deepcopy(item)
    *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    node: Any = copy
    for step in parents:
        node = node[step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return copy


@pytest.mark.parametrize("item", [DEPLOYMENT, GATEWAY, RULE], ids=lambda item: item["kind"])
def test_a_right_object_has_no_problems(problems: Callable[[Object], list[str]], item: Object) -> None:
    assert problems(item) == []


CONTAINER = "spec.template.spec.containers.0"
DEFECTS = {
    "unknown field in a built-in kind": (
        changed(DEPLOYMENT, f"{CONTAINER}.imagePullPolicies", "Always"),
        "Deployment shop/web: spec.template.spec.containers[0].imagePullPolicies is an unknown field; "
        "did you mean imagePullPolicy?",
    ),
    "unknown field in a custom resource": (
        changed(GATEWAY, "spec.servers.0.host", ["*"]),
        "Gateway mesh/local: spec.servers[0].host is an unknown field; did you mean hosts?",
    ),
    "unknown field in the metadata of a custom resource": (
        changed(GATEWAY, "metadata.label", {}),
        "Gateway mesh/local: metadata.label is an unknown field; did you mean labels?",
    ),
    "unknown field at the root": (
        changed(GATEWAY, "specs", {}),
        "Gateway mesh/local: specs is an unknown field; did you mean spec?",
    ),
    "wrong type in a built-in kind": (
        changed(DEPLOYMENT, "spec.replicas", "1"),
        'Deployment shop/web: spec.replicas is "1" but must be an integer',
    ),
    "a boolean is no integer": (
        changed(DEPLOYMENT, "spec.replicas", True),
        "Deployment shop/web: spec.replicas is true but must be an integer",
    ),
    "wrong type in a custom resource": (
        changed(GATEWAY, "spec.servers.0.hosts", "*"),
        'Gateway mesh/local: spec.servers[0].hosts is "*" but must be a list',
    ),
    "label that YAML reads as a boolean": (
        changed(GATEWAY, "metadata.labels", {"offline": True}),
        "Gateway mesh/local: metadata.labels.offline is true but must be a string",
    ),
    "null in a custom resource": (
        changed(GATEWAY, "spec.servers.0.hosts", [None]),
        "Gateway mesh/local: spec.servers[0].hosts[0] is null but must be a string",
    ),
    "missing required field in a built-in kind": (
        changed(DEPLOYMENT, "spec.selector", ...),
        "Deployment shop/web: spec.selector is required but missing",
    ),
    "missing required field in a custom resource": (
        changed(GATEWAY, "spec.servers.0.port.name", ...),
        "Gateway mesh/local: spec.servers[0].port.name is required but missing",
    ),
    "missing name": (
        changed(DEPLOYMENT, "metadata.name", ...),
        "Deployment shop/(no name): metadata.name is required but missing",
    ),
    "malformed quantity": (
        changed(DEPLOYMENT, f"{CONTAINER}.resources.limits.memory", "1GB"),
        "Deployment shop/web: spec.template.spec.containers[0].resources.limits.memory is "
        '"1GB" but must be a quantity such as 500m or 1Gi',
    ),
    "value outside the enumeration": (
        changed(GATEWAY, "spec.servers.0.tls", {"mode": "SIMPEL"}),
        'Gateway mesh/local: spec.servers[0].tls.mode is "SIMPEL" but must be one of "PASSTHROUGH", "SIMPLE", '
        '"MUTUAL", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL", "OPTIONAL_MUTUAL"',
    ),
    "two alternatives at once": (
        changed(RULE, "spec.trafficPolicy.loadBalancer.consistentHash", {"useSourceIp": True}),
        "DestinationRule mesh/out: spec.trafficPolicy.loadBalancer must have exactly one of simple, consistentHash",
    ),
    "number below the minimum": (
        changed(GATEWAY, "spec.servers.0.port.number", -1),
        "Gateway mesh/local: spec.servers[0].port.number is -1 but the minimum is 0",
    ),
    "the same port twice": (
        changed(DEPLOYMENT, f"{CONTAINER}.ports.1.protocol", "TCP"),
        "Deployment shop/web: spec.template.spec.containers[0].ports[1] is a second entry with "
        '{"containerPort": 80, "protocol": "TCP"}',
    ),
    "unknown kind": (
        {"apiVersion": "example.com/v1", "kind": "Gatewey", "metadata": {"name": "x"}},
        "Gatewey x: is of an unknown kind: there is no example.com/v1 Gatewey in Kubernetes and no CRD for it",
    ),
    "unknown kind of a known group": (
        changed(DEPLOYMENT, "kind", "Deploiment"),
        "Deploiment shop/web: is of an unknown kind: there is no apps/v1 Deploiment in Kubernetes and no CRD for it",
    ),
    "version that the CRD does not have": (
        changed(GATEWAY, "apiVersion", "networking.istio.io/v2"),
        "Gateway mesh/local: apiVersion is networking.istio.io/v2 but the CRD has v1, v1alpha3, v1beta1",
    ),
    "no kind": ({"metadata": {"name": "x"}}, "(no kind) x: has no apiVersion and kind"),
}


@pytest.mark.parametrize(("item", "expected"), DEFECTS.values(), ids=DEFECTS.keys())
def test_one_defect_is_named(problems: Callable[[Object], list[str]], item: Object, expected: str) -> None:
    assert problems(item) == [expected]


@pytest.mark.parametrize(("group", "kind"), sorted(schema.ABSENT))
def test_kinds_of_software_that_is_not_brought_are_let_pass(
    problems: Callable[[Object], list[str]], group: str, kind: str
) -> None:
    assert problems({"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "x"}, "spec": {"any": 1}}) == []


def test_embedded_pod_templates_of_kserve_are_validated(problems: Callable[[Object], list[str]]) -> None:
    service = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "flowers", "namespace": "vision"},
        "spec": {"predictor": {"containers": [{"name": "kserve-container", "imagee": "x"}]}},
    }
    assert problems(service) == [
        "InferenceService vision/flowers: spec.predictor.containers[0].imagee is an unknown field; did you mean image?"
    ]


@pytest.mark.parametrize("stack", stacks.names())
def test_upstream_charts_are_valid(
    stack: str, upstream_charts: Callable[[str], Upstream], newest_helm: Helm, openapi: Path, tmp_path: Path
) -> None:
    with_crds = tmp_path / "values.yaml"
    with_crds.write_text("crds: {enabled: true}\n", encoding="utf-8")
    objects = []
    for (name, _), folder in upstream_charts(stack).folders.items():
        objects += rendered(folder, newest_helm, *([with_crds] if name == "cert-manager" else []))
    kinds = [item["kind"] for item in objects]
    assert kinds.count("CustomResourceDefinition") >= 28
    assert [str(problem) for problem in schema.validate(objects, openapi)] == []
