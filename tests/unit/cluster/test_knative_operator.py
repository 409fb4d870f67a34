"""Where the Knative operator puts the Service of its local gateway."""

from __future__ import annotations

import pytest

from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.knative import find_knative
from kserve_wiring.cluster.knative_operator import stock_service_namespace
from kserve_wiring.manifests.load import load_values

STRUCTURED = (
    "- {name: knative-local-gateway, namespace: knative-serving, service: knative-local-gateway.gw.svc.cluster.local}"
)
LEGACY = {"local-gateway.knative-serving.knative-local-gateway": "knative-local-gateway.gw.svc.cluster.local"}


@pytest.mark.parametrize(
    ("operator", "istio", "namespace"),
    [
        ("1.21.1", {}, "istio-system"),
        ("1.21.1", {"local-gateways": STRUCTURED}, "knative-serving"),
        ("1.20.2", {"local-gateways": STRUCTURED}, "istio-system"),
        ("1.23.0", LEGACY, "gw"),
        ("1.20.2", LEGACY, "gw"),
        (
            "1.23.0",
            {"local-gateways": "- {name: own, namespace: gw, service: own.gw.svc.cluster.local}"},
            "istio-system",
        ),
        ("1.20.2", {"local-gateways": STRUCTURED} | LEGACY, "gw"),
        ("1.21.0", {"local-gateways": STRUCTURED} | LEGACY, "knative-serving"),
        ("1.21.0", {"local-gateways": "- {name: knative-local-gateway}"} | LEGACY, "gw"),
        ("1.23.0", {"local-gateways": "- ["} | LEGACY, "gw"),
        ("1.23.0", {"local-gateway.other.knative-local-gateway": "a.b"}, "istio-system"),
        ("1.23.0", {"local-gateway.knative-serving.knative-local-gateway": "short"}, "istio-system"),
    ],
)
def test_where_the_operator_puts_its_service(operator: str, istio: dict[str, str], namespace: str) -> None:
    """O:pkg/reconciler/knativeserving/ingress/ingress_service.go, each seen on a real control plane."""
    server = {
        "apiVersion": "operator.knative.dev/v1beta1",
        "kind": "KnativeServing",
        "metadata": {"name": "knative-serving", "namespace": "knative-serving"},
        "spec": {"config": {"istio": istio}},
    }
    context = Facts(knative_operator_version=operator)
    assert stock_service_namespace(find_knative(load_values([server])), context) == namespace


def test_the_operator_reads_both_parts_of_its_own_object_only() -> None:
    server = {
        "apiVersion": "operator.knative.dev/v1beta1",
        "kind": "KnativeServing",
        "metadata": {"name": "knative-serving", "namespace": "knative-serving"},
        "spec": {"config": {"istio": {"local-gateways": STRUCTURED}, "config-istio": LEGACY}},
    }
    by_hand = {
        "kind": "ConfigMap",
        "metadata": {"name": "config-istio", "namespace": "knative-serving"},
        "data": LEGACY,
    }
    context = Facts(knative_operator_version="1.23.0")
    assert stock_service_namespace(find_knative(load_values([server])), context) == "gw"
    del server["spec"]["config"]  # type: ignore[attr-defined]
    assert stock_service_namespace(find_knative(load_values([server, by_hand])), context) == "istio-system"
