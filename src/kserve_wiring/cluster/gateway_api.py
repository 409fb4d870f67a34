# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Gateways of the Gateway API, and the routes that attach to them: those of the manifests, and those that KServe makes.

kserve v0.20.0: pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/httproute_reconciler.go and
pkg/controller/v1alpha2/llmisvc/router.go. gateway-api v1.5.1: apis/v1/gateway_types.go and httproute_types.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.label_selectors import NAME_LABEL, asked_keys, matches
from kserve_wiring.cluster.standard import hosts_of, is_internal, routes_by_gateway_api, standard_services
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, dig, mappings_of, strings_of

API = "gateway.networking.k8s.io"
_ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute")
# Route kinds that a listener of a protocol supports (gateway_types.go, AllowedRoutes.Kinds).
_KINDS = {"HTTP": ("HTTPRoute", "GRPCRoute"), "HTTPS": ("HTTPRoute", "GRPCRoute"), "TLS": ("TLSRoute",)}
SCHEMES = {"http": ("HTTP",), "https": ("HTTPS", "TLS")}
"""The protocols of the listeners for each scheme of a URL."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One listener of a Gateway. hostname: "" for any. allowed: its allowedRoutes."""

    path: KeyPath
    name: str
    port: int
    protocol: str
    hostname: str
    allowed: Mapping[str, Any]

    @property
    def origin(self) -> str:
        """Namespaces from which it takes routes: Same (also if it is not set), All, Selector or None."""
        return str(dig(self.allowed, "namespaces", "from") or "Same")

    def takes_kind(self, kind: str) -> bool:
        """True if routes of a kind may attach."""
        kinds = [item.get("kind") for _, item in mappings_of(self.allowed.get("kinds"))]
        return kind in (kinds or _KINDS.get(self.protocol, (kind,)))


@dataclass(frozen=True, slots=True)
class Route:
    """A route of an object. gateway: its object. named: the setting that names the Gateway.

    hosts: empty for any, None if unknown. section, port: of the listener, "" and 0 for any.
    """

    obj: KubeObject
    kind: str
    gateway: KubeObject
    named: Setting
    hosts: tuple[str, ...] | None
    section: str = ""
    port: int = 0

    def listeners(self) -> list[Listener]:
        """The listeners that its parentRef names."""
        found = listeners(self.gateway)
        return [one for one in found if self.section in ("", one.name) and self.port in (0, one.port)]


def is_api_gateway(obj: KubeObject) -> bool:
    """True for a Gateway of the Gateway API. Istio has a kind of the same name."""
    return obj.kind == "Gateway" and obj.group == API


def listeners(gateway: KubeObject) -> list[Listener]:
    """The listeners of a Gateway."""
    found = []
    for index, item in mappings_of(gateway.get("spec", "listeners")):
        port, hostname, allowed = item.get("port"), item.get("hostname"), item.get("allowedRoutes")
        found.append(
            Listener(
                ("spec", "listeners", index),
                str(item.get("name") or ""),
                port if isinstance(port, int) else 0,
                str(item.get("protocol") or "").upper(),
                hostname if isinstance(hostname, str) else "",
                allowed if isinstance(allowed, Mapping) else {},
            )
        )
    return found


def of_scheme(found: list[Listener], scheme: str) -> list[Listener]:
    """The listeners that answer URLs of a scheme; all of them if none does."""
    return [one for one in found if one.protocol in SCHEMES.get(scheme, ())] or found


def is_known(gateway: KubeObject) -> bool:
    """True if its listeners are those that were read: it is no patch, and no ListenerSet may add others."""
    return not gateway.source.partial and bool(listeners(gateway)) and not gateway.mapping("spec", "allowedListeners")


def find_gateway(cluster: Cluster, namespace: str, name: str) -> KubeObject | None:
    """A Gateway of the Gateway API by name; None if it was not read."""
    return next((obj for obj in cluster.find("Gateway", namespace, name) if is_api_gateway(obj)), None)


def kserve_gateway(cluster: Cluster) -> Setting | None:
    """The setting with the Gateway of the routes that KServe makes; None if it makes none, or it is not set."""
    config = cluster.isvc_config
    if config is None or not (routes_by_gateway_api(cluster) or any(llm_routes(cluster))):
        return None
    return config.setting("ingress", "kserveIngressGateway")


def named_gateway(cluster: Cluster, named: Setting | None) -> KubeObject | None:
    """The Gateway that this setting names; None if it is not set, or the Gateway was not read."""
    if named is None:
        return None
    namespace, _, name = named.text().rpartition("/")
    return find_gateway(cluster, namespace or cluster.kserve_namespace, name)


def llm_routes(cluster: Cluster) -> Iterator[KubeObject]:
    """LLMInferenceServices whose route KServe attaches to its own Gateway."""
    for obj in cluster.of_kind("LLMInferenceService"):
        router = obj.mapping("spec", "router")
        if isinstance(router.get("route"), Mapping) and not dig(router, "gateway", "refs"):
            http = dig(router, "route", "http")
            if not dig(http, "refs") and not dig(http, "spec", "parentRefs"):
                yield obj


def routes(cluster: Cluster) -> Iterator[Route]:
    """Every route to a Gateway that was read with all its listeners."""
    yield from _made_by_kserve(cluster)
    for obj in cluster.of_kind(*_ROUTES):
        hosts = tuple(strings_of(obj.get("spec", "hostnames")))
        yield from _named_by(cluster, obj, ("spec", "parentRefs"), obj.kind, hosts)
    for obj in cluster.of_kind("LLMInferenceService"):
        yield from _named_by(cluster, obj, ("spec", "router", "gateway", "refs"), "HTTPRoute", None)


def _made_by_kserve(cluster: Cluster) -> Iterator[Route]:
    named = kserve_gateway(cluster)
    gateway = named_gateway(cluster, named)
    if named is None or gateway is None or not is_known(gateway):
        return
    if routes_by_gateway_api(cluster):
        for obj in standard_services(cluster):
            if not is_internal(obj):
                yield Route(obj, "HTTPRoute", gateway, named, hosts_of(cluster, obj))
    for obj in llm_routes(cluster):
        yield Route(obj, "HTTPRoute", gateway, named, None)


def _named_by(
    cluster: Cluster, obj: KubeObject, path: KeyPath, kind: str, hosts: tuple[str, ...] | None
) -> Iterator[Route]:
    for index, ref in mappings_of(obj.get(*path)):
        if ref.get("kind", "Gateway") != "Gateway" or ref.get("group", API) != API:
            continue
        name, port = ref.get("name"), ref.get("port")
        gateway = find_gateway(cluster, str(ref.get("namespace") or obj.namespace), str(name))
        if gateway is not None and is_known(gateway):
            number = port if isinstance(port, int) else 0
            named = Setting(name, obj, (*path, index, "name"))
            yield Route(obj, kind, gateway, named, hosts, str(ref.get("sectionName") or ""), number)


def admits(cluster: Cluster, gateway: KubeObject, listener: Listener, namespace: str) -> bool | None:
    """True if a listener takes routes of a namespace; None if the labels of the namespace are unknown."""
    if listener.origin != "Selector":
        return listener.origin == "All" or (listener.origin == "Same" and namespace == gateway.namespace)
    selector = dig(listener.allowed, "namespaces", "selector")
    if not isinstance(selector, Mapping):
        return None
    labels: dict[str, Any] = {NAME_LABEL: namespace}
    found = cluster.find("Namespace", "", namespace)
    for obj in found:
        labels.update(obj.labels)
    if found or asked_keys(selector) <= {NAME_LABEL}:
        return matches(selector, labels)
    return None


def covers(pattern: str, host: str) -> bool:
    """True if the hostname of a listener and a host intersect: a leading ``*`` is any number of labels."""
    if not pattern or not host or pattern == host:
        return True
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return host.startswith("*.") and pattern.endswith(host[1:])
