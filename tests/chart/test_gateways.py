"""The two Istio Gateways."""

from __future__ import annotations

from collections.abc import Callable

from tests.chart.conftest import Chart, Object, Values, named, only

Render = Callable[[Values], list[Object]]
HTTP = {"number": 80, "name": "http", "protocol": "HTTP"}


def test_local_gateway(wiring: Render) -> None:
    gateway = only(wiring(named("offline")), "Gateway", "ml-local", "ml-gateways")
    assert gateway["apiVersion"] == "networking.istio.io/v1"
    assert gateway["spec"] == {
        "selector": {"app": "ml-local", "istio": "ml-local"},
        "servers": [{"port": HTTP, "hosts": ["*"]}],
    }


def test_ingress_gateway_without_tls(wiring: Render) -> None:
    gateway = only(wiring({}), "Gateway", "kserve-ingress-gateway", "istio-ingress")
    assert gateway["spec"] == {
        "selector": {"app": "kserve-ingress-gateway", "istio": "kserve-ingress-gateway"},
        "servers": [{"port": HTTP, "hosts": ["*"]}],
    }


def test_ingress_gateway_with_tls(wiring: Render) -> None:
    gateway = only(wiring(named("offline")), "Gateway", "ml-ingress", "ml-gateways")
    assert gateway["spec"]["servers"] == [
        {"port": HTTP, "hosts": ["*"], "tls": {"httpsRedirect": True}},
        {
            "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
            "hosts": ["*"],
            "tls": {"mode": "SIMPLE", "credentialName": "models-tls"},
        },
    ]


def test_selectors_are_text_whatever_the_name(wiring: Render) -> None:
    gateway = only(wiring({"gateways": {"local": {"name": "on"}}}), "Gateway", "on")
    assert gateway["spec"]["selector"] == {"app": "on", "istio": "on"}


EDGE = {"service": "istio-ingressgateway", "labels": {"istio": "edge"}, "ports": [{"port": 80, "targetPort": 8080}]}
EXISTING: Values = {
    "components": {"istio": "existing"},
    "gateways": {"ingress": {"namespace": "edge", "existing": EDGE}},
}


def test_only_a_gateway_for_the_pods_of_others(wiring: Render) -> None:
    """Only the hosts below the domain, because others use the ports, too."""
    objects = wiring(EXISTING)
    gateway = only(objects, "Gateway", "kserve-ingress-gateway", "edge")
    assert gateway["spec"] == {
        "selector": {"istio": "edge"},
        "servers": [{"port": HTTP, "hosts": ["*.example.com"]}],
    }
    istio = only(objects, "KnativeServing", "knative-serving", "knative-serving")["spec"]["config"]["istio"]
    assert "istio-ingressgateway.edge.svc.cluster.local" in istio["external-gateways"]


def test_the_stock_gateways_select_no_pods_of_others(wiring: Render) -> None:
    """Their selector is istio: ingressgateway, the label of a gateway that Istio's own chart installs."""
    stock = {"selector": {"kserve-wiring.io/gateway": "none"}}
    found = only(wiring(EXISTING), "KnativeServing", "knative-serving", "knative-serving")["spec"]["ingress"]["istio"]
    assert found == {"enabled": True, "knative-ingress-gateway": stock, "knative-local-gateway": stock}
    found = only(wiring({}), "KnativeServing", "knative-serving", "knative-serving")["spec"]["ingress"]["istio"]
    assert found == {"enabled": True}


def test_a_gateway_of_others_needs_service_labels_and_ports(chart: Chart) -> None:
    found = chart.render({"gateways": {"local": {"existing": {"labels": {"istio": "edge"}}}}})
    line = "values: gateways.local.existing has labels, but no service and no ports; set all three, or none"
    assert line in found.error.splitlines()
