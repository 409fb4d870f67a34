# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW534: two objects that control the same thing differently (wire W14).

Kubernetes pkg/controller/podautoscaler/horizontal.go (AmbiguousSelector) and pkg/controller/disruption; keda
apis/keda/v1alpha1/scaledobject_webhook.go; istio pilot/pkg/model/authentication.go, push_context.go and
pilot/pkg/networking/core/route (mergeVirtualServicesIfNeeded, SortVHostRoutes).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from kserve_wiring.cluster.cluster import MODE, STANDARD_MODES, Cluster
from kserve_wiring.cluster.pods import ISVC_COMPONENTS
from kserve_wiring.manifests.objects import KubeObject, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because

_AUTOSCALERS = ("HorizontalPodAutoscaler", "ScaledObject")
_CLASS = "serving.kserve.io/autoscalerClass"
_KEDAS = "keda-hpa-"


@rule("KW534")
def rivals(cluster: Cluster) -> Iterator[Draft]:
    """Each is valid alone; together one of them has no effect, or both undo each other's work."""
    for found, place, reason in (
        (_targets(cluster), ("spec", "scaleTargetRef", "name"), "scales the same workload, and both undo each other"),
        (_policies(cluster), ("spec", "mtls", "mode"), "is for the same workloads, and the older one wins"),
        (_budgets(cluster), ("spec", "selector"), "has the same Pods, and then none of them can be evicted"),
        (_ingresses(cluster), ("spec", "rules"), "has the same host and path, and one of the two gets no request"),
        (_routes(cluster), ("spec", "hosts"), "has a route without match for a host, too: one never gets a request"),
    ):
        yield from _second(found, place, reason)
    yield from _of_kserve(cluster)


def _of_kserve(cluster: Cluster) -> Iterator[Draft]:
    """KServe makes an autoscaler for each component in Standard mode, unless the annotation says external or none."""
    for obj in cluster.of_kind(*_AUTOSCALERS):
        target = at(obj, "spec", "scaleTargetRef", "name")
        name, _, component = target.text().rpartition("-")
        for model in cluster.find("InferenceService", obj.namespace, name) if component in ISVC_COMPONENTS else ():
            mode, class_ = model.annotations.get(MODE) or cluster.deployment_mode, model.annotations.get(_CLASS)
            if mode in STANDARD_MODES and class_ in (None, "hpa", "keda"):
                reason = f"KServe makes an autoscaler for {model.ref} itself, and both undo each other's work"
                fix = f"set the annotation {_CLASS} of {model.ref} to none, or remove this {obj.kind}"
                yield because(target, reason, fix, at(model, "metadata", "annotations", _CLASS))


def _second(found: Iterator[tuple[Hashable, KubeObject]], place: tuple[str, ...], reason: str) -> Iterator[Draft]:
    """The second object with a key, once for each pair."""
    first: dict[Hashable, KubeObject] = {}
    told: set[tuple[int, int]] = set()
    for key, obj in found:
        other = first.setdefault(key, obj)
        twin = (other.group, other.kind, other.namespace, other.name) == (obj.group, obj.kind, obj.namespace, obj.name)
        if other is obj or twin or (id(other), id(obj)) in told or not _together(other, obj):
            continue  # KW501 reports the same object in two releases
        told.add((id(other), id(obj)))
        yield because(at(obj, *place), f"{other.ref} {reason}", "merge the two, or remove one", at(other, *place))


def _together(one: KubeObject, other: KubeObject) -> bool:
    """True unless the files may be variants for different clusters."""
    if one.source.release or other.source.release:
        return True
    return one.source.file == other.source.file or _folder(one) == _folder(other)


def _folder(obj: KubeObject) -> str:
    return obj.source.file.rpartition("/")[0]


def _targets(cluster: Cluster) -> Iterator[tuple[Hashable, KubeObject]]:
    for obj in cluster.of_kind(*_AUTOSCALERS):
        kind, name = (obj.get("spec", "scaleTargetRef", key) for key in ("kind", "name"))
        if isinstance(name, str) and not obj.name.startswith(_KEDAS):
            yield (obj.namespace, str(kind or "Deployment"), name), obj


def _policies(cluster: Cluster) -> Iterator[tuple[Hashable, KubeObject]]:
    """Policies for a whole namespace, or for the same labels."""
    for obj in cluster.of_kind("PeerAuthentication"):
        yield (obj.namespace, _frozen(obj.mapping("spec", "selector", "matchLabels"))), obj


def _budgets(cluster: Cluster) -> Iterator[tuple[Hashable, KubeObject]]:
    for obj in cluster.of_kind("PodDisruptionBudget"):
        labels = obj.mapping("spec", "selector", "matchLabels")
        if labels and not obj.get("spec", "selector", "matchExpressions"):
            yield (obj.namespace, _frozen(labels)), obj


def _ingresses(cluster: Cluster) -> Iterator[tuple[Hashable, KubeObject]]:
    for obj in cluster.of_kind("Ingress"):
        name = obj.get("spec", "ingressClassName") or obj.annotations.get("kubernetes.io/ingress.class")
        for _, item in mappings_of(obj.get("spec", "rules")):
            http = item.get("http")
            for _, path in mappings_of(http.get("paths") if isinstance(http, dict) else None):
                yield (str(name), str(item.get("host")), str(path.get("path")), str(path.get("pathType"))), obj


def _routes(cluster: Cluster) -> Iterator[tuple[Hashable, KubeObject]]:
    """Hosts that a VirtualService serves at a Gateway with a route for every request."""
    for obj in cluster.of_kind("VirtualService"):
        routes = [route for _, route in mappings_of(obj.get("spec", "http"))]
        if any(not route.get("match") for route in routes) and not obj.get("spec", "delegate"):
            gateways = strings_of(obj.get("spec", "gateways")) or ["mesh"]
            for gateway in gateways:
                name = gateway if "/" in gateway or gateway == "mesh" else f"{obj.namespace}/{gateway}"
                scope = obj.namespace if name == "mesh" and obj.get("spec", "exportTo") else ""
                for host in strings_of(obj.get("spec", "hosts")):
                    full = host if "." in host or host == "*" else f"{host}.{obj.namespace}"
                    yield (name, full, scope), obj


def _frozen(labels: Any) -> Hashable:
    return tuple(sorted((str(key), str(value)) for key, value in labels.items()))
