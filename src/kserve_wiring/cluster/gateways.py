# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Istio Gateways, the pods that they configure, and the Services of those pods.

Istio: a Gateway's selector matches pods by label in any namespace (pilot/pkg/model/push_context.go), Istio translates
Service ports (pilot/pkg/model/gateway.go resolvePorts), hosts match by suffix (pkg/config/host/name.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.grammar.istio_host import is_within
from kserve_wiring.manifests.objects import KeyPath, KubeObject, dig, mappings_of

NO_TRANSLATION = "experimental.istio.io/disable-gateway-port-translation"
PLAIN = ("HTTP", "HTTP2", "GRPC")
ENCRYPTED = ("HTTPS", "TLS")


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a Gateway. port: 0 if it is not a number."""

    path: KeyPath
    port: int
    protocol: str
    hosts: tuple[str, ...]
    tls: Mapping[str, Any]

    @property
    def redirects(self) -> bool:
        """True if it only redirects clients to https."""
        return self.tls.get("httpsRedirect") is True


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Service. target: number or name of the pods' port."""

    path: KeyPath
    port: int
    target: int | str
    name: str


def is_istio_gateway(obj: KubeObject) -> bool:
    """True for Istio's Gateway. The Gateway API has a kind of the same name."""
    return obj.kind == "Gateway" and obj.group == "networking.istio.io"


def servers(gateway: KubeObject) -> list[Server]:
    """The servers of a Gateway."""
    found = []
    for index, server in mappings_of(gateway.get("spec", "servers")):
        number = dig(server, "port", "number")
        hosts = server.get("hosts")
        found.append(
            Server(
                ("spec", "servers", index),
                number if isinstance(number, int) else 0,
                str(dig(server, "port", "protocol") or "").upper(),
                tuple(str(host) for host in hosts) if isinstance(hosts, list) else (),
                dig(server, "tls") if isinstance(dig(server, "tls"), Mapping) else {},
            )
        )
    return found


def service_ports(service: KubeObject) -> list[ServicePort]:
    """The ports of a Service. An absent targetPort equals the port."""
    found = []
    for index, port in mappings_of(service.get("spec", "ports")):
        number = port.get("port")
        target = port.get("targetPort", number)
        if isinstance(number, int) and isinstance(target, (int, str)):
            target = int(target) if isinstance(target, str) and target.isdigit() else target
            name = port.get("name")
            found.append(ServicePort(("spec", "ports", index), number, target, name if isinstance(name, str) else ""))
    return found


def selects(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """True if the pods have every label of the selector. Here an empty selector selects nothing."""
    return bool(selector) and all(key in labels and str(labels[key]) == str(value) for key, value in selector.items())


def is_gateway_pod(pod: PodUse) -> bool:
    """True for pods that run Istio's proxy as a gateway: from a template, or with proxyv2 as the only container."""
    if pod.annotations.get("inject.istio.io/templates") in ("gateway", "grpc-agent,gateway"):
        return True
    containers = [container for _, container in pod.containers()]
    return len(containers) == 1 and _is_router(containers[0])


def _is_router(container: Mapping[str, Any]) -> bool:
    image, args = container.get("image"), container.get("args")
    if not isinstance(image, str):
        return False
    return image == "auto" or ("proxyv2" in image and isinstance(args, list) and "router" in args)


def pods_of_gateway(gateway: KubeObject, pods: Iterable[PodUse]) -> list[PodUse]:
    """The gateway pods that a Gateway configures."""
    selector = gateway.mapping("spec", "selector")
    return [pod for pod in pods if selects(selector, pod.labels)]


def pods_of_service(service: KubeObject, pods: Iterable[PodUse]) -> list[PodUse]:
    """The pods that a Service selects, in its own namespace only."""
    selector = service.mapping("spec", "selector")
    return [pod for pod in pods if pod.namespace == service.namespace and selects(selector, pod.labels)]


def listening_port(server: Server, services: Iterable[KubeObject]) -> int | str:
    """The port on which the pods listen for a server, after Istio translates it by the Services of the pods."""
    for service in services:
        if NO_TRANSLATION in service.labels:
            continue
        for port in service_ports(service):
            if port.port == server.port:
                return port.target
    return server.port


def covers(pattern: str, host: str, namespace: str) -> bool:
    """True if a Gateway host admits a VirtualService host of a namespace.

    ``ns/host``, ``./host`` and ``*/host`` limit the namespace.
    """
    scope, slash, name = pattern.rpartition("/")
    return (not slash or scope in ("*", namespace)) and is_within(host, name)


def uncovered(gateway_servers: Iterable[Server], hosts: Iterable[str], namespace: str) -> Iterator[str]:
    """The hosts that no server admits."""
    patterns = [pattern for server in gateway_servers for pattern in server.hosts]
    for host in hosts:
        if not any(covers(pattern, host, namespace) for pattern in patterns):
            yield host


def split_service_host(host: str) -> tuple[str, str, str] | None:
    """Name, namespace and cluster domain of ``name.namespace.svc.domain``; None for another form."""
    name, _, rest = host.removesuffix(".").partition(".")
    namespace, _, rest = rest.partition(".")
    if not rest.startswith("svc.") or not (name and namespace):
        return None
    return name, namespace, rest[4:]
