"""Gateways and domains: values that the chart refuses, and what it says."""

from __future__ import annotations

from tests.chart.refused.case import Cases

CASES: Cases = {
    "KW407": (
        {"knative": {"config": {"istio": {"gateway.kubeflow.kubeflow-gateway": "istio.istio-system.svc"}}}},
        [
            "[KW407] values: knative.config.istio.gateway.kubeflow.kubeflow-gateway is istio.istio-system.svc: "
            "external-gateways and local-gateways are set, too, and net-istio rejects the two formats together; "
            "remove knative.config.istio.gateway.kubeflow.kubeflow-gateway and set gateways"
        ],
    ),
    "KW408": (
        {"gateways": {"local": {"name": "knative-local-gateway"}}},
        [
            "[KW408] values: gateways.local.name is knative-local-gateway, but knative.install is operator: the "
            "operator moves its own Service knative-local-gateway into istio-ingress; give the local gateway another "
            "name"
        ],
    ),
    "KW410 of Knative": (
        {"knative": {"config": {"domain": {"other.example": ""}}}},
        [
            "[KW410] values: knative.config.domain is other.example, but gateways.ingress.domain is example.com; set "
            "knative.config.domain to example.com"
        ],
    ),
    "KW410 of KServe": (
        {"kserve": {"config": {"ingress": {"ingressDomain": "other.example"}}}},
        [
            "[KW410] values: kserve.config.ingress.ingressDomain is other.example, but gateways.ingress.domain is "
            "example.com; set kserve.config.ingress.ingressDomain to example.com"
        ],
    ),
    "KW412": (
        {"gateways": {"local": {"name": "one"}, "ingress": {"name": "one"}}},
        [
            "[KW412] values: gateways.local.name is one, and gateways.ingress.name is one: cluster-local services "
            "can be reached from outside; give the local gateway its own name and Pods"
        ],
    ),
    "KW413 of KServe": (
        {"kserve": {"config": {"ingress": {"urlScheme": "https"}}}},
        [
            "[KW413] values: kserve.config.ingress.urlScheme is https, but gateways.ingress.tlsSecret is empty; "
            "remove kserve.config.ingress.urlScheme and set gateways.ingress.tlsSecret"
        ],
    ),
    "KW413 of Knative": (
        {
            "gateways": {"ingress": {"tlsSecret": "models-tls"}},
            "knative": {"config": {"network": {"default-external-scheme": "http"}}},
        },
        [
            "[KW413] values: knative.config.network.default-external-scheme is http, but gateways.ingress.tlsSecret "
            "is models-tls; remove knative.config.network.default-external-scheme and set gateways.ingress.tlsSecret"
        ],
    ),
}
