"""Where the real operator puts its stock Service, depending on config-istio: the reason for our own gateways.

Operators 1.21 and 1.23, one at a time. Needs no running gateway.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.live.bed.api import Object, condition, until
from tests.live.bed.bed import Bed
from tests.live.bed.environments import Environment
from tests.live.bed.pulls import Pulls

pytestmark = pytest.mark.live
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
    pytest.param({}, "istio-system", id="A: default"),
    pytest.param(LEGACY, OWN, id="B: legacy key"),
    pytest.param(entry("ml-local", OWN, "ml-local"), "istio-system", id="C: own Gateway"),
    pytest.param(entry("knative-local-gateway", NAMESPACE, "knative-local-gateway"), NAMESPACE, id="dangling (KW408)"),
    pytest.param(entry("knative-local-gateway", OWN, "knative-local-gateway"), OWN, id="no such Gateway (KW408)"),
]


@pytest.fixture(scope="module")
def empty(bed: Bed) -> Iterator[None]:
    """A cluster with Istio's CRDs, the namespaces, and no Knative. All images can be pulled."""
    bed.clear()
    bed.reach(Pulls(internet=True))
    bed.rename("cluster.local")
    made = of_stack(bed, "1.21")
    bed.installed = made
    made.make("install-kserve-prerequisites", "install-istio-base")
    bed.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OWN}})
    yield
    # Its finalizer needs the operator.
    bed.api.delete(SERVING, "knative-serving", NAMESPACE)
    until("KnativeServing is gone", lambda: bed.api.find(SERVING, "knative-serving", NAMESPACE) is None, 60)
    bed.clear()


@pytest.fixture(scope="module", params=STACKS)
def operator(bed: Bed, empty: None, request: pytest.FixtureRequest) -> str:
    """Each operator, the later one replacing the earlier one; its minor version."""
    of_stack(bed, request.param).make("install-knative-operator")
    # For the same version of Knative the later operator has other Jobs.
    remove_jobs(bed)
    return str(request.param)


@pytest.mark.rule("KW408")
@pytest.mark.parametrize(("config", "namespace"), LAYOUTS)
def test_stock_service(bed: Bed, operator: str, config: dict[str, str], namespace: str) -> None:
    for item in stock(bed):
        bed.api.delete("v1/Service", "knative-local-gateway", item["metadata"]["namespace"])
    apply(bed, "1.21.1", config)
    # It may be in its old namespace too: the operator may recreate it before it reads the new settings.
    until(f"the stock Service in {namespace}", lambda: namespace in places(bed), 60)


# The versions that each operator installs, and its message for those that it does not. Starts with Knative 1.21.
TWO_MINORS = "not supported to upgrade or downgrade across multiple MINOR versions"
STEPS = {
    "1.21": {"1.22.1": "the manifests of the target version 1.22.1 are not available", "1.20.3": "", "1.21.1": ""},
    # From 1.21 to 1.23 as from stack kserve-0.20 to knative-1.23: `make install` installs 1.22 in between.
    "1.23": {"1.20.3": "", "1.21.1": "", "1.23.0": TWO_MINORS, "1.22.1": "", "1.23": ""},
}


@pytest.mark.rule("KW503")
def test_versions(bed: Bed, operator: str) -> None:
    """One minor version at a time, and only those whose manifests the operator has."""
    for version, refusal in STEPS[operator].items():
        apply(bed, version, entry("ml-local", OWN, "ml-local"))
        if refusal:
            until(f"{version} is refused", lambda text=refusal: text in messages(bed), 60)
        else:
            until(f"Knative {version}", lambda wanted=version: installed(bed).startswith(wanted), 120)


@pytest.mark.rule("KW408")
def test_the_chart_refuses_the_stock_name(generated: Environment) -> None:
    """The two layouts that cannot work never reach a cluster."""
    arguments = ["template", "x", "charts/kserve-environment", "--values", "values/kserve-environment.yaml"]
    done = generated.helm(*arguments, "--set", "gateways.local.name=knative-local-gateway", check=False)
    assert "[KW408]" in done.stderr


def apply(bed: Bed, version: str, config: dict[str, str]) -> None:
    """Apply a KnativeServing with only a version and config-istio."""
    spec = {"version": version, "ingress": {"istio": {"enabled": True}}, "config": {"istio": config}}
    meta = {"name": "knative-serving", "namespace": NAMESPACE}
    body = {"apiVersion": "operator.knative.dev/v1beta1", "kind": "KnativeServing", "metadata": meta, "spec": spec}
    if bed.api.find(SERVING, "knative-serving", NAMESPACE):
        bed.api.patch(SERVING, "knative-serving", NAMESPACE, [{"op": "replace", "path": "/spec", "value": spec}])
    else:
        bed.api.create(body)


def remove_jobs(bed: Bed) -> None:
    """Jobs are immutable, and the operator stops at one that it would change."""
    for job in bed.api.list("batch/v1/Job", NAMESPACE):
        bed.api.delete("batch/v1/Job", job["metadata"]["name"], NAMESPACE)


def of_stack(bed: Bed, operator: str) -> Environment:
    """`minimal` with the stack that has this operator."""
    return Environment.generate(bed, "minimal", f"layouts-{operator}", stack=STACKS[operator])


def installed(bed: Bed) -> str:
    """The installed and ready version of Knative, or ""."""
    serving = bed.api.get(SERVING, "knative-serving", NAMESPACE)
    status = serving.get("status", {})
    seen = status.get("observedGeneration") == serving["metadata"]["generation"]
    return str(status.get("version", "")) if seen and condition(serving, "Ready")["status"] == "True" else ""


def messages(bed: Bed) -> str:
    """The messages in the conditions of KnativeServing."""
    listed = bed.api.get(SERVING, "knative-serving", NAMESPACE).get("status", {}).get("conditions", [])
    return "; ".join(item.get("message", "") for item in listed)


def stock(bed: Bed) -> list[Object]:
    return [item for item in bed.api.list("v1/Service") if item["metadata"]["name"] == "knative-local-gateway"]


def places(bed: Bed) -> list[str]:
    return [item["metadata"]["namespace"] for item in stock(bed)]
