# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW544: fields of an InferenceService that Knative mode does not read (wire W13). KW540 has those of Standard mode.

kserve pkg/controller/v1beta1/inferenceservice/reconcilers/knative/ksvc_reconciler.go reads neither autoScaling nor the
class of KServe's autoscaler.
"""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import MODE, Cluster
from kserve_wiring.cluster.pods import ISVC_COMPONENTS, KSERVE_GROUP
from kserve_wiring.manifests.objects import KubeObject
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because

_AUTOSCALER = "serving.kserve.io/autoscalerClass"


@rule("KW544", skips_open=True)
def unused_fields(cluster: Cluster) -> Iterator[Draft]:
    """KServe ignores them without a word, so the model scales otherwise than it is written."""
    for obj in cluster.of_kind("InferenceService"):
        mode = obj.annotations.get(MODE) or cluster.deployment_mode
        if obj.group != KSERVE_GROUP or obj.source.partial:
            continue
        if mode in ("Knative", "Serverless"):
            yield from _on_knative(obj)


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
