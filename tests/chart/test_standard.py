"""Standard mode without Knative: the Gateway of the Gateway API, what KServe reads of it, and what is left out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.chart.conftest import Chart, Object, Values, merged, named, only

Render = Callable[[Values], list[Object]]
PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
API = "gateway.networking.k8s.io/v1"
FACTS = re.compile(r"(existing_)?knative(_(operator_)?version)?\"")  # of the checker


def config(objects: list[Object], key: str) -> Any:
    return json.loads(only(objects, "ConfigMap", "inferenceservice-config")["data"][key])


def listener(name: str, port: int, **more: Any) -> dict[str, Any]:
    selector = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["vision", "speech"]}
    namespaces = {"from": "Selector", "selector": {"matchExpressions": [selector]}}
    allowed = {"allowedRoutes": {"namespaces": namespaces}}
    return {"name": name, "port": port, "protocol": name.upper(), "hostname": "*.ml.corp.example", **allowed, **more}


def test_the_gateway_uses_the_service_of_the_ingress_gateway_and_takes_routes_of_the_tenants(wiring: Render) -> None:
    gateway = only(wiring(named("standard")), "Gateway", "ml-ingress", "ml-gateways")
    assert gateway["apiVersion"] == API
    tls = {"tls": {"mode": "Terminate", "certificateRefs": [{"name": "models-tls"}]}}
    assert gateway["spec"] == {
        "gatewayClassName": "istio",
        "addresses": [{"type": "Hostname", "value": "ml-ingress.ml-gateways.svc.cluster.local"}],
        "listeners": [listener("http", 80), listener("https", 443, **tls)],
    }


def test_without_tenants_every_namespace_may_have_routes_and_without_tls_there_is_no_https(wiring: Render) -> None:
    values = merged(named("standard"), {"tenants": [], "gateways": {"ingress": {"tlsSecret": ""}}})
    (only_one,) = only(wiring(values), "Gateway", "ml-ingress")["spec"]["listeners"]
    assert (only_one["name"], only_one["allowedRoutes"]) == ("http", {"namespaces": {"from": "All"}})


def test_the_namespace_of_the_smoke_test_may_have_routes_too(wiring: Render) -> None:
    values = merged(named("standard"), {"smoke": {"namespace": "probe"}})
    (gateway,) = [obj for obj in wiring(values) if obj["kind"] == "Gateway"]
    (expression,) = gateway["spec"]["listeners"][0]["allowedRoutes"]["namespaces"]["selector"]["matchExpressions"]
    assert expression["values"] == ["vision", "speech", "probe"]


def test_kserve_names_that_gateway(wiring: Render) -> None:
    objects = wiring(named("standard"))
    assert config(objects, "deploy") == {"defaultDeploymentMode": "Standard"}
    ingress = config(objects, "ingress")
    assert {key: value for key, value in ingress.items() if "ateway" in key or "disable" in key} == {
        "disableHTTPRouteTimeout": False,
        "disableIngressCreation": False,
        "disableIstioVirtualHost": True,
        "enableGatewayApi": True,
        "ingressGateway": "ml-gateways/ml-ingress",
        "kserveIngressGateway": "ml-gateways/ml-ingress",
    }
    assert (ingress["urlScheme"], ingress["ingressDomain"]) == ("https", "ml.corp.example")


def test_nothing_of_knative_is_there(chart: Chart) -> None:
    ca = {"kind": "ConfigMap", "name": "ca", "bundle": PEM}
    values = merged(named("standard"), {"part": "all", "registry": {"ca": ca}})
    objects = chart.render(values).objects
    # The program of the smoke test has hints for both modes.
    told = [obj for obj in objects if obj["kind"] != "Pod" and "knative" in FACTS.sub("", json.dumps(obj))]
    assert told == []
    context = only(objects, "ConfigMap", "kserve-environment")["data"]
    assert {key: context[key] for key in ("knative_version", "knative_operator_version", "digest_policy")} == {
        "knative_version": "",
        "knative_operator_version": "",
        "digest_policy": "",
    }
    assert {obj["metadata"]["name"] for obj in objects if obj["kind"] == "Namespace"} == {
        "cert-manager",
        "istio-system",
        "ml-gateways",
        "speech",
        "vision",
    }


def test_the_smoke_test_asks_the_gateway_for_the_host_from_outside(wiring: Render) -> None:
    objects = wiring(named("standard"))
    assert only(objects, "InferenceService")["metadata"]["name"] == "smoke"
    assert request(objects) == {
        "URL": "http://ml-ingress.ml-gateways.svc.cluster.local/",
        "HOST": "smoke-vision.ml.corp.example",
        "SECONDS": "240",
    }


def routed(ingress: str, **more: Any) -> Values:
    """Standard mode with other routes, which have no TLS of ours."""
    values = {"standard": {"ingress": ingress}, "gateways": {"ingress": {"tlsSecret": ""}}}
    return merged(named("standard"), values | more)


def of_others(name: str) -> Values:
    return routed("ingress", components={"istio": "none"}) | {
        "standard": {"ingress": "ingress", "ingressClass": {"name": name, "existing": True}}
    }


def test_istiod_serves_the_class_of_the_ingresses(wiring: Render) -> None:
    objects = wiring(routed("ingress"))
    assert only(objects, "IngressClass", "istio")["spec"] == {"controller": "istio.io/ingress-controller"}
    assert switches(objects) == {
        "disableIngressCreation": False,
        "disableIstioVirtualHost": True,
        "enableGatewayApi": False,
        "ingressClassName": "istio",
        "ingressGateway": "ml-gateways/ml-ingress",
        "urlScheme": "http",
    }
    assert "Gateway" not in {obj["kind"] for obj in objects}
    assert request(objects)["HOST"] == "smoke-vision.ml.corp.example"


def test_a_class_of_others_exists_and_needs_no_istio(chart: Chart) -> None:
    objects = chart.render(merged(of_others("nginx"), {"part": "all"})).objects
    assert not {"Gateway", "IngressClass"} & {obj["kind"] for obj in objects}
    assert switches(objects)["ingressClassName"] == "nginx"
    assert {obj["metadata"]["name"] for obj in objects if obj["kind"] == "Namespace"} == {
        "cert-manager",
        "speech",
        "vision",
    }
    context = only(objects, "ConfigMap", "kserve-environment")["data"]
    assert (context["istio_version"], "IngressClass//nginx" in context["existing"].splitlines()) == ("", True)
    assert request(objects) == {"URL": "http://smoke-predictor.vision.svc.cluster.local/", "SECONDS": "240"}


def test_the_scheme_of_a_class_of_others_is_theirs(wiring: Render) -> None:
    own = merged(of_others("nginx"), {"kserve": {"config": {"ingress": {"urlScheme": "https"}}}})
    assert switches(wiring(own))["urlScheme"] == "https"


def test_without_routes_kserve_makes_none(wiring: Render) -> None:
    objects = wiring(routed("none", components={"istio": "none"}))
    found = switches(objects)
    assert (found["disableIngressCreation"], found["enableGatewayApi"]) == (True, False)
    assert not {"Gateway", "IngressClass"} & {obj["kind"] for obj in objects}
    assert request(objects) == {"URL": "http://smoke-predictor.vision.svc.cluster.local/", "SECONDS": "240"}


def test_images_by_digest_are_a_fact_and_each_one_needs_its_own(chart: Chart) -> None:
    pinned = merged(routed("none", components={"istio": "none"}), {"digests": {"policy": "pinned"}})
    by_tag = chart.render(pinned).findings
    assert {line[:7] for line in by_tag} == {"[KW105]"}
    names = ("agent", "router", "artExplainer", "storageInitializer")
    digest = "docker.io/kserve/x@sha256:" + "a" * 64
    images = {"images": {"kserve": dict.fromkeys(names, digest), "smoke": digest}}
    context = only(chart.render(merged(pinned, images | {"part": "wiring"})).objects, "ConfigMap", "kserve-environment")
    assert context["data"]["digest_policy"] == "pinned"


def switches(objects: list[Object]) -> dict[str, Any]:
    """What decides which route KServe makes."""
    names = ("enableGatewayApi", "ingressClassName", "ingressGateway", "urlScheme")
    ingress = config(objects, "ingress")
    shown = {key: ingress[key] for key in ingress if key in names or key.startswith(("disableIngress", "disableIstio"))}
    return dict(sorted(shown.items()))


def request(objects: list[Object]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in only(objects, "Pod")["spec"]["containers"][0]["env"]}


@pytest.mark.parametrize(
    ("ingress", "reason"),
    [("ingress", "KServe's Ingresses have no TLS"), ("none", "there is no gateway")],
)
def test_a_certificate_needs_a_gateway_that_has_it(chart: Chart, ingress: str, reason: str) -> None:
    outcome = chart.render(merged(named("standard"), {"standard": {"ingress": ingress}}))
    text = f"gateways.ingress.tlsSecret is models-tls, but standard.ingress is {ingress}; remove it: {reason}"
    assert outcome.faults == [f"values: {text}"]


@pytest.mark.parametrize("ingress", ["gateway-api", "ingress"])
def test_a_gateway_needs_istio(chart: Chart, ingress: str) -> None:
    outcome = chart.render(routed(ingress, components={"istio": "none"}))
    fix = "set it to install or existing, or set standard.ingress to none"
    assert outcome.faults == [f"values: components.istio is none, but the gateways need istiod; {fix}"]


@pytest.mark.parametrize("mode", ["Knative", "Serverless"])
def test_knative_services_need_knative(chart: Chart, mode: str) -> None:
    outcome = chart.render(merged(named("standard"), {"kserve": {"deploymentMode": mode}}))
    assert outcome.faults == [
        f"values: knative.install is none, but kserve.deploymentMode is {mode}; set it to Standard, or install Knative"
    ]


def test_settings_that_follow_are_refused_by_the_key_to_set(chart: Chart) -> None:
    given = {"kserve": {"config": {"ingress": {"enableGatewayApi": False, "kserveIngressGateway": "a/b"}}}}
    ingress, install = chart.render(merged(named("standard"), given)).findings
    other = "kserve.config.ingress.kserveIngressGateway is a/b"
    assert ingress.startswith(f"[KW107] values: gateways.ingress is ml-gateways/ml-ingress, but {other}; ")
    other = "kserve.config.ingress.enableGatewayApi is"
    assert install.startswith(f"[KW107] values: standard.ingress is gateway-api, but {other}")


def test_the_class_is_set_once(chart: Chart) -> None:
    given = {"kserve": {"config": {"ingress": {"ingressClassName": "nginx", "disableIngressCreation": False}}}}
    (name,) = chart.render(merged(routed("ingress"), given)).findings
    other = "kserve.config.ingress.ingressClassName"
    assert name.startswith(f"[KW107] values: standard.ingressClass.name is istio, but {other}")
    given = {"kserve": {"config": {"ingress": {"disableIngressCreation": False}}}}
    (routes,) = chart.render(merged(routed("none"), given)).findings
    other = "kserve.config.ingress.disableIngressCreation"
    assert routes.startswith(f"[KW107] values: standard.ingress is none, but {other}")
