# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Istio's Gateways and VirtualServices against the configuration that Envoy has: what istiod did not send.

istio pilot/pkg/model/gateway.go: mergeGateways leaves out a server whose port and TLS hosts another Gateway has
already, and gatewayRDSRouteName names the route configurations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kserve_wiring.cluster import gateways as gw
from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.envoy import Envoy, read
from kserve_wiring.doctor.messages import Message
from kserve_wiring.manifests.objects import KubeObject, dig, strings_of

_PASSTHROUGH = ("PASSTHROUGH", "AUTO_PASSTHROUGH")


@dataclass(frozen=True, slots=True)
class _Proxy:
    """A gateway Pod with the configuration of its Envoy, the Gateways that select it, and its Services."""

    pod: KubeObject
    envoy: Envoy
    gateways: list[KubeObject]
    services: list[KubeObject]

    @property
    def where(self) -> str:
        return f"Envoy's configuration in Pod {self.pod.namespace}/{self.pod.name}"

    def port(self, server: gw.Server) -> int | str:
        """The port of the Pod on which Envoy should listen for a server."""
        return gw.listening_port(server, self.services)


def missing(collected: Collected) -> Iterator[Message]:
    """What the Envoys of the gateways lack or refuse."""
    bound = _bound(one for one in collected.objects if one.kind == "VirtualService")
    for proxy in _proxies(collected):
        for name, details in proxy.envoy.refused.items():
            yield Message(proxy.pod, proxy.where, f"Envoy refuses {name}, which istiod sends: {details}")
        for gateway in proxy.gateways:
            routes: dict[int, set[str]] = {}
            for index, server in enumerate(gw.servers(gateway)):
                if any(name.endswith(f"_{proxy.port(server)}") for name in proxy.envoy.refused):
                    continue  # that Envoy does not listen follows
                text = _of_server(proxy, gateway, server)
                if text:
                    yield Message(gateway, proxy.where, text)
                else:
                    routes[index] = proxy.envoy.domains.get(_route(proxy, gateway, server), set())
            if routes:
                yield from _of_routes(proxy, gateway, routes, bound[f"{gateway.namespace}/{gateway.name}"])


def _proxies(collected: Collected) -> Iterator[_Proxy]:
    gateways = [one for one in collected.objects if gw.is_istio_gateway(one)]
    services = [one for one in collected.objects if one.kind == "Service" and not one.group]
    for pod in collected.objects:
        configs = collected.envoys.get((pod.namespace, pod.name)) if pod.kind == "Pod" else None
        if configs is not None:
            selected = [one for one in gateways if gw.selects(one.mapping("spec", "selector"), pod.labels)]
            own = [one for one in services if one.namespace == pod.namespace]
            own = [one for one in own if gw.selects(one.mapping("spec", "selector"), pod.labels)]
            yield _Proxy(pod, read(configs), selected, own)


def _bound(services: Iterable[KubeObject]) -> dict[str, list[KubeObject]]:
    """The VirtualServices with http routes by the Gateway that they name, ``namespace/name``."""
    found: dict[str, list[KubeObject]] = defaultdict(list)
    for one in services:
        for name in strings_of(one.get("spec", "gateways")) if one.items("spec", "http") else ():
            found[name if "/" in name else f"{one.namespace}/{name}"].append(one)
    return found


def _of_server(proxy: _Proxy, gateway: KubeObject, server: gw.Server) -> str:
    """What is wrong with a server that terminates http or TLS; "" if nothing is."""
    passes = server.protocol not in (*gw.PLAIN, "HTTPS") or server.tls.get("mode") in _PASSTHROUGH
    if passes or gateway.get(*server.path, "bind"):
        return ""
    port = proxy.port(server)
    named = f"port {server.port} of Gateway {gateway.namespace}/{gateway.name}"
    if isinstance(port, int) and port not in proxy.envoy.ports:
        waits = [name for name in proxy.envoy.waiting if name.endswith(f"_{port}")]
        why = f"listener {waits[0]} waits, as it does for a certificate" if waits else "istiod sends no listener"
        return f"Envoy does not listen on port {port} for {named}: {why}"
    if server.protocol == "HTTPS" and _route(proxy, gateway, server) not in proxy.envoy.domains:
        return f"istiod does not send {named} to Envoy{_rival(proxy, gateway, server)}"
    return ""


def _rival(proxy: _Proxy, gateway: KubeObject, server: gw.Server) -> str:
    """The other Gateway that has the same port and one of the TLS hosts."""
    hosts = {host.rpartition("/")[2] for host in server.hosts}
    for other in proxy.gateways:
        for one in gw.servers(other) if other is not gateway else ():
            shared = hosts & {host.rpartition("/")[2] for host in one.hosts}
            if one.protocol in gw.ENCRYPTED and proxy.port(one) == proxy.port(server) and shared:
                return f": Gateway {other.namespace}/{other.name} has the same port and TLS host {min(shared)}"
    return ""


def _route(proxy: _Proxy, gateway: KubeObject, server: gw.Server) -> str:
    """The name of its route configuration."""
    if server.protocol in gw.PLAIN:
        return f"http.{proxy.port(server)}"
    name = dig(gateway.body, *server.path, "port", "name")
    return f"https.{server.port}.{name}.{gateway.name}.{gateway.namespace}"


def _of_routes(
    proxy: _Proxy, gateway: KubeObject, routes: dict[int, set[str]], services: list[KubeObject]
) -> Iterator[Message]:
    """The VirtualServices whose hosts a server admits, and Envoy has no route for."""
    servers = [(one, routes[index]) for index, one in enumerate(gw.servers(gateway)) if index in routes]
    for service in services:
        for host in strings_of(service.get("spec", "hosts")):
            if "*" in host or "." not in host:
                continue  # istiod sends the intersection with the Gateway's hosts, or the long form of a short name
            admitting = [domains for one, domains in servers if not any(gw.uncovered([one], [host], service.namespace))]
            if admitting and not any(host in domains for domains in admitting):
                named = f"VirtualService {service.namespace}/{service.name}"
                text = f"istiod sends Envoy no route for host {host} of {named}, which names the Gateway"
                yield Message(service, proxy.where, f"{text} {gateway.namespace}/{gateway.name}")
                break
