# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW544: fields of an InferenceService that Knative mode does not read (wire W13). KW540 has those of Standard mode.

kserve pkg/controller/v1beta1/inferenceservice/reconcilers/knative/ksvc_reconciler.go reads neither autoScaling nor the
class of KServe's autoscaler. pkg/constants/constants.go (ServiceAnnotationDisallowedList) drops the annotations of the
bounds, and pkg/controller/v1alpha1/utils/utils.go (SetAutoScalingAnnotations) writes its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import MODE, STANDARD_MODES, Cluster
from kserve_wiring.cluster.pods import ISVC_COMPONENTS, KSERVE_GROUP
from kserve_wiring.manifests.objects import KeyPath, KubeObject
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because, set_to

_AUTOSCALER = "serving.kserve.io/autoscalerClass"
_BOUNDS = {
    "autoscaling.knative.dev/min-scale": ("minReplicas", 1),
    "autoscaling.knative.dev/minScale": ("minReplicas", 1),
    "autoscaling.knative.dev/max-scale": ("maxReplicas", 0),
}
"""Annotation: the field that KServe writes it from, and the default of that. maxScale stays while there is no field."""


@rule("KW544", skips_open=True)
def unused_fields(cluster: Cluster) -> Iterator[Draft]:
    """KServe ignores them without a word, so the model scales otherwise than it is written."""
    for obj in cluster.of_kind("InferenceService"):
        mode = obj.annotations.get(MODE) or cluster.deployment_mode
        if obj.group != KSERVE_GROUP or obj.source.partial:
            continue
        if mode in ("Knative", "Serverless"):
            yield from _on_knative(obj)
        if mode not in STANDARD_MODES and obj.source.whole:  # KW540 reports those
            yield from _bounds(obj)


def _bounds(obj: KubeObject) -> Iterator[Draft]:
    """Annotations whose value is another one than that of the field."""
    components = [name for name in ISVC_COMPONENTS if obj.mapping("spec", name)]
    for key, (field, default) in _BOUNDS.items():
        holders: list[tuple[KeyPath, list[str]]] = [(("metadata", "annotations", key), components)]
        holders += [(("spec", name, "annotations", key), [name]) for name in components]
        for path, names in holders:
            annotation = at(obj, *path)
            fields = [at(obj, "spec", name, field) for name in names]
            others = [one for one in fields if annotation.text() != str(default if one.value is None else one.value)]
            if annotation.text().isdecimal() and others:
                reason = f"KServe does not pass it on, and sets it to {others[0].key}"
                fix = set_to(others[0], int(annotation.text()))
                yield because(annotation, reason, fix, others[0])


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
