"""The two Istio Gateways."""

from __future__ import annotations

from collections.abc import Callable

from tests.chart.conftest import Object, Values, named, only

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
