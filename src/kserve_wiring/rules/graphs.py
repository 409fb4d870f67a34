# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW430: InferenceGraphs in Standard mode have no route (wire W10).

kserve v0.20.0: pkg/controller/v1alpha1/inferencegraph/raw_ig.go makes a Deployment, a Service and a scaler, no route.
"""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import MODE, Cluster
from kserve_wiring.cluster.pods import KSERVE_GROUP
from kserve_wiring.cluster.references import references
from kserve_wiring.cluster.standard import LOCAL, VISIBILITY, is_internal, is_standard, publishes
from kserve_wiring.manifests.objects import KubeObject
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, single

_ROUTES = ("HTTPRoute", "GRPCRoute", "Ingress", "VirtualService")


@rule("KW430")
def graphs_without_route(cluster: Cluster) -> Iterator[Draft]:
    """The graph is Ready and has a URL, at which nothing routes to it."""
    for obj in cluster.of_kind("InferenceGraph") if publishes(cluster) else ():
        if obj.group != KSERVE_GROUP or not is_standard(cluster, obj) or is_internal(obj) or _is_routed(cluster, obj):
            continue
        annotation = at(obj, "metadata", "annotations", MODE)
        setting = annotation if annotation.value else at(obj, "metadata", "name")
        reason = "in Standard mode KServe makes no route for an InferenceGraph, so its status.url leads nowhere"
        suggestion = f"create an HTTPRoute to Service {obj.name}, or set the label {VISIBILITY} to {LOCAL}"
        yield single(setting, reason=reason, suggestion=suggestion)


def _is_routed(cluster: Cluster, graph: KubeObject) -> bool:
    """True if a route that was read leads to the Service of a graph, which has the name of the graph."""
    return any(
        "Service" in ref.kinds and ref.name == graph.name and ref.namespace in ("", graph.namespace)
        for obj in cluster.of_kind(*_ROUTES)
        for ref in references(obj, obj.kind)
    )
