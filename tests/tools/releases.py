"""The releases that cannot be rendered where there is no upstream chart."""

from __future__ import annotations

UPSTREAM_RELEASES = [
    "cert-manager",
    "istio-base",
    "istiod",
    "ingress-gateway",
    "local-gateway",
    "knative-operator",
    "kserve-crd",
    "kserve-resources",
    "kserve-runtime-configs",
]
