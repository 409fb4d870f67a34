# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW423 and KW424: host names, subsets and protocols that Istio compares as text or refuses (wire W10).

istio pkg/config/validation/validation.go, pkg/config/protocol/instance.go and pilot/pkg/model/push_context.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateway_chain import chains
from kserve_wiring.cluster.gateways import pods_of_gateway
from kserve_wiring.cluster.names import near_name
from kserve_wiring.grammar.values import is_dns1123_label
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, Setting, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because, set_to, single

_ISTIO = "networking.istio.io"
_ROUTES = ("http", "tls", "tcp")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_CERTIFICATES = ("credentialName", "credentialNames", "serverCertificate", "tlsCertificates")
_TERMINATING = ("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL")
_PROTOCOLS = (
    "HTTP",
    "HTTPS",
    "HTTP2",
    "GRPC",
    "GRPC-WEB",
    "TCP",
    "TLS",
    "MONGO",
    "REDIS",
    "MYSQL",
    "UDP",
    "HTTP_PROXY",
)


@rule("KW423", skips_open=True)
def malformed_hosts(cluster: Cluster) -> Iterator[Draft]:
    """A host is compared as text: with a scheme, port or dot at the end it is that of no service."""
    for setting in _hosts(cluster):
        text = setting.value
        if isinstance(text, str) and text:
            better = _SCHEME.sub("", text).split("/")[-1 if setting.obj.kind == "Gateway" else 0]
            better = re.sub(r":\d+$", "", better).rstrip(".").lower()
            if better and better != text.rpartition("/")[2] * (setting.obj.kind == "Gateway") and better != text:
                reason = "a host has neither scheme, port, path nor dot at its end, and is in lower case"
                yield single(setting, reason=reason, suggestion=set_to(setting, better))
    yield from _subsets(cluster)


def _hosts(cluster: Cluster) -> Iterator[Setting]:
    for obj in cluster.of_kind("VirtualService", "DestinationRule", "ServiceEntry"):
        if obj.group == _ISTIO:
            for index, host in enumerate(strings_of(obj.get("spec", "hosts"))):
                yield Setting(host, obj, ("spec", "hosts", index))
            if obj.get("spec", "host") is not None:
                yield at(obj, "spec", "host")
            yield from (at(obj, *path, "host") for path in _destinations(obj))
    for obj in cluster.of_kind("HTTPRoute", "GRPCRoute", "TLSRoute"):
        for index, host in enumerate(strings_of(obj.get("spec", "hostnames"))):
            yield Setting(host, obj, ("spec", "hostnames", index))


def _destinations(obj: KubeObject) -> Iterator[KeyPath]:
    for kind in _ROUTES:
        for index, route in mappings_of(obj.get("spec", kind)):
            for number, _ in mappings_of(route.get("route")):
                yield ("spec", kind, index, "route", number, "destination")


def _subsets(cluster: Cluster) -> Iterator[Draft]:
    """A destination with a subset that no DestinationRule of the host has answers 503."""
    known: dict[tuple[str, str], set[str]] = {}
    rules: dict[tuple[str, str], list[KubeObject]] = {}
    for obj in cluster.of_kind("DestinationRule"):
        key = _service(str(obj.get("spec", "host")), obj.namespace)
        known[key] = known.get(key, set()) | _names(obj)
        rules.setdefault(key, []).append(obj)
    for obj in cluster.of_kind("VirtualService"):
        for path in _destinations(obj):
            subset, host = at(obj, *path, "subset"), obj.get(*path, "host")
            key = _service(str(host), obj.namespace)
            if isinstance(subset.value, str) and subset.value and not is_dns1123_label(subset.value):
                reason = "Istio refuses a subset whose name is no label of DNS: lower case letters, digits and hyphens"
                yield single(subset, reason=reason, suggestion="name a subset of the DestinationRule")
            elif isinstance(subset.value, str) and subset.value and key in known and subset.value not in known[key]:
                near = near_name(subset.value, known[key])
                reason = f"{rules[key][-1].ref} has {', '.join(sorted(known[key])) or 'no subset'}"
                suggestion = set_to(subset, near) if near else "name a subset of the DestinationRule"
                draft = single(subset, reason=reason, suggestion=suggestion)
                yield replace(draft, related=((rules[key][-1], ("spec", "subsets")),))
            elif isinstance(subset.value, str) and subset.value in known.get(key, ()):
                having = [one for one in rules[key] if subset.value in _names(one)]
                yield from _out_of_sight(subset, having, key[1], _callers(cluster, obj))


def _names(obj: KubeObject) -> set[str]:
    return {str(subset.get("name")) for _, subset in mappings_of(obj.get("spec", "subsets"))}


def _out_of_sight(subset: Setting, rules: list[KubeObject], service: str, callers: set[str]) -> Iterator[Draft]:
    """A proxy reads those of its namespace, of the Service's and of istiod's (push_context.go, destinationRule)."""
    spaces = {rule_.namespace for rule_ in rules}
    if not service or not callers or "" in spaces or spaces & {service, *callers}:
        return
    where = at(rules[0], "metadata", "namespace")
    reason = f"it is in {rules[0].ref}, and the proxy looks in {', '.join(sorted({service, *callers}))}"
    yield because(subset, reason, set_to(where, service, elsewhere=True), where)


def _callers(cluster: Cluster, obj: KubeObject) -> set[str]:
    """Namespaces of the proxies that follow a VirtualService, and of istiod; empty if they are not known."""
    found = {pod.namespace for pod in cluster.pods if pod.labels.get("app") == "istiod"} | {"istio-system"}
    for name in strings_of(obj.get("spec", "gateways")):
        gateway = cluster.gateways.get(name if "/" in name else f"{obj.namespace}/{name}")
        pods = pods_of_gateway(gateway, cluster.gateway_pods) if gateway is not None else []
        if not pods:
            return set()  # the Pods of the mesh, or of a Gateway that was not read
        found |= {pod.namespace for pod in pods}
    return found if obj.get("spec", "gateways") else set()


def _service(host: str, namespace: str) -> tuple[str, str]:
    """A short host is in the namespace of the object that names it."""
    parts = host.split(".")
    is_short = len(parts) == 1
    is_local = len(parts) > 2 and parts[2] == "svc"
    return (host, namespace) if is_short else (parts[0], parts[1]) if is_local else (host, "")


@rule("KW424", skips_open=True)
def refused_servers(cluster: Cluster) -> Iterator[Draft]:
    """Istio refuses a server of a protocol that it does not have, or that terminates TLS without a certificate."""
    ingress = {id(chain.gateway) for chain in chains(cluster) if chain.role == "ingress"}  # KW413 reads their tls
    for gateway in cluster.gateways.values():
        if gateway.operator_made or gateway.source.partial:
            continue
        for index, server in mappings_of(gateway.get("spec", "servers")):
            protocol = at(gateway, "spec", "servers", index, "port", "protocol")
            text = protocol.value.upper() if isinstance(protocol.value, str) else ""
            if isinstance(protocol.value, str) and text not in _PROTOCOLS:
                near = near_name(text, _PROTOCOLS) or ("HTTPS" if server.get("tls") else "HTTP")
                reason = "Istio has no such protocol, and treats the port as opaque or refuses the Gateway"
                yield single(protocol, reason=reason, suggestion=set_to(protocol, near))
            if id(gateway) not in ingress and isinstance(server.get("tls"), MAPPING):
                yield from _certificates(gateway, ("spec", "servers", index, "tls"), server["tls"])


def _certificates(gateway: KubeObject, path: KeyPath, tls: Mapping[str, Any]) -> Iterator[Draft]:
    """validateTLSOptions: a mode that terminates TLS has a certificate; PASSTHROUGH, the default, ignores it."""
    mode, given = at(gateway, *path, "mode"), [name for name in _CERTIFICATES if tls.get(name)]
    if mode.value in _TERMINATING and not given:
        setting = at(gateway, *path, "credentialName")
        yield single(setting, reason=f"the mode {mode.value} needs a certificate", suggestion=f"set {setting.key}")
    elif mode.value in (None, "PASSTHROUGH", "AUTO_PASSTHROUGH") and given:
        reason = f"PASSTHROUGH{' is the default, and' if mode.value is None else ''} does not use {given[0]}"
        yield single(mode, reason=reason, suggestion=set_to(mode, "SIMPLE"))
