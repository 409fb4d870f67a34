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
    env = only(objects, "Pod")["spec"]["containers"][0]["env"]
    assert {item["name"]: item["value"] for item in env} == {
        "URL": "http://ml-ingress.ml-gateways.svc.cluster.local/",
        "HOST": "smoke-vision.ml.corp.example",
        "SECONDS": "240",
    }


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
    assert install.startswith("[KW107] values: knative.install is none, but kserve.config.ingress.enableGatewayApi is")
