# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW557: policies of Istio for Pods that have no proxy to apply them (wire W9).

istio pkg/config/analysis/analyzers/injection/injection.go asks the same of a namespace; the proxy of the Pod applies
what pilot/pkg/security/authz and authn build.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.injector import injector_value
from kserve_wiring.cluster.label_selectors import matches
from kserve_wiring.cluster.made_pods import made_pods
from kserve_wiring.cluster.mesh_config import root_namespace
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP, PodUse
from kserve_wiring.manifests.objects import KubeObject
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because

_POLICIES = ("AuthorizationPolicy", "RequestAuthentication", "PeerAuthentication")
_ASKING = ("istio.io/rev", "istio.io/dataplane-mode", "istio.io/use-waypoint")
_PROXY = "istio-proxy"
_TARGET = ("spec", "destination", "namespace")
_OF_NAMESPACE = ("spec", "syncPolicy", "managedNamespaceMetadata", "labels")
"""The labels that Argo CD gives the namespace of an Application."""


@rule("KW557", skips_open=True)
def unapplied_policies(cluster: Cluster) -> Iterator[Draft]:
    """Without a sidecar, everyone may call the Pod, and no token is looked at."""
    by_default = ("sidecarInjectorWebhook", "enableNamespacesByDefault")
    injectors = [injector_value(obj, *by_default) for obj in cluster.of_kind("ConfigMap")]
    if any(setting is not None and setting.value for setting in injectors):
        return
    root = root_namespace(cluster)
    pods = _pods(cluster)
    asking = {obj.name for obj in cluster.of_kind("Namespace") if _asks(obj.labels)}
    asking |= {str(app.get(*_TARGET)) for app in cluster.applications if _asks(app.mapping(*_OF_NAMESPACE))}
    for obj in cluster.of_kind("Namespace"):
        if obj.name in (root, *asking) or not obj.source.whole:
            continue
        for policy in _policies(cluster, obj.name):
            selected = [
                pod for pod in pods.get(obj.name, ()) if matches(policy.mapping("spec", "selector"), pod.labels)
            ]
            if selected and not any(_has_proxy(pod) for pod in selected):
                reason = f"{selected[0].obj.ref} has no sidecar that applies it, as {obj.ref} does not ask for one"
                fix = f"set the label istio-injection of {obj.ref} to enabled, and restart its Pods"
                place = at(obj, "metadata", "name")
                yield because(at(policy, "metadata", "namespace"), reason, fix, place)


def _asks(labels: Mapping[str, Any]) -> bool:
    return labels.get("istio-injection") == "enabled" or any(key in labels for key in _ASKING)


def _policies(cluster: Cluster, namespace: str) -> Iterator[KubeObject]:
    for kind in _POLICIES:
        for obj in cluster.in_namespace(kind, namespace):
            lenient = kind == "PeerAuthentication" and obj.get("spec", "mtls", "mode") != "STRICT"
            if (
                obj.source.whole
                and not lenient
                and not obj.get("spec", "targetRefs")
                and not obj.get("spec", "targetRef")
            ):
                yield obj


def _pods(cluster: Cluster) -> dict[str, list[PodUse]]:
    """The Pods of each namespace, also those that KServe and Knative make."""
    found: dict[str, list[PodUse]] = {}
    shown = (pod for pod in cluster.pods if not pod.runtime and pod.obj.group not in (KNATIVE_GROUP, KSERVE_GROUP))
    for pod in (*shown, *made_pods(cluster)):
        if pod.obj.source.whole:
            found.setdefault(pod.namespace, []).append(pod)
    return found


def _has_proxy(pod: PodUse) -> bool:
    own = any(container.get("name") == _PROXY for _, container in pod.containers())
    return own or pod.injected_by_istio or _asks(pod.labels)
