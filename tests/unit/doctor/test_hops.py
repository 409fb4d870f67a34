"""Where a request enters the cluster, by the objects alone."""

from __future__ import annotations

from typing import Any

import pytest

from kserve_wiring.doctor.hops import Hops, Request, UnknownEntryError, ready_path
from kserve_wiring.manifests.load import load_values
from tests.unit.doctor.routed import DOMAIN, Object, alias, cluster, config, gateway, made, model, pod, service


def entries(objects: list[Object]) -> list[tuple[str, str, str]]:
    """For each request: its side, its URL, and where it enters."""
    loaded = load_values(objects)
    hops = Hops(loaded)
    found = []
    for one in hops.requests(next(item for item in loaded if item.kind == "InferenceService")):
        assert isinstance(one, Request), one
        entry = one.entry
        where = entry.why or (entry.pod and f"{entry.pod.name}:{entry.port}")
        found.append((one.side, one.url.geturl(), str(where)))
    return found


def replaced(objects: list[Object], *others: Object) -> list[Object]:
    """The objects, with others in place of those with their kind and name."""

    def key(item: Object) -> tuple[str, str]:
        return item["kind"], item["metadata"]["name"]

    changed = {key(item) for item in others}
    return [*(item for item in objects if key(item) not in changed), *others]


PREDICTOR = f"http://iris-predictor.models.{DOMAIN}/v1/models/iris"
INSIDE = f"http://iris.models.{DOMAIN}/v1/models/iris"
OUTSIDE = "http://iris.models.ml.example.com/v1/models/iris"


def test_each_request_enters_at_its_gateway() -> None:
    assert entries(cluster()) == [
        ("inside", PREDICTOR, "ml-local-1:8081"),
        ("inside", INSIDE, "ml-local-1:8081"),
        ("outside", OUTSIDE, "ingress-1:8080"),
    ]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (alias("iris", f"absent.ml-gateway.{DOMAIN}"), f"Could not resolve host: absent.ml-gateway.{DOMAIN}"),
        (alias("iris", "ml-local.ml-gateway.svc.corp.local"), "Could not resolve host: ml-local.ml-gateway.svc.corp"),
        (alias("iris", f"iris.models.{DOMAIN}"), f"Could not resolve host: iris.models.{DOMAIN}"),
        (alias("iris", "iris.models.example.com"), "Could not resolve host: iris.models.example.com"),
        (service("ml-local", "ml-gateway", 8080, 8081, {"istio": "ml-local"}), "port 80: Connection refused"),
        (service("ml-local", "ml-gateway", 80, 8081, {"istio": "x"}), 'no endpoints available for service "ml-gateway'),
        (service("ml-local", "ml-gateway", 80, 8081, {}), "no endpoints available"),
    ],
)
def test_what_a_client_inside_sees(change: Object, why: str) -> None:
    found = {url: where for _, url, where in entries(replaced(cluster(), change))}
    assert why in found[INSIDE]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (config(ingressGateway="istio-system/absent"), "Gateway istio-system/absent: Connection refused; it does not"),
        (gateway("ingress", "istio-system", (443, "HTTPS")), "no http server"),
        (pod("ingress-1", "istio-system", {"istio": "x"}), "it selects no ready Pod"),
        (gateway("ingress", "istio-system", (8080, "HTTP")), "ingress-1:8080"),
    ],
)
def test_what_a_client_outside_sees(change: Object, where: str) -> None:
    assert where in entries(replaced(cluster(), change))[-1][2]


def test_the_domain_leads_to_the_gateway_of_knative() -> None:
    data = {"external-gateways": f"- {{name: other, namespace: x, service: ml-local.ml-gateway.{DOMAIN}}}\n"}
    found = entries([*cluster(), made("ConfigMap", "config-istio", "knative-serving", data=data)])
    assert found[-1][2] == "ml-local-1:8081"


@pytest.mark.parametrize("by", ["label", "address", "load balancer"])
def test_a_gateway_of_the_gateway_api(by: str) -> None:
    found: Object = {"listeners": []}
    behind = service("models-istio", "gateways", 80, 8000, {"app": "models"})
    status: Object = {}
    if by == "label":
        behind["metadata"]["labels"] = {"gateway.networking.k8s.io/gateway-name": "models"}
    elif by == "address":
        found["addresses"] = [{"type": "Hostname", "value": f"models-istio.gateways.{DOMAIN}"}]
    else:
        behind["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
        status = {"addresses": [{"value": "192.0.2.1"}]}
    more = [
        config(enableGatewayApi=True, kserveIngressGateway="gateways/models"),
        made("Gateway", "models", "gateways", "gateway.networking.k8s.io/v1", spec=found, status=status),
        behind,
        pod("models-1", "gateways", {"app": "models"}),
    ]
    assert entries(replaced(cluster(), *more))[-1][2] == "models-1:8000"


def standard(*more: Object, **ingress: Any) -> list[Object]:
    """The model in Standard mode, whose URL outside KServe writes whether it has a route or not."""
    one = model()
    one["metadata"]["annotations"] = {"serving.kserve.io/deploymentMode": "Standard"}
    return replaced(cluster(), one, config(**ingress), *more)


def ingress_class(name: str, controller: str) -> Object:
    return made("IngressClass", name, "", "networking.k8s.io/v1", spec={"controller": controller})


def ingress(address: str) -> Object:
    status = {"loadBalancer": {"ingress": [{"ip": address}]}}
    return made("Ingress", "iris", "models", "networking.k8s.io/v1", status=status)


@pytest.mark.parametrize(
    ("label", "where"),
    [("ingress", "ingress-1:8080"), ("other", "Connection refused; no ready Pod is labelled istio: other")],
)
def test_istiod_gives_ingresses_to_the_pods_with_its_label(label: str, where: str) -> None:
    mesh = made("ConfigMap", "istio", "istio-system", data={"mesh": f"ingressSelector: {label}\n"})
    more = (ingress_class("istio", "istio.io/ingress-controller"), mesh)
    assert where in entries(standard(*more, ingressClassName="istio"))[-1][2]


def test_the_controller_of_another_class_is_behind_the_address_of_the_ingress() -> None:
    behind = service("nginx", "edge", 80, 8000, {"app": "nginx"})
    behind["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    more = (ingress_class("nginx", "k8s.io/ingress-nginx"), behind, pod("nginx-1", "edge", {"app": "nginx"}))
    assert entries(standard(*more, ingress("192.0.2.1"), ingressClassName="nginx"))[-1][2] == "nginx-1:8000"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ([], "KServe has made no Ingress, or it cannot be seen"),
        ([ingress("192.0.2.9")], "no Service has the address of Ingress models/iris"),
    ],
)
def test_who_serves_an_ingress_may_not_be_seen(more: list[Object], why: str) -> None:
    loaded = load_values(standard(*more, ingressClassName="nginx"))
    *_, found = Hops(loaded).requests(next(one for one in loaded if one.kind == "InferenceService"))
    assert (type(found), str(found)) == (UnknownEntryError, f"request to {OUTSIDE}: {why}")


@pytest.mark.parametrize("internal", [True, False])
def test_a_model_without_a_route_is_not_asked_from_outside(internal: bool) -> None:
    objects = standard(disableIngressCreation=not internal)
    if internal:
        one = next(item for item in objects if item["kind"] == "InferenceService")
        one["metadata"]["labels"] = {"networking.kserve.io/visibility": "cluster-local"}
    assert [side for side, _, _ in entries(objects)] == ["inside", "inside"]


def test_what_the_objects_do_not_show() -> None:
    loaded = load_values([model()])
    (found,) = Hops(loaded).requests(loaded[0])
    assert isinstance(found, UnknownEntryError)
    assert "no Pod of the cluster can be seen" in str(found)


@pytest.mark.parametrize(
    ("predictor", "path"),
    [
        ({"model": {"modelFormat": {"name": "x"}, "protocolVersion": "v2"}}, "/v2/models/iris/ready"),
        ({"sklearn": {"storageUri": "s3://m"}}, "/v1/models/iris"),
        ({"triton": {"storageUri": "s3://m"}}, "/v2/models/iris/ready"),
        ({"containers": [{"name": "kserve-container"}]}, "/"),
    ],
)
def test_ready_path(predictor: dict[str, Any], path: str) -> None:
    assert ready_path(load_values([model(**predictor)])[0]) == path


def test_a_question_about_a_namespace_does_not_make_it_seen() -> None:
    only = [one for one in cluster() if one["metadata"]["namespace"] in ("ml-gateway", "models")]
    only = [one for one in only if (one["kind"], one["metadata"]["namespace"]) != ("Pod", "models")]
    hops = Hops(load_values([*only, service("x", "models", 80, 80, {})]))
    assert hops.of_service("models", "x", 80).why == 'no endpoints available for service "models/x"'
    assert not hops.sees_all_namespaces
