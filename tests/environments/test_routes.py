"""What KServe and istiod make of the settings for routes: Go programs with their own functions judge the examples."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.istio_ingress import NAMESPACE, ingress_meshes
from kserve_wiring.manifests.load import load_values
from tests.environments.conftest import Render
from tests.template.conftest import EXAMPLES
from tests.upstream.functions import ISTIO, WEBHOOKS, Upstream
from tools.upstream.helm import Helm

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="Go is missing, which builds upstream's functions")
Object = dict[str, Any]
Objects = Callable[[str], list[Object]]
CLASS = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "istio"}}
GATEWAY = "istio-ingress/kserve-ingress-gateway"
ADDRESS = {"ip": "192.0.2.1"}


@pytest.fixture(scope="module")
def istiod() -> Iterator[Upstream]:
    running = Upstream(ISTIO)
    yield running
    running.close()


@pytest.fixture(scope="module")
def kserve() -> Iterator[Upstream]:
    running = Upstream(WEBHOOKS)
    yield running
    running.close()


@pytest.fixture
def objects(rendered: Render, newest_helm: Helm) -> Objects:
    def of(example: str) -> list[Object]:
        path: Path = next(path for path in EXAMPLES if path.stem == example)
        return [item for one in rendered(path, newest_helm) for item in one.objects() if not one.partial]

    return of


def named(objects: list[Object], kind: str, name: str) -> Object:
    (found,) = [one for one in objects if one["kind"] == kind and one["metadata"]["name"] == name]
    return found


def routes(kserve: Upstream, objects: list[Object]) -> Object:
    return kserve.ask("routes", json.dumps(named(objects, "ConfigMap", "inferenceservice-config")))


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        ("standard-gateway-api", {"enableGatewayApi": True, "kserveIngressGateway": GATEWAY}),
        ("standard-ingress", {"ingressClassName": "istio"}),
        ("standard-ingress-of-others", {"ingressClassName": "nginx"}),
        ("standard-without-routes", {"disableIngressCreation": True}),
    ],
)
def test_kserve_reads_the_routes_of_the_answers(
    kserve: Upstream, objects: Objects, example: str, expected: Object
) -> None:
    found = routes(kserve, objects(example))
    decides = {"enableGatewayApi": False, "disableIngressCreation": False, "disableIstioVirtualHost": True}
    assert {key: found.get(key, False) for key in decides | expected} == decides | expected
    assert found["ingressGateway"]


def test_istiod_serves_the_ingresses_of_kserve(kserve: Upstream, istiod: Upstream, objects: Objects) -> None:
    """Class, label, Service and namespace, each from the object that has it."""
    everything = objects("standard-ingress")
    gateway = named(everything, "Deployment", "kserve-ingress-gateway")
    service = named(everything, "Service", "kserve-ingress-gateway")
    pilot = named(everything, "Deployment", "istiod")["spec"]["template"]["spec"]["containers"][0]
    asked = {
        "mesh": named(everything, "ConfigMap", "istio")["data"]["mesh"],
        "namespace": next(item["value"] for item in pilot["env"] if item["name"] == NAMESPACE),
        "ingress": ingress(routes(kserve, everything)["ingressClassName"]),
        "classes": [one for one in everything if one["kind"] == "IngressClass"],
        "services": [service | {"status": {"loadBalancer": {"ingress": [ADDRESS]}}}],
    }
    found = istiod.ask("ingress", json.dumps(asked))
    labels = gateway["spec"]["template"]["metadata"]["labels"]
    assert found["selector"].items() <= labels.items()
    assert (found["ports"], found["status"]) == ([80], [ADDRESS])
    assert istiod.ask("ingress", json.dumps(asked | {"classes": []}))["selector"] is None


NAMES = ("", "istio-ingressgateway", "ml", "ingressgateway")


@pytest.mark.parametrize(("selector", "service"), list(itertools.product(NAMES, NAMES)))
def test_the_label_that_istiod_looks_for(istiod: Upstream, selector: str, service: str) -> None:
    mesh = yaml.safe_dump({"ingressSelector": selector, "ingressService": service})
    controller = CLASS | {"spec": {"controller": "istio.io/ingress-controller"}}
    asked = {"mesh": mesh, "namespace": "a", "ingress": ingress("istio"), "classes": [controller], "services": []}
    meta = {"name": "istio", "namespace": "istio-system"}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"mesh": mesh}}
    (ours,) = ingress_meshes(Cluster(load_values([config]), Facts()))
    assert istiod.ask("ingress", json.dumps(asked))["selector"] == {"istio": ours.label[0]}


def ingress(class_name: str) -> Object:
    """As KServe writes it (reconcilers/ingress/kube_ingress_reconciler.go, createRawIngress)."""
    backend = {"service": {"name": "iris-predictor", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    rule = {"host": "iris-vision.ml.corp.local", "http": {"paths": paths}}
    meta = {"name": "iris", "namespace": "vision"}
    return {"metadata": meta, "spec": {"ingressClassName": class_name, "rules": [rule]}}
