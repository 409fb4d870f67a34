# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The chain of one gateway: the setting that names it, the Gateway object, its pods, their Service.

Also whether a missing link proves anything: manifests are often only part of a cluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kserve_wiring.cluster import gateways as gw
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.config_istio import GatewayEntry
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting

STOCK_LOCAL = "knative-local-gateway"
CALLED_PORT = 80
"""kserve pkg/constants CommonDefaultHttpPort; Knative's ExternalName Services have no port mapping."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A gateway that a setting names, and the objects found for it.

    role: ``local`` or ``ingress``. named: the setting with ``namespace/name`` of the Gateway. host: the setting with
    the host of the Service, None if only the Gateway is named. gateway, service: the objects, None if not read.
    """

    role: str
    named: Setting
    host: Setting | None
    gateway: KubeObject | None
    service: KubeObject | None
    pods: tuple[PodUse, ...]


def chains(cluster: Cluster) -> Iterator[Chain]:
    """The gateways that Knative names, and other ones that KServe names."""
    seen: set[tuple[str, str]] = set()
    config = cluster.config_istio
    if config is not None and not config.problems:
        for entry in (*config.local, *config.ingress):
            seen.add((entry.role, entry.gateway))
            yield _chain(cluster, entry.role, gateway_setting(entry), service_setting(entry))
    if not cluster.routes_through_istio or cluster.isvc_config is None:
        return
    ingress = cluster.isvc_config
    for role, key, host in (("local", "localGateway", "localGatewayService"), ("ingress", "ingressGateway", "")):
        named = ingress.setting("ingress", key)
        if named is not None and (role, named.text()) not in seen and _is_own(cluster, role):
            yield _chain(cluster, role, named, ingress.setting("ingress", host) if host else None)


def _is_own(cluster: Cluster, role: str) -> bool:
    """True if KServe's gateway needs a chain of its own: Knative's is unknown, or KServe uses another on purpose."""
    return cluster.knative_entry(role) is None or (role == "local" and has_own_gateway(cluster)) or role == "ingress"


def has_own_gateway(cluster: Cluster) -> bool:
    """True if KServe has its own local gateway and forwards to Knative's (kserve docs: servicemesh/index.md)."""
    entry, config = cluster.knative_entry("local"), cluster.isvc_config
    if entry is None or config is None:
        return False
    gateway, service, onward = (
        config.text("ingress", key) for key in ("localGateway", "localGatewayService", "knativeLocalGatewayService")
    )
    return (
        bool(gateway and service and onward)
        and gateway != entry.gateway
        and same_service(onward, entry.service)
        and not same_service(service, entry.service)
    )


def gateway_setting(entry: GatewayEntry) -> Setting:
    """``namespace/name`` of an entry."""
    return Setting(entry.gateway, entry.obj, entry.path)


def service_setting(entry: GatewayEntry) -> Setting:
    """Service host of an entry."""
    return Setting(entry.service, entry.obj, entry.where("service"))


def _chain(cluster: Cluster, role: str, named: Setting, host: Setting | None) -> Chain:
    gateway = cluster.gateways.get(named.text())
    service = find_service(cluster, host.text()) if host is not None else None
    pods = gw.pods_of_gateway(gateway, cluster.gateway_pods) if gateway is not None else []
    if service is None and host is None and pods:
        services = cluster.services_of(pods)
        service = services[0] if len(services) == 1 else None
    return Chain(role, named, host, gateway, service, tuple(pods))


def find_service(cluster: Cluster, host: str) -> KubeObject | None:
    """The Service of a host. One that was read wins over one that the operator will create."""
    parts = gw.split_service_host(host)
    if parts is None:
        return None
    found = [obj for obj in cluster.find("Service", parts[1], parts[0]) if obj.group == ""]
    return next((obj for obj in found if not obj.operator_made), found[0] if found else None)


def same_service(one: str, other: str) -> bool:
    """True for two hosts of one Service. Another rule compares the cluster domains."""
    parts, others = gw.split_service_host(one), gw.split_service_host(other)
    if parts is None or others is None:
        return one.removesuffix(".") == other.removesuffix(".")
    return parts[:2] == others[:2]


def gateway_is_missing(cluster: Cluster, named: str) -> bool:
    """True if a Gateway certainly does not exist: the manifests are complete, or hold others of its namespace."""
    namespace, _, name = named.partition("/")
    if {named, f"/{name}"} & cluster.gateways.keys() or cluster.facts.exists("Gateway", namespace, name):
        return False
    if cluster.facts.complete:
        return True
    return any(
        not obj.operator_made and (obj.name == name or obj.namespace == namespace) for obj in cluster.gateways.values()
    )


def service_is_missing(cluster: Cluster, host: str) -> bool:
    """True if the Service of a host certainly does not exist."""
    parts = gw.split_service_host(host)
    if parts is None or find_service(cluster, host) is not None:
        return False
    name, namespace, _ = parts
    if cluster.facts.exists("Service", namespace, name) or not cluster.gateway_pods or cluster.has_unread_gateways:
        return any(obj.group == "" for obj in cluster.named("Service", name)) and not cluster.facts.exists(
            "Service", namespace, name
        )
    return (
        cluster.facts.complete
        or any(obj.group == "" for obj in cluster.named("Service", name))
        or any(pod.namespace == namespace for pod in cluster.gateway_pods)
    )


def pods_are_known(cluster: Cluster, chain: Chain) -> bool:
    """True if the pods of a Gateway would have been read if they existed."""
    if chain.gateway is None or not cluster.gateway_pods or cluster.has_unread_gateways:
        return False
    if cluster.facts.complete:
        return True
    selector = chain.gateway.mapping("spec", "selector")
    parts = gw.split_service_host(chain.host.text()) if chain.host else None
    return any(
        (parts is not None and pod.namespace == parts[1])
        or any(str(pod.labels.get(key)) == str(value) for key, value in selector.items())
        for pod in cluster.gateway_pods
    )


def owner_of(cluster: Cluster, obj: KubeObject, path: KeyPath) -> Setting:
    """The setting to change for a field of an object; of KnativeServing if the operator creates the object."""
    value = obj.get(*path)
    server = cluster.knative.server
    if not obj.operator_made or server is None:
        return Setting(value, obj, path)
    if obj.kind == "Gateway":
        return Setting(value, server, ("spec", "ingress", "istio", obj.name, *path[1:]))
    return Setting(value, server, ("spec", "ingress", "istio", STOCK_LOCAL, *path[1:]))
