# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The Pods that KServe and Knative make, with the labels that policies select them by.

kserve v0.20.0 pkg/controller/v1beta1/inferenceservice/components/predictor.go (buildObjectMeta) and
reconcilers/deployment/deployment_reconciler.go; pkg/controller/v1alpha2/llmisvc/workload.go and scheduler.go;
knative/serving pkg/reconciler/configuration/resources/revision.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from kserve_wiring.cluster.cluster import STANDARD_MODES, Cluster
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP, PodUse
from kserve_wiring.manifests.objects import KubeObject

MODEL_LABEL = "serving.kserve.io/inferenceservice"
_GRAPH_LABEL = "serving.kserve.io/inferencegraph"
_APP = "app.kubernetes.io/"
_LLM = "llminferenceservice"
_LLM_PARTS = ("-workload", "-workload-prefill", "-workload-leader", "-workload-worker", "-router-scheduler", "-router")


def made_pods(cluster: Cluster) -> Iterator[PodUse]:
    """The Pods of the models, graphs and Knative Services among the objects."""
    for pod in cluster.pods:
        obj = pod.obj
        if obj.group == KNATIVE_GROUP and obj.kind in ("Service", "Configuration"):
            yield replace(pod, labels={**pod.labels, **_of_knative(obj.name)})
        elif obj.group == KSERVE_GROUP and obj.kind == "InferenceService":
            yield from (replace(pod, labels=labels) for labels in _of_component(cluster, pod))
    for obj in cluster.of_kind("InferenceGraph"):
        yield _without_spec(obj, {**obj.labels, **_of_knative(obj.name), _GRAPH_LABEL: obj.name})
    for obj in cluster.of_kind("LLMInferenceService"):
        for part in _LLM_PARTS:
            labels = {f"{_APP}name": obj.name, f"{_APP}part-of": _LLM, f"{_APP}component": f"{_LLM}{part}"}
            yield _without_spec(obj, {**obj.labels, **labels})


def _without_spec(obj: KubeObject, labels: Mapping[str, Any]) -> PodUse:
    return PodUse(obj, ("spec",), {}, labels, {})


def _of_component(cluster: Cluster, pod: PodUse) -> Iterator[dict[str, Any]]:
    """The labels of a component's Pods; where the mode is unknown, those of each. Standard mode sets ``app``."""
    component = str(pod.path[1])
    name = f"{pod.obj.name}-{component}"
    given = {**pod.labels, **pod.obj.mapping("spec", component, "labels")}
    own = {MODEL_LABEL: pod.obj.name, "component": component}
    mode = pod.obj.annotations.get("serving.kserve.io/deploymentMode") or cluster.deployment_mode
    if mode not in STANDARD_MODES:
        yield {**given, **_of_knative(name), **own}
    if mode in STANDARD_MODES or not mode:
        yield {**given, "app": f"isvc.{name}", **own}


def _of_knative(name: str) -> dict[str, str]:
    return {f"{KNATIVE_GROUP}/service": name, f"{KNATIVE_GROUP}/configuration": name}
