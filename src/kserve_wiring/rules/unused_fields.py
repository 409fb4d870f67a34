# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW544: fields of an InferenceService that its mode or autoscaler does not read (wire W13).

kserve pkg/controller/v1beta1/inferenceservice/reconcilers: knative/ksvc_reconciler.go reads containerConcurrency and
canaryTrafficPercent, hpa/hpa_reconciler.go only metrics of type Resource, raw/raw_kube_reconciler.go none of Knative's.
"""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import MODE, STANDARD_MODES, Cluster
from kserve_wiring.cluster.pods import ISVC_COMPONENTS, KSERVE_GROUP
from kserve_wiring.manifests.objects import KeyPath, KubeObject, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because

_AUTOSCALER = "serving.kserve.io/autoscalerClass"
_OF_KNATIVE = ("autoscaling.knative.dev/", "queue.sidecar.serving.knative.dev/")
_CANARIES_SINCE = (0, 20)


@rule("KW544", skips_open=True)
def unused_fields(cluster: Cluster) -> Iterator[Draft]:
    """KServe ignores them without a word, so the model scales, splits or starts otherwise than it is written."""
    for obj in cluster.of_kind("InferenceService"):
        mode = obj.annotations.get(MODE) or cluster.deployment_mode
        if obj.group != KSERVE_GROUP or obj.source.partial:
            continue
        if mode in STANDARD_MODES:
            yield from _without_knative(cluster, obj)
        elif mode in ("Knative", "Serverless"):
            yield from _on_knative(obj)


def _without_knative(cluster: Cluster, obj: KubeObject) -> Iterator[Draft]:
    for component in ISVC_COMPONENTS:
        path: KeyPath = ("spec", component)
        share, limit = at(obj, *path, "canaryTrafficPercent"), at(obj, *path, "containerConcurrency")
        if share.value is not None:
            version = cluster.facts.version("kserve_version")
            better = "describe the canary in spec.canary" if not version or version >= _CANARIES_SINCE else "remove it"
            yield because(share, "only Knative splits the traffic between Revisions", better)
        if limit.value:
            yield because(limit, "only Knative limits the requests of a container", "remove it")
        least = at(obj, *path, "minReplicas")
        if least.value == 0 and obj.annotations.get(_AUTOSCALER) in (None, "hpa"):
            reason = "a HorizontalPodAutoscaler keeps one Pod, and KServe writes 1"
            yield because(least, reason, f"set it to 1, or set the annotation {_AUTOSCALER} to keda")
        yield from _metrics(obj, path)
    for key in obj.annotations:
        if str(key).startswith(_OF_KNATIVE):
            setting = at(obj, "metadata", "annotations", key)
            yield because(setting, "no autoscaler and no queue-proxy of Knative reads it", "remove it")
            return


def _metrics(obj: KubeObject, path: KeyPath) -> Iterator[Draft]:
    """KServe's webhook refuses such metrics with the class hpa, but not without a class (kserve/kserve#4548)."""
    if obj.annotations.get(_AUTOSCALER):
        return
    for index, item in mappings_of(obj.get(*path, "autoScaling", "metrics")):
        if item.get("type") in ("External", "PodMetric"):
            setting = at(obj, *path, "autoScaling", "metrics", index, "type")
            reason = "without the annotation KServe makes a HorizontalPodAutoscaler, which has only Resource"
            yield because(setting, reason, f"set the annotation {_AUTOSCALER} to keda")


def _on_knative(obj: KubeObject) -> Iterator[Draft]:
    for component in ISVC_COMPONENTS:
        setting = at(obj, "spec", component, "autoScaling", "metrics")
        if setting.value:
            reason = "Knative's autoscaler reads scaleMetric and scaleTarget"
            shown = at(obj, "spec", component, "autoScaling", "metrics", 0, "type")
            yield because(shown, reason, f"set scaleMetric, or set the annotation {MODE} to Standard")
    scaler = at(obj, "metadata", "annotations", _AUTOSCALER)
    if scaler.value:
        reason = "only mode Standard reads it, and Knative has autoscaling.knative.dev/class"
        yield because(scaler, reason, f"remove it, or set the annotation {MODE} to Standard")
