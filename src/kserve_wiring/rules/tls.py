# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW413: the ingress gateway, its certificate and the scheme of the URLs agree on TLS (wire W10)."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster import gateway_chain as chain_of
from kserve_wiring.cluster import gateways as gw
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateway_chain import chains, owner_of
from kserve_wiring.cluster.pull_secrets import secret_exists
from kserve_wiring.cluster.targets import is_copied
from kserve_wiring.manifests.objects import KubeObject, Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, pair, set_to, single

# pkg/config/protocol/instance.go
_PROTOCOLS = (
    "HTTP",
    "HTTP2",
    "HTTPS",
    "GRPC",
    "GRPC-WEB",
    "TLS",
    "TCP",
    "MONGO",
    "MYSQL",
    "REDIS",
    "UDP",
    "HTTP_PROXY",
)
_TERMINATING = ("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL")


@rule("KW413")
def tls_on_one_side(cluster: Cluster) -> Iterator[Draft]:
    """Gateway, scheme of the URLs and certificate Secret disagree on whether clients use https."""
    for chain in chains(cluster):
        if chain.role != "ingress" or chain.gateway is None:
            continue
        servers = gw.servers(chain.gateway)
        for server in servers:
            yield from _server_tls(cluster, chain.gateway, server, servers)
            yield from _credential(cluster, chain, server)
        yield from _schemes(cluster, chain.gateway, servers)
    yield from _astray(cluster)


def _astray(cluster: Cluster) -> Iterator[Draft]:
    """The Secret of a team's Gateway is there, but not in the namespace of the gateway's Pods."""
    known = {id(chain.gateway) for chain in chains(cluster) if chain.role == "ingress"}
    for gateway in cluster.gateways.values():
        pods = gw.pods_of_gateway(gateway, cluster.gateway_pods)
        namespaces = sorted({pod.namespace for pod in pods})
        for server in gw.servers(gateway) if pods and id(gateway) not in known and not gateway.operator_made else ():
            name = str(server.tls.get("credentialName"))
            swapped = [secret for space in namespaces for secret in cluster.find("Secret", name, space)]
            others = [one for one in (*cluster.named("Secret", name), *swapped) if one.namespace and not is_copied(one)]
            if others and not any(_is_there(cluster, space, name) for space in namespaces):
                setting = Setting(name, gateway, (*server.path, "tls", "credentialName"))
                place = Setting(others[0].namespace, others[0], ("metadata", "namespace"))
                yield pair(setting, place, suggestion=f"create Secret {name} in namespace {namespaces[0]}")


def _is_there(cluster: Cluster, namespace: str, name: str) -> bool:
    return secret_exists(cluster, namespace, name) or _certificate(cluster, namespace, name)


def _server_tls(cluster: Cluster, gateway: KubeObject, server: gw.Server, servers: list[gw.Server]) -> Iterator[Draft]:
    protocol = owner_of(cluster, gateway, (*server.path, "port", "protocol"))
    tls = owner_of(cluster, gateway, (*server.path, "tls"))
    mode = owner_of(cluster, gateway, (*server.path, "tls", "mode"))
    if server.protocol not in _PROTOCOLS:
        args = {"other_key": "the list of protocols that Istio accepts", "other": ", ".join(_PROTOCOLS)}
        yield single(protocol, **args, suggestion=f"set {protocol.key} to HTTP or HTTPS")
    elif server.protocol == "HTTPS" and not server.tls:
        yield pair(protocol, tls, suggestion=f"set {tls.key} to a mode and a credentialName")
    elif server.protocol == "HTTPS" and server.tls.get("mode") not in _TERMINATING:
        yield pair(mode, protocol, suggestion=set_to(mode, "SIMPLE"))
    elif server.protocol in gw.PLAIN and set(server.tls) - {"httpsRedirect"}:
        shown = Setting(", ".join(sorted(map(str, server.tls))), tls.obj, tls.path)
        yield pair(protocol, shown, suggestion=set_to(protocol, "HTTPS"))
    elif server.redirects and not any(other.protocol == "HTTPS" for other in servers):
        redirect = owner_of(cluster, gateway, (*server.path, "tls", "httpsRedirect"))
        args = {
            "other_key": "a server with protocol HTTPS",
            "other": "missing",
            "suggestion": "add a server with protocol HTTPS",
        }
        yield single(redirect, **args)


def _credential(cluster: Cluster, chain: chain_of.Chain, server: gw.Server) -> Iterator[Draft]:
    """Istio reads the Secret from the namespace of the gateway's pods."""
    name = server.tls.get("credentialName")
    if not isinstance(name, str) or chain.gateway is None or cluster.facts.existing is None:
        return
    namespaces = sorted({pod.namespace for pod in chain.pods}) or [chain.gateway.namespace]
    for namespace in namespaces:
        if not secret_exists(cluster, namespace, name) and not _certificate(cluster, namespace, name):
            setting = owner_of(cluster, chain.gateway, (*server.path, "tls", "credentialName"))
            args = {"other_key": f"that Secret in namespace {namespace}", "other": "missing"}
            yield single(setting, **args, suggestion=f"create Secret {name} in namespace {namespace}")


def _certificate(cluster: Cluster, namespace: str, secret: str) -> bool:
    return any(
        obj.namespace == namespace and obj.get("spec", "secretName") == secret for obj in cluster.of_kind("Certificate")
    )


def _schemes(cluster: Cluster, gateway: KubeObject, servers: list[gw.Server]) -> Iterator[Draft]:
    encrypted = [server for server in servers if server.protocol == "HTTPS"]
    owner = owner_of(cluster, gateway, ("spec", "servers"))
    protocols = Setting(", ".join(server.protocol for server in servers) or None, owner.obj, owner.path)
    for setting in _scheme_settings(cluster):
        if setting.text() not in ("http", "https"):
            args = {"other_key": "the scheme of a URL", "other": "http or https"}
            yield single(setting, **args, suggestion=f"set {setting.key} to http or https")
        elif setting.text() == "https" and not encrypted:
            suggestion = f"set {setting.key} to http, or add a server with protocol HTTPS"
            yield pair(setting, protocols, suggestion=suggestion)
        elif setting.text() == "http" and encrypted:
            level = "" if cluster.facts.complete else "info"
            yield pair(setting, protocols, suggestion=set_to(setting, "https"), level=level)


def _scheme_settings(cluster: Cluster) -> Iterator[Setting]:
    found = cluster.knative.setting("network", "default-external-scheme")
    if found is not None:
        yield found
    config = cluster.isvc_config
    scheme = config.setting("ingress", "urlScheme") if config and cluster.routes_through_istio else None
    if scheme is not None:
        yield scheme
