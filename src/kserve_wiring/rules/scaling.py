# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW539: the HorizontalPodAutoscalers of models have no metrics (wire W13).

kserve v0.20.0: pkg/controller/v1beta1/inferenceservice/reconcilers/hpa/hpa_reconciler.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.pods import ISVC_COMPONENTS, KSERVE_GROUP
from kserve_wiring.cluster.standard import is_standard, standard_services
from kserve_wiring.manifests.objects import KeyPath, KubeObject
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, single

_SCALER = "serving.kserve.io/autoscalerClass"
_API = "v1beta1.metrics.k8s.io"


@rule("KW539")
def without_metrics(cluster: Cluster) -> Iterator[Draft]:
    """The HPA shows <unknown> and keeps the smallest number of replicas; the model is Ready."""
    if not cluster.facts.complete or cluster.named("APIService", _API) or cluster.facts.exists("APIService", "", _API):
        return
    if not any(cluster.of_kind("CustomResourceDefinition")):
        return  # the objects of a running cluster, without those of its API server
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
