"""Where the real operator puts its stock Service, by what config-istio says: why our gateways are own ones.

Operators 1.21 and 1.23, one at a time. No gateway has to run for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cluster.bed.api import Object, until
from tests.cluster.bed.bed import Bed
from tests.cluster.bed.environments import Environment
from tests.cluster.bed.pulls import Pulls

pytestmark = pytest.mark.cluster
SERVING = "operator.knative.dev/v1beta1/KnativeServing"
NAMESPACE, OWN = "knative-serving", "istio-gw"
STACKS = {"1.21": "kserve-0.20", "1.23": "knative-1.23"}


def entry(name: str, namespace: str, service: str) -> dict[str, str]:
    """config-istio with one structured entry."""
    host = f"{service}.{OWN}.svc.cluster.local"
    return {"local-gateways": json.dumps([{"name": name, "namespace": namespace, "service": host}])}


LEGACY = {
    "gateway.knative-serving.knative-ingress-gateway": f"ingress.{OWN}.svc.cluster.local",
    "local-gateway.knative-serving.knative-local-gateway": f"knative-local-gateway.{OWN}.svc.cluster.local",
}
# Layout, config-istio, namespace of the stock Service.
LAYOUTS = [
    pytest.param({}, "istio-system", id="A: nothing said"),
    pytest.param(LEGACY, OWN, id="B: legacy key"),
    pytest.param(entry("ml-local", OWN, "ml-local"), "istio-system", id="C: own Gateway"),
    pytest.param(entry("knative-local-gateway", NAMESPACE, "knative-local-gateway"), NAMESPACE, id="dangling (KW408)"),
    pytest.param(entry("knative-local-gateway", OWN, "knative-local-gateway"), OWN, id="no such Gateway (KW408)"),
]


@pytest.fixture(scope="module", params=STACKS)
def operator(bed: Bed, generated: Environment, request: pytest.FixtureRequest) -> Iterator[str]:
    """A cluster with Istio's CRDs and one operator; its minor version."""
    generated.make("uninstall")
    pulls, bed.kubelet.pulls = bed.kubelet.pulls, Pulls(internet=True)
    made = Environment.generate(bed, "minimal", f"layouts-{request.param}", stack=STACKS[request.param])
    made.make(*(f"install-{name}" for name in ("kserve-prerequisites", "istio-base", "knative-operator")))
    bed.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OWN}})
    bed.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    yield request.param
    # Its finalizer needs the operator.
    remove(bed)
    made.make("uninstall")
    bed.kubelet.pulls = pulls


@pytest.mark.parametrize(("config", "namespace"), LAYOUTS)
def test_stock_service(bed: Bed, operator: str, config: dict[str, str], namespace: str) -> None:
    for item in stock(bed):
        bed.api.delete("v1/Service", "knative-local-gateway", item["metadata"]["namespace"])
    apply(bed, "1.21.1", config)
    until(f"the stock Service in {namespace}", lambda: places(bed) == [namespace], 60)


@pytest.mark.parametrize("version", ["1.20.3", "1.21.1", "1.22.1", "1.23.0"])
def test_version(bed: Bed, operator: str, version: str) -> None:
    """Operator 1.23 installs 1.20 to 1.23, operator 1.21 up to its own."""
    if version > f"{operator}.9":
        pytest.skip(f"operator {operator} has no manifests of {version}")
    remove(bed)
    apply(bed, version, entry("ml-local", OWN, "ml-local"))
    label = "app.kubernetes.io/version"

    def installed() -> bool:
        found = bed.api.find("apps/v1/Deployment", "controller", NAMESPACE)
        return found is not None and found["metadata"]["labels"].get(label) == version

    until(f"Knative {version}", installed, 60)


def test_two_minors_at_once(bed: Bed, operator: str) -> None:
    """From 1.21 to 1.23 in one step, as from stack kserve-0.20 to knative-1.23, the operator refuses."""
    if operator == "1.21":
        pytest.skip("operator 1.21 has no manifests of 1.23")
    remove(bed)
    apply(bed, "1.21.1", {})
    until("1.21.1", lambda: bed.api.get(SERVING, "knative-serving", NAMESPACE)["status"].get("version") == "1.21.1", 90)
    apply(bed, "1.23.0", {})

    def refused() -> bool:
        listed = bed.api.get(SERVING, "knative-serving", NAMESPACE)["status"]["conditions"]
        return any(
            "not supported to upgrade or downgrade across multiple MINOR" in c.get("message", "") for c in listed
        )

    until("the operator refuses", refused, 60)


def test_the_chart_refuses_the_stock_name(generated: Environment) -> None:
    """The two layouts that cannot work never reach a cluster."""
    arguments = ["template", "x", "charts/kserve-environment", "--values", "values/kserve-environment.yaml"]
    done = generated.helm(*arguments, "--set", "gateways.local.name=knative-local-gateway", check=False)
    assert "[KW408]" in done.stderr


def apply(bed: Bed, version: str, config: dict[str, str]) -> None:
    """A KnativeServing with nothing but a version and config-istio."""
    spec = {"version": version, "ingress": {"istio": {"enabled": True}}, "config": {"istio": config}}
    meta = {"name": "knative-serving", "namespace": NAMESPACE}
    bed.api.apply(
        {"apiVersion": "operator.knative.dev/v1beta1", "kind": "KnativeServing", "metadata": meta, "spec": spec}
    )


def remove(bed: Bed) -> None:
    """Takes Knative away. Its namespace stays: the operator deletes only what it has made itself."""
    bed.api.delete(SERVING, "knative-serving", NAMESPACE)
    until("KnativeServing is gone", lambda: bed.api.find(SERVING, "knative-serving", NAMESPACE) is None, 60)
    until("Knative is gone", lambda: bed.api.list("apps/v1/Deployment", NAMESPACE) == [], 60)


def stock(bed: Bed) -> list[Object]:
    return [item for item in bed.api.list("v1/Service") if item["metadata"]["name"] == "knative-local-gateway"]


def places(bed: Bed) -> list[str]:
    return [item["metadata"]["namespace"] for item in stock(bed)]
