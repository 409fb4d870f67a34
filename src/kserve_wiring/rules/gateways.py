# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW401-KW404, KW407, KW408 and KW412: config-istio, KServe, Gateways, pods and Services refer to each other (W9).

The reference case is https://github.com/kserve/kserve/issues/4387. With most of these mistakes everything is Ready, and
only the request fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher

from kserve_wiring.cluster import gateway_chain as chain_of
from kserve_wiring.cluster import gateways as gw
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.config_istio import GatewayEntry
from kserve_wiring.cluster.gateway_chain import (
    CALLED_PORT,
    Chain,
    chains,
    gateway_setting,
    owner_of,
    same_service,
    service_setting,
)
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.manifests.objects import KubeObject, Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, pair, show, single

_MOVES_SERVICE_SINCE = (1, 21, 0)
_ONWARD_SINCE = (0, 14, 0)


def _ingress(cluster: Cluster, key: str) -> Setting:
    """A key of inferenceservice-config's ingress, present or not."""
    config = cluster.isvc_config
    assert config is not None  # callers check routes_through_istio
    return config.setting("ingress", key) or config.place("ingress", key, None)


@rule("KW401")
def local_gateways_differ(cluster: Cluster) -> Iterator[Draft]:
    """KServe attaches its VirtualService to one Gateway and sends requests to the Service of another."""
    entry = cluster.knative_entry("local")
    if entry is None or not cluster.routes_through_istio:
        return
    service, onward = _ingress(cluster, "localGatewayService"), _ingress(cluster, "knativeLocalGatewayService")
    if not (
        chain_of.service_is_missing(cluster, entry.service) and not chain_of.service_is_missing(cluster, service.text())
    ):
        if _reads_onward(cluster) and onward.value and not _same_target(cluster, onward, entry):
            yield pair(onward, service_setting(entry))
        if not chain_of.has_own_gateway(cluster) and not _same_target(cluster, service, entry):
            yield pair(service, service_setting(entry))
    gateway = _ingress(cluster, "localGateway")
    if chain_of.has_own_gateway(cluster) or gateway.text() == entry.gateway or _same_listener(cluster, gateway, entry):
        return
    if not (chain_of.gateway_is_missing(cluster, entry.gateway) and gateway.text() in cluster.gateways):
        yield pair(gateway, gateway_setting(entry))


def _reads_onward(cluster: Cluster) -> bool:
    """knativeLocalGatewayService came with KServe v0.14."""
    version = cluster.facts.version("kserve_version")
    return version is None or version >= _ONWARD_SINCE


def _same_target(cluster: Cluster, host: Setting, entry: GatewayEntry) -> bool:
    """True for one Service, or two that forward to the same port of the same pods."""
    if same_service(host.text(), entry.service):
        return True
    one, other = chain_of.find_service(cluster, host.text()), chain_of.find_service(cluster, entry.service)
    if one is None or other is None:
        return False
    pods = gw.pods_of_service(one, cluster.gateway_pods)
    return bool(pods) and pods == gw.pods_of_service(other, cluster.gateway_pods) and _targets(one) == _targets(other)


def _targets(service: KubeObject) -> set[int | str]:
    return {port.target for port in gw.service_ports(service) if port.port == CALLED_PORT}


def _same_listener(cluster: Cluster, named: Setting, entry: GatewayEntry) -> bool:
    """True for two Gateways that open the same port of the same pods."""
    one, other = cluster.gateways.get(named.text()), cluster.gateways.get(entry.gateway)
    if one is None or other is None:
        return False
    pods = gw.pods_of_gateway(one, cluster.gateway_pods)
    ports = {server.port for server in gw.servers(one)} & {server.port for server in gw.servers(other)}
    return bool(pods and ports) and pods == gw.pods_of_gateway(other, cluster.gateway_pods)


@rule("KW402")
def missing_gateways(cluster: Cluster) -> Iterator[Draft]:
    """net-istio fails with `failed to get Gateway`; Istio ignores an unknown Gateway in a VirtualService."""
    for chain in chains(cluster):
        if _is_compared(cluster, chain):
            continue
        if "/" in chain.named.text() and chain_of.gateway_is_missing(cluster, chain.named.text()):
            known = ", ".join(sorted(cluster.gateways)) or "none was found"
            yield single(chain.named, suggestion=known)


def _is_compared(cluster: Cluster, chain: Chain) -> bool:
    """True if KW401 or KW409 already reports that KServe names another gateway than Knative."""
    config = cluster.isvc_config
    if config is None or chain.named.obj is not config.obj:
        return False
    own = chain.role == "local" and chain_of.has_own_gateway(cluster)
    return cluster.knative_entry(chain.role) is not None and not own


@rule("KW403")
def selectors_without_pods(cluster: Cluster) -> Iterator[Draft]:
    """A Gateway whose selector matches no gateway pod opens no listener, and everything stays Ready."""
    for chain in chains(cluster):
        if chain.gateway is None or chain.pods or not chain_of.pods_are_known(cluster, chain):
            continue
        selector = owner_of(cluster, chain.gateway, ("spec", "selector"))
        nearest = _nearest(cluster, chain)
        wanted = chain.gateway.mapping("spec", "selector")
        labels = {key: nearest.labels[key] for key in wanted if key in nearest.labels} or dict(nearest.labels)
        path = (*nearest.path[:-1], "metadata", "labels")
        draft = pair(
            Setting(_pairs(selector.value), selector.obj, selector.path),
            Setting(_pairs(labels), nearest.obj, path),
        )
        other = [key for key, value in wanted.items() if str(nearest.labels.get(key)) != str(value)]
        instead = Setting(wanted[other[0]], nearest.obj, (*path, other[0])) if len(other) == 1 else None
        yield replace(draft, instead=instead)


def _nearest(cluster: Cluster, chain: Chain) -> PodUse:
    """The gateway pods most probably meant: with common labels, else with the most similar name."""
    selector = chain.gateway.mapping("spec", "selector") if chain.gateway else {}
    parts = gw.split_service_host(chain.host.text()) if chain.host else None
    meant = _pairs(dict(sorted(selector.items(), key=str)))

    def likeness(pod: PodUse) -> tuple[int, bool, bool, float]:
        common = [key for key, value in selector.items() if str(pod.labels.get(key)) == str(value)]
        carried = _pairs({key: pod.labels[key] for key in sorted(selector, key=str) if key in pod.labels})
        alike = SequenceMatcher(None, meant, carried).ratio()
        named = parts is not None and pod.obj.name == parts[0]
        return len(common), named, parts is not None and pod.namespace == parts[1], alike

    return max(cluster.gateway_pods, key=likeness)


def _pairs(labels: object) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items()) if isinstance(labels, dict) else show(labels)


@rule("KW404")
def services_astray(cluster: Cluster) -> Iterator[Draft]:
    """A Service host without a Service, or a Service that selects other pods than the Gateway."""
    for chain in chains(cluster):
        if chain.host is None or _is_moved(cluster, chain):
            continue
        suggestion = _service_suggestion(cluster, chain)
        if gw.split_service_host(chain.host.text()) is None:
            reason = "the expected form is <name>.<namespace>.svc.<domain>"
            yield single(chain.host, reason=reason, suggestion=suggestion)
        elif chain_of.service_is_missing(cluster, chain.host.text()):
            yield single(chain.host, reason="that Service does not exist", suggestion=suggestion)
        elif chain.service is not None and chain.pods and chain.service.mapping("spec", "selector"):
            yield from _astray(cluster, chain, chain.service, suggestion)


def _astray(cluster: Cluster, chain: Chain, service: KubeObject, suggestion: str) -> Iterator[Draft]:
    led_to = gw.pods_of_service(service, cluster.gateway_pods)
    if chain.host is None or any(pod in led_to for pod in chain.pods):
        return
    selector = owner_of(cluster, service, ("spec", "selector"))
    shown = f"{selector.key} of {service.ref} is {_pairs(selector.value)}"
    reason = f"{shown}, which selects no Pods of Gateway {chain.named.text()}"
    draft = single(chain.host, reason=reason, suggestion=suggestion)
    yield replace(draft, related=((selector.obj, selector.path),))


def _service_suggestion(cluster: Cluster, chain: Chain) -> str:
    """The Services of the Gateway's pods; if it has none, those of gateway pods, the most similar name first."""
    services = cluster.services_of(chain.pods)
    if not services:
        wanted = chain.host.text() if chain.host else chain.named.text()
        services = sorted(
            (obj for obj in cluster.services_of(cluster.gateway_pods) if not obj.operator_made),
            key=lambda obj: -SequenceMatcher(None, wanted, f"{obj.name}.{obj.namespace}").ratio(),
        )
    return ", ".join(f"{obj.name}.{obj.namespace}" for obj in services[:3]) or "none was found"


@rule("KW407")
def unreadable_config_istio(cluster: Cluster) -> Iterator[Draft]:
    """net-istio refuses the whole ConfigMap and keeps the old one, or does not start."""
    for problem in cluster.config_istio.problems if cluster.config_istio else ():
        yield single(problem.setting, reason=problem.reason, suggestion=problem.suggestion)


@rule("KW408")
def stock_name(cluster: Cluster) -> Iterator[Draft]:
    """From operator 1.21 on, an entry with the stock name moves the operator's Service to its namespace (PR 2217)."""
    config = cluster.config_istio
    for entry in config.local if config else ():
        parts = gw.split_service_host(entry.service)
        if not _operator_moves(cluster, entry) or parts is None:
            continue
        gateway = cluster.gateways.get(entry.gateway)
        own_gateway = gateway is not None and not gateway.operator_made
        if parts[1] != entry.namespace or own_gateway:
            namespace = Setting(entry.namespace, entry.obj, entry.where("namespace"))
            yield pair(namespace, service_setting(entry), namespace=entry.namespace)


def _operator_moves(cluster: Cluster, entry: GatewayEntry) -> bool:
    version = cluster.facts.version("knative_operator_version")
    return (
        cluster.knative.server is not None
        and entry.structured
        and not entry.builtin
        and entry.name == chain_of.STOCK_LOCAL
        and (version is None or version >= _MOVES_SERVICE_SINCE)
    )


def _is_moved(cluster: Cluster, chain: Chain) -> bool:
    """True if KW408 already reports it."""
    config = cluster.config_istio
    return any(
        _operator_moves(cluster, entry) and entry.gateway == chain.named.text()
        for entry in (config.local if config else ())
    )


@rule("KW412")
def shared_pods(cluster: Cluster) -> Iterator[Draft]:
    """Local and ingress gateway share one port of the same pods, so cluster-local services answer from outside too."""
    local, ingress = cluster.knative_entry("local"), cluster.knative_entry("ingress")
    if local is None or ingress is None:
        return
    if local.gateway == ingress.gateway:
        yield pair(gateway_setting(local), gateway_setting(ingress))
        return
    one, other = cluster.gateways.get(local.gateway), cluster.gateways.get(ingress.gateway)
    if one is None or other is None or not _share_port(cluster, one, other):
        return
    selector, others = owner_of(cluster, one, ("spec", "selector")), owner_of(cluster, other, ("spec", "selector"))
    left, right = (Setting(_pairs(item.value), item.obj, item.path) for item in (selector, others))
    yield pair(left, right)


def _share_port(cluster: Cluster, one: KubeObject, other: KubeObject) -> bool:
    pods = gw.pods_of_gateway(one, cluster.gateway_pods)
    others = gw.pods_of_gateway(other, cluster.gateway_pods)
    if pods or others:
        shared = [pod for pod in pods if pod in others]
    else:
        shared = []
        if at(one, "spec", "selector").value != at(other, "spec", "selector").value:
            return False
    if (pods or others) and not shared:
        return False
    services = cluster.services_of(shared)
    ports = {gw.listening_port(server, services) for server in gw.servers(one)}
    return bool(ports & {gw.listening_port(server, services) for server in gw.servers(other)})
