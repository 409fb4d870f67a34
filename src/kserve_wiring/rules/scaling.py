# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW539 and KW540: what scales a model in Standard mode, and what only Knative reads (wire W13).

kserve v0.20.0: pkg/controller/v1beta1/inferenceservice/reconcilers/hpa/hpa_reconciler.go and
reconcilers/knative/ksvc_reconciler.go, the only reader of the settings of KW540.
"""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.pods import ISVC_COMPONENTS, KSERVE_GROUP
from kserve_wiring.cluster.standard import is_standard, standard_services
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, set_to, single

_SCALER = "serving.kserve.io/autoscalerClass"
_API = "v1beta1.metrics.k8s.io"
_METRICS = ("cpu", "memory")
_OF_KNATIVE = (
    "autoscaling.knative.dev/",
    "queue.sidecar.serving.knative.dev/",
    "serving.knative.dev/rollout",
    "serving.kserve.io/enable-tag-routing",
)


@rule("KW539")
def without_metrics(cluster: Cluster) -> Iterator[Draft]:
    """The HPA shows <unknown> and keeps the smallest number of replicas; the model is Ready."""
    known = cluster.named("APIService", _API) or cluster.facts.exists("APIService", "", _API)
    if known or not cluster.shows_all("APIService"):
        return
    for obj, path in _scaled(cluster):
        largest = at(obj, *path, "maxReplicas")
        smallest = obj.get(*path, "minReplicas")
        least = max(smallest if isinstance(smallest, int) else 1, 1)
        if isinstance(largest.value, int) and largest.value > least:
            reason = f"nothing serves the API metrics.k8s.io, so the autoscaler keeps {least} of them"
            suggestion = f"install metrics-server with an image of the registry, or add APIService//{_API} to existing"
            yield single(largest, reason=reason, suggestion=suggestion)


def _scaled(cluster: Cluster) -> Iterator[tuple[KubeObject, KeyPath]]:
    """The settings of the autoscalers that KServe creates: of each component, and of a graph."""
    for obj in standard_services(cluster):
        for component in ISVC_COMPONENTS if _by_hpa(obj) else ():
            if obj.mapping("spec", component):
                yield obj, ("spec", component)
    for obj in cluster.of_kind("InferenceGraph"):
        if obj.group == KSERVE_GROUP and is_standard(cluster, obj) and _by_hpa(obj):
            yield obj, ("spec",)


def _by_hpa(obj: KubeObject) -> bool:
    return (obj.annotations.get(_SCALER) or "hpa") == "hpa"


@rule("KW540")
def settings_of_knative(cluster: Cluster) -> Iterator[Draft]:
    """Nothing refuses them, and the model runs with the default instead."""
    for obj in standard_services(cluster):
        for key in obj.annotations:
            if str(key).startswith(_OF_KNATIVE):
                setting = at(obj, "metadata", "annotations", key)
                yield single(setting, reason="only Knative reads it", suggestion=_without(setting))
        for component in ISVC_COMPONENTS:
            if obj.mapping("spec", component):
                yield from _ignored(obj, component)


def _ignored(obj: KubeObject, component: str) -> Iterator[Draft]:
    canary = at(obj, "spec", component, "canaryTrafficPercent")
    if canary.value is not None:
        reason = "only Knative splits traffic by it, so the new version gets all of it"
        yield single(canary, reason=reason, suggestion="use spec.canary (KServe 0.20), or deploy in mode Knative")
    limit = at(obj, "spec", component, "containerConcurrency")
    if limit.value is not None and component == "predictor":  # an argument of other components
        reason = "only Knative limits requests by it"
        yield single(limit, reason=reason, suggestion=_without(limit))
    if not _by_hpa(obj):
        return
    if not obj.annotations.get(_SCALER):
        yield from _unread_metrics(obj, component)
    least = at(obj, "spec", component, "minReplicas")
    if isinstance(least.value, int) and least.value == 0:
        reason = "a HorizontalPodAutoscaler does not scale to zero, so KServe keeps one"
        fix = f"set {least.key} to 1, or the annotation {_SCALER} to keda, or deploy in mode Knative"
        yield single(least, reason=reason, suggestion=fix)


def _unread_metrics(obj: KubeObject, component: str) -> Iterator[Draft]:
    """KServe's webhook refuses such metrics with the class hpa, but not without a class (kserve/kserve#4548)."""
    metric = at(obj, "spec", component, "scaleMetric")
    if isinstance(metric.value, str) and metric.value not in _METRICS:
        reason = "a HorizontalPodAutoscaler has only cpu and memory, so KServe scales by 80 % of cpu"
        yield single(metric, reason=reason, suggestion=set_to(metric, "cpu"))
    path = ("spec", component, "autoScaling", "metrics")
    for index, item in mappings_of(obj.get(*path)):
        if item.get("type") in ("External", "PodMetric"):
            setting = at(obj, *path, index, "type")
            reason = "without the annotation KServe makes a HorizontalPodAutoscaler, which has only Resource"
            yield single(setting, reason=reason, suggestion=f"set the annotation {_SCALER} to keda")


def _without(setting: Setting) -> str:
    return f"remove {setting.key}, or deploy in mode Knative"
