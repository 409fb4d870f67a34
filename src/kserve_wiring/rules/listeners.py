# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW405 and KW406: the ports on which gateway pods listen, and the hosts that they serve (wire W9)."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster import gateways as gw
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateway_chain import CALLED_PORT, STOCK_LOCAL, Chain, chains, owner_of
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.manifests.objects import KubeObject, Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, pair, single

_PUBLIC_PORTS = {"HTTP": 80, "HTTP2": 80, "GRPC": 80, "HTTPS": 443}
STOCK_PORT = 8081  # of Knative's local Gateway (net-istio config/203-local-gateway.yaml)
_ISTIOS = ("istio-ingressgateway",)  # Services of Istio with 80 -> 8080 and without 8081
_NOT_HTTP = ("tcp", "udp", "tls", "mongo", "mysql", "redis", "https")


@rule("KW405")
def ports_differ(cluster: Cluster) -> Iterator[Draft]:
    """The ports that Istio opens after translation, against those of the Service (pilot/pkg/model/gateway.go)."""
    for chain in chains(cluster):
        if chain.gateway is not None and chain.service is not None and chain.pods:
            services = cluster.services_of(chain.pods)
            yield from _ambiguous(chain, services)
            if chain.role == "local":
                yield from _called_port(cluster, chain, chain.gateway, chain.service, services)
            else:
                yield from _unreachable_servers(cluster, chain.gateway, chain.service, services)
        elif chain.role == "local" and chain.host is not None and not chain.pods:
            yield from _without_pods(cluster, chain, chain.host)


def _without_pods(cluster: Cluster, chain: Chain, host: Setting) -> Iterator[Draft]:
    """The pods were not read, but the Gateway and the Service, or what upstream makes of them, are known.

    Istio's own istio-ingressgateway has no port for the 8081 of Knative's local Gateway.
    """
    gateway, service = chain.gateway, chain.service
    stock = chain.named.text().endswith(f"/{STOCK_LOCAL}")
    servers = [server.port for server in gw.servers(gateway) if _serves_http(server)] if gateway else [STOCK_PORT]
    if (gateway is None and not stock) or not servers:
        return
    if service is not None:
        if gateway is None or _selects_its_pods(service, gateway):
            alike = [
                obj
                for obj in cluster.of_kind("Service")
                if obj.get("spec", "selector") == service.get("spec", "selector")
            ]
            called = next((port.target for port in gw.service_ports(service) if port.port == CALLED_PORT), None)
            opened = gw.servers(gateway) if gateway else []
            listens = {gw.listening_port(server, alike) for server in opened} | (set() if opened else {STOCK_PORT})
            if isinstance(called, int) and called not in listens:
                yield _another_port(chain, host, servers[0], called)
    elif (parts := gw.split_service_host(host.text())) and parts[0] in _ISTIOS and not set(servers) & {80, 8080}:
        yield _another_port(chain, host, servers[0], 8080)


def _selects_its_pods(service: KubeObject, gateway: KubeObject) -> bool:
    wanted = gateway.mapping("spec", "selector")
    return bool(wanted) and gw.selects(wanted, service.mapping("spec", "selector"))


def _another_port(chain: Chain, host: Setting, opened: int, called: int) -> Draft:
    host = Setting(f"{host.text()}, whose port {CALLED_PORT} leads to {called}", host.obj, host.path)
    args = {"other_key": f"the port of Gateway {chain.named.text()}", "other": str(opened)}
    suggestion = f"name a Service with 80 -> {opened}, such as {STOCK_LOCAL}.istio-system.svc.cluster.local"
    return single(host, **args, suggestion=suggestion, level="" if chain.service is not None else "warning")


def _called_port(
    cluster: Cluster, chain: Chain, gateway: KubeObject, service: KubeObject, services: list[KubeObject]
) -> Iterator[Draft]:
    port = next((port for port in gw.service_ports(service) if port.port == CALLED_PORT), None)
    if port is None:
        yield _not_called(cluster, service)
        return
    if port.name.partition("-")[0] in _NOT_HTTP:
        setting = Setting(port.name, service, (*port.path, "name"))
        args = {"other_key": "the protocol of the Gateway's server", "other": "HTTP"}
        yield single(setting, **args, suggestion="name the port http2")
    servers = [server for server in gw.servers(gateway) if _serves_http(server)]
    target = _number(port.target, chain.pods)
    if target is None or any(gw.listening_port(server, services) in (target, port.target) for server in servers):
        return
    every = servers or gw.servers(gateway)
    path = (*every[0].path, "port", "number" if servers else "protocol") if every else ("spec", "servers")
    own = owner_of(cluster, gateway, path)
    other = Setting(port.target, service, (*port.path, "targetPort"))
    suggestion = f"set {own.key} to {port.port}, or {other.key} to the port of the Gateway"
    yield pair(own, other, suggestion=suggestion)


def _not_called(cluster: Cluster, service: KubeObject) -> Draft:
    shown = ", ".join(str(port.port) for port in gw.service_ports(service))
    setting = Setting(shown, owner_of(cluster, service, ("spec", "ports")).obj, ("spec", "ports"))
    args = {"other_key": "the port that KServe and Knative call", "other": str(CALLED_PORT)}
    return single(setting, **args, suggestion=f"add port {CALLED_PORT} to the Service")


def _serves_http(server: gw.Server) -> bool:
    return server.protocol in gw.PLAIN or server.tls.get("mode") == "ISTIO_MUTUAL"


def _number(target: int | str, pods: tuple[PodUse, ...]) -> int | None:
    """A targetPort as a number; None for a name that no container defines."""
    if isinstance(target, int):
        return target
    for pod in pods:
        for _, container in pod.containers():
            for port in container.get("ports") or ():
                if isinstance(port, dict) and port.get("name") == target and isinstance(port.get("containerPort"), int):
                    return int(port["containerPort"])
    return None


def _unreachable_servers(
    cluster: Cluster, gateway: KubeObject, service: KubeObject, services: list[KubeObject]
) -> Iterator[Draft]:
    targets = {port.target for port in gw.service_ports(service)}
    if any(isinstance(target, str) for target in targets):
        return
    for server in gw.servers(gateway):
        if gw.listening_port(server, services) not in targets:
            own = owner_of(cluster, gateway, (*server.path, "port", "number"))
            other = Setting(
                ", ".join(f"{p.port}->{p.target}" for p in gw.service_ports(service)), service, ("spec", "ports")
            )
            yield pair(own, other, suggestion=f"add port {server.port} to the Service, or change {own.key}")
        elif cluster.facts.complete:
            yield from _public_port(server, service, services)


def _public_port(server: gw.Server, service: KubeObject, services: list[KubeObject]) -> Iterator[Draft]:
    """Clients use a URL without a port."""
    public = _PUBLIC_PORTS.get(server.protocol)
    listens = gw.listening_port(server, services)
    ports = gw.service_ports(service)
    if public is None or any(port.port == public and port.target == listens for port in ports):
        return
    shown = Setting(", ".join(f"{port.port}->{port.target}" for port in ports), service, ("spec", "ports"))
    args = {"other_key": f"the port that clients of {server.protocol} call", "other": str(public)}
    yield single(shown, **args, suggestion=f"add port {public} with targetPort {listens} to the Service")


def _ambiguous(chain: Chain, services: list[KubeObject]) -> Iterator[Draft]:
    """Two Services of the same pods translate one port differently: Istio uses the first (knative/serving#10160)."""
    wanted = {server.port for server in gw.servers(chain.gateway)} if chain.gateway else set()
    found: dict[int, tuple[KubeObject, int | str]] = {}
    for service in services:
        if gw.NO_TRANSLATION in service.labels or service.operator_made:
            continue
        for port in gw.service_ports(service):
            if port.port not in wanted:
                continue
            other, target = found.setdefault(port.port, (service, port.target))
            if target != port.target:
                suggestion = f'label the Service of the local gateway {gw.NO_TRANSLATION}: "true"'
                one = Setting(port.target, service, (*port.path, "targetPort"))
                yield pair(one, Setting(target, other, ("spec", "ports")), suggestion=suggestion)


@rule("KW406")
def hosts_left_out(cluster: Cluster) -> Iterator[Draft]:
    """Hosts of a service that its Gateway does not admit.

    Knative publishes <name>.<ns>, <name>.<ns>.svc and <name>.<ns>.svc.<domain> on the local gateway, and probes the
    first.
    """
    for chain in chains(cluster):
        if chain.gateway is None:
            continue
        hosts = _local_hosts if chain.role == "local" else _external_hosts
        for servers in _answering_together(cluster, gw.servers(chain.gateway)):
            for namespace in cluster.workload_namespaces or _namespaces_of(servers):
                left_out = list(gw.uncovered(servers, hosts(cluster, namespace), namespace))
                if left_out:
                    yield _left_out(cluster, chain, servers, namespace, left_out[0])
                    break


def _answering_together(cluster: Cluster, servers: list[gw.Server]) -> list[list[gw.Server]]:
    """Groups of servers of which one must admit a host: each alone if complete, else all that do not redirect."""
    if cluster.facts.complete:
        return [[server] for server in servers]
    answering = [server for server in servers if not server.redirects]
    return [answering] if answering else []


def _left_out(cluster: Cluster, chain: Chain, servers: list[gw.Server], namespace: str, host: str) -> Draft:
    gateway = chain.gateway
    assert gateway is not None  # the caller passes its servers
    setting = owner_of(cluster, gateway, (*servers[0].path, "hosts"))
    patterns = Setting(", ".join(name for server in servers for name in server.hosts), setting.obj, setting.path)
    other = "the local host of a model" if chain.role == "local" else "the external host of a model"
    args = {"other_key": f"{other} in namespace {namespace}", "other": host, "suggestion": '"*"'}
    return single(patterns, **args)


def _local_hosts(cluster: Cluster, namespace: str) -> list[str]:
    domain = cluster.facts.cluster_domain or "cluster.local"
    return [f"model.{namespace}", f"model.{namespace}.svc", f"model.{namespace}.svc.{domain}"]


def _external_hosts(cluster: Cluster, namespace: str) -> list[str]:
    config = cluster.isvc_config
    domains = [key for key in cluster.knative.settings("domain") if "." in key]
    if not domains and config is not None and config.text("ingress", "ingressDomain"):
        domains = [config.text("ingress", "ingressDomain")]
    return [f"model-predictor.{namespace}.{domain}" for domain in domains]


def _namespaces_of(servers: list[gw.Server]) -> list[str]:
    """The namespaces in the hosts of the servers, used when there is no workload."""
    for server in servers:
        for host in server.hosts:
            if host.startswith("*.") and not host.startswith("*.svc"):
                return [host[2:].split(".")[0]]
    return ["any"]
