# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Kinds that the API server does not list: their CRDs are missing, or cannot be converted."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.messages import Message
from kserve_wiring.manifests.objects import KubeObject, ObjectRef

KINDS_OF, CONVERSION = "API kinds", "conversion"
INFERENCE_SERVICES = "inferenceservices.serving.kserve.io"
_ISTIO = ("gateways.networking.istio.io", "virtualservices.networking.istio.io")
_KSERVE = (
    INFERENCE_SERVICES,
    "servingruntimes.serving.kserve.io",
    "clusterservingruntimes.serving.kserve.io",
    "clusterstoragecontainers.serving.kserve.io",
)
_SERVING = (
    *(f"{plural}.serving.knative.dev" for plural in ("services", "configurations", "revisions", "routes")),
    "ingresses.networking.internal.knative.dev",
)
_GATEWAY_API = tuple(f"{plural}.gateway.networking.k8s.io" for plural in ("gateways", "gatewayclasses", "httproutes"))
_NEEDS = {
    "istiod": _ISTIO,
    "knative-operator": ("knativeservings.operator.knative.dev",),
    "kserve-controller-manager": _KSERVE,
    "llmisvc-controller-manager": ("llminferenceservices.serving.kserve.io",),
    "net-istio-controller": _ISTIO,
}


def _lacking(collected: Collected) -> Iterator[tuple[KubeObject, list[str]]]:
    """Each Deployment of the platform that lacks kinds, with their names."""
    if not collected.absent:
        return
    config = Cluster(collected.objects, Facts()).isvc_config
    by_route = config is not None and config.is_true("ingress", "enableGatewayApi")
    for obj in collected.objects:
        missing = [kind for kind in _needs(obj, by_route) if kind in collected.absent]
        if obj.kind == "Deployment" and missing:
            yield obj, missing


def absent(collected: Collected) -> tuple[list[KubeObject], Message] | None:
    """The Deployments that lack kinds, and what kubectl prints about all of those."""
    found = dict(_lacking(collected))
    if not found:
        return None
    kinds = dict.fromkeys(kind for missing in found.values() for kind in missing)
    text = "error: the server doesn't have a resource type " + ", ".join(f'"{kind}"' for kind in kinds)
    return list(found), Message(next(iter(found)), KINDS_OF, text)


def unconverted(collected: Collected) -> Iterator[Message]:
    """Kinds whose objects the API server cannot list, because their CRD's webhook does not answer."""
    for line in collected.unseen:
        kind, before, why = line.partition("conversion webhook for")
        if before:
            name = ObjectRef("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", kind.partition(":")[0])
            yield Message(KubeObject(name, {}), CONVERSION, before + why)


def _needs(deployment: KubeObject, by_route: bool) -> tuple[str, ...]:
    if deployment.name == "controller" and deployment.labels.get("app.kubernetes.io/name") == "knative-serving":
        return _SERVING
    needed = _NEEDS.get(deployment.name, ())
    return (*needed, *_GATEWAY_API) if by_route and deployment.name == "kserve-controller-manager" else needed
