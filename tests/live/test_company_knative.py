"""A cluster with a Knative of others takes an environment, and every object of that Knative is as before without it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.live.bed import company
from tests.live.bed.api import Object, condition, until
from tests.live.bed.bed import Bed
from tests.live.bed.client import send
from tests.live.bed.diagnosis import gateway_address
from tests.live.bed.environments import Environment
from tests.live.bed.inference import inference, model, pod_of, ready
from tests.live.bed.pulls import Pulls
from tests.live.test_company_cluster import ROLES, changed, preflight

pytestmark = pytest.mark.live
NAMESPACE, ACCOUNT = "models", "inference"
SERVING = "operator.knative.dev/v1beta1/KnativeServing"
READY = "Kubernetes v1.34.4 is ready for environment company-cluster."
ASK = "ask the owner of Knative for what make knative prints"
SERVED = ("knativeserving", "knative-serving", "-n", "knative-serving")
OPERATOR = ("serving-platform", "platform-serving")
# What the owner has set for other teams.
OWN = {
    "version": "1.21.1",
    "config": {
        "domain": {"shop.example": "selector:\n  app: shop\n"},
        "gc": {"min-non-active-revisions": "3"},
    },
}


@pytest.fixture(scope="module")
def prepared(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A cluster with Istio, cert-manager and Knative of other teams, and the environment, not installed."""
    bed.clear()
    bed.reach(Pulls(internet=True))
    bed.rename("cluster.local")
    company.make_ready(bed, tmp_path_factory.mktemp("company"))
    name, namespace = OPERATOR
    for one in (namespace, "knative-serving"):
        bed.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": one}}, manager="teams")
    chart = next(company.CHARTS.glob("knative-operator-*[0-9]"))
    company.helm(bed, "install", name, str(chart), "--namespace", namespace, "--wait")
    body = {"metadata": {"name": "knative-serving", "namespace": "knative-serving"}, "spec": OWN}
    bed.api.apply({"apiVersion": "operator.knative.dev/v1beta1", "kind": "KnativeServing", **body}, manager="teams")
    until("Knative is ready", lambda: serving_is_ready(bed), 300)
    return Environment.generate(bed, "company-cluster", "company-knative", knative_install="existing")


def serving_is_ready(bed: Bed) -> bool:
    found = bed.api.get(SERVING, "knative-serving", "knative-serving")
    observed = found.get("status", {}).get("observedGeneration") == found["metadata"]["generation"]
    return bool(observed and condition(found, "Ready")["status"] == "True")


def patch(bed: Bed, spec: dict[str, Any]) -> None:
    """The owner changes the KnativeServing; null removes a key."""
    text = json.dumps({"spec": spec})
    bed.kubectl(
        "patch", "knativeserving", "knative-serving", "-n", "knative-serving", "--type", "merge", "--patch", text
    )


@pytest.fixture(scope="module")
def before(bed: Bed, prepared: Environment) -> dict[str, Object]:
    """Every object of that cluster, when the owner of Knative has set what `make knative` prints."""
    asked = yaml.safe_load(prepared.make("--no-print-directory", "knative"))["spec"]
    patch(bed, asked)
    until("what was asked for is set", lambda: preflight(prepared) == [READY], 120)
    until("Knative is ready", lambda: serving_is_ready(bed), 60)
    return company.snapshot(bed)


@pytest.fixture(scope="module")
def installed(prepared: Environment, before: dict[str, Object]) -> Environment:
    prepared.install()
    return prepared


def test_preflight_names_every_key_before_the_owner_sets_it(bed: Bed, prepared: Environment) -> None:
    maps, cluster = "ConfigMap knative-serving", "svc.cluster.local"
    assert preflight(prepared) == [
        f"{maps}/config-domain has no key ml.corp.example without a selector: {ASK}",
        f"{maps}/config-features has kubernetes.podspec-init-containers: nothing, not enabled: {ASK}",
        f"{maps}/config-features has kubernetes.podspec-persistent-volume-claim: nothing, not enabled: {ASK}",
        f"{maps}/config-istio has knative-serving/knative-local-gateway with Service "
        f"knative-local-gateway.istio-system.{cluster} without labelSelector in local-gateways, not "
        f"istio-ingress/kserve-local-gateway with Service kserve-local-gateway.istio-ingress.{cluster}: {ASK}",
        f"{maps}/config-istio has knative-serving/knative-ingress-gateway with Service "
        f"istio-ingressgateway.istio-system.{cluster} without labelSelector in external-gateways, not "
        f"edge/kserve-ingress-gateway with Service istio-ingressgateway.edge.{cluster}: {ASK}",
    ]


# A change of the owner, what takes it back, and the end of the line.
WRONG: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "domain": (
        {"config": {"domain": {"ml.corp.example": None}}},
        {"config": {"domain": {"ml.corp.example": ""}}},
        f"config-domain has no key ml.corp.example without a selector: {ASK}",
    ),
    "scheme": (
        {"config": {"network": {"default-external-scheme": "https"}}},
        {"config": {"network": {"default-external-scheme": "http"}}},
        f"config-network has default-external-scheme: https, not http: {ASK}",
    ),
}


@pytest.mark.parametrize("key", WRONG)
def test_preflight_names_one_wrong_key(bed: Bed, prepared: Environment, before: dict[str, Object], key: str) -> None:
    change, back, end = WRONG[key]
    line = f"ConfigMap knative-serving/{end}"
    patch(bed, change)
    try:
        until(line, lambda: preflight(prepared) == [line], 60)
    finally:
        patch(bed, back)
    until("ready again", lambda: preflight(prepared) == [READY], 60)
    until("nothing differs", lambda: changed(bed, before) == {}, 30)


def test_nothing_of_knative_is_installed(bed: Bed, before: dict[str, Object], installed: Environment) -> None:
    found = json.loads(company.helm(bed, "list", "--all-namespaces", "--output", "json"))
    own = {release["name"] for release in installed.releases}
    assert {item["name"] for item in found} == own | set(company.RELEASES) | {OPERATOR[0]}
    assert "knative-operator" not in own
    assert set(changed(bed, before)) <= ROLES


def test_a_model_runs_on_it(bed: Bed, installed: Environment) -> None:
    with inference(bed, NAMESPACE, model(installed.answers), "knative", ACCOUNT) as name:
        until("its Pod runs", lambda: pod_of(bed, NAMESPACE, name)["status"]["phase"] == "Running", 60)


@pytest.mark.net_istio
def test_a_request_goes_through_it(bed: Bed, installed: Environment) -> None:
    with inference(bed, NAMESPACE, model(installed.answers), "asked", ACCOUNT) as name:
        ready(bed, NAMESPACE, name)
        address, host = gateway_address(bed, "ingressgateway"), f"{name}.{NAMESPACE}.ml.corp.example"
        until("200", lambda: send(address, 8080, host).outcome == "200", 20)


def test_uninstall_leaves_every_object_of_it(bed: Bed, before: dict[str, Object], installed: Environment) -> None:
    bed.remove_models()
    installed.uninstall()
    until("nothing of others differs", lambda: changed(bed, before) == {}, 30)
    remove_knative(bed)
    company.remove(bed)


def remove_knative(bed: Bed) -> None:
    bed.kubectl("delete", *SERVED, "--cascade=foreground")
    company.helm(bed, "uninstall", OPERATOR[0], "--namespace", OPERATOR[1], "--wait")
