# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW431: routes of a user's own that lead nowhere: hosts, subsets, and Gateways without Pods (wire W10).

istio pilot/pkg/model/push_context.go, gateway.go and config.go, pkg/config/host/name.go
(ResolveShortnameToFQDN). KW403 and KW406 judge the Gateways of Knative and KServe, and
KW561 the hosts that a Gateway admits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster import gateways as gw
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateway_chain import chains
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.manifests.objects import MAPPING, KubeObject, Setting, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Advice, Draft, at, because, set_to

_ISTIO = "networking.istio.io"
_ROUTES = ("http", "tls", "tcp")
_PROVIDER = "networking.knative.dev/ingress-provider"


@rule("KW431", skips_open=True)
def routes_of_the_mesh(cluster: Cluster) -> Iterator[Draft]:
    """Envoy finds no endpoint for an unknown host or subset, and a Gateway without Pods opens no port."""
    services = {(obj.namespace, obj.name) for obj in cluster.of_kind("Service") if obj.group == ""}
    for obj in cluster.of_kind("VirtualService"):
        if obj.group == _ISTIO and obj.namespace:
            yield from _half_hosts(obj, services)
    yield from _without_pods(cluster)
    yield from _subsets(cluster)


def _half_hosts(obj: KubeObject, services: set[tuple[str, str]]) -> Iterator[Draft]:
    """NAME.NAMESPACE: Istio completes a name without a dot only."""
    for kind in _ROUTES:
        for index, route in mappings_of(obj.get("spec", kind)):
            for number, _ in mappings_of(route.get("route")):
                setting = at(obj, "spec", kind, index, "route", number, "destination", "host")
                name, dot, namespace = setting.text().partition(".")
                if dot and (namespace, name) in services:
                    reason = "Istio completes a name without a dot only, and knows no host of that name"
                    yield because(setting, reason, set_to(setting, f"{name}.{namespace}.svc.cluster.local"))


def _without_pods(cluster: Cluster) -> Iterator[Draft]:
    pods = cluster.gateway_pods
    judged = {id(chain.gateway) for chain in chains(cluster)}
    for gateway in cluster.gateways.values() if pods and not cluster.has_unread_gateways else ():
        selector = gateway.mapping("spec", "selector")
        # On a cluster, Knative's operator has made its stock Gateways, although the configuration names others.
        if gateway.operator_made or _PROVIDER in gateway.labels or id(gateway) in judged or not selector:
            continue
        if gw.pods_of_gateway(gateway, pods):
            continue
        if not any(gw.selects(selector, pod.labels) for pod in cluster.pods):
            yield _selector(gateway, selector, pods)


def _selector(gateway: KubeObject, selector: Mapping[str, Any], pods: list[PodUse]) -> Draft:
    path = ("spec", "selector")
    key = next((str(key) for key in selector if any(key in pod.labels for pod in pods)), str(next(iter(selector))))
    values = sorted({str(pod.labels[key]) for pod in pods if key in pod.labels})
    setting = at(gateway, *path, key)
    shown = f"the gateway Pods have {key}: {', '.join(values)}" if values else f"no gateway Pod has the label {key}"
    fix: Advice = set_to(setting, values[0]) if len(values) == 1 else "select the labels of the gateway Pods"
    return because(setting, shown, fix, Setting(None, pods[0].obj, pods[0].path), level="warning")


def _subsets(cluster: Cluster) -> Iterator[Draft]:
    """The labels of a subset, against the Pods of its host."""
    for obj in cluster.of_kind("DestinationRule"):
        host, _, rest = str(obj.get("spec", "host") or "").partition(".")
        namespace = rest.partition(".")[0] if rest else obj.namespace
        services = [one for one in cluster.find("Service", namespace, host) if one.group == "" and one.namespace]
        pods = [pod for one in services[:1] for pod in gw.pods_of_service(one, cluster.pods)]
        for index, subset in mappings_of(obj.get("spec", "subsets")) if pods else ():
            labels = subset.get("labels")
            if isinstance(labels, MAPPING) and labels and not any(gw.selects(labels, pod.labels) for pod in pods):
                yield _subset(obj, index, labels, pods)


def _subset(obj: KubeObject, index: int, labels: Mapping[str, Any], pods: list[PodUse]) -> Draft:
    key = next(
        (str(key) for key, value in labels.items() if not any(str(pod.labels.get(key)) == str(value) for pod in pods)),
        "",
    )
    key = key or str(next(iter(labels)))
    values = sorted({str(pod.labels[key]) for pod in pods if key in pod.labels})
    setting = at(obj, "spec", "subsets", index, "labels", key)
    shown = f"{pods[0].obj.ref} has {key}: {', '.join(values)}" if values else f"{pods[0].obj.ref} has no label {key}"
    return because(
        setting, shown, "use the labels of its Pods", Setting(None, pods[0].obj, pods[0].path), level="warning"
    )
