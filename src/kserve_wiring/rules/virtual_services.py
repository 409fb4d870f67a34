# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW561: the hosts and the namespace of a VirtualService, as its Gateway admits them (wire W10).

istio pilot/pkg/networking/core/gateway.go, pickMatchingGatewayHosts, and pilot/pkg/model/gateway.go, which replaces
``./`` by the namespace of the Gateway.
"""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateways import Server, covers, servers
from kserve_wiring.cluster.names import near_name
from kserve_wiring.grammar.forms import bare_host
from kserve_wiring.manifests.objects import KubeObject, Setting, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Advice, Draft, at, because, set_to

_MESH = "mesh"


@rule("KW561", skips_open=True)
def unserved_hosts(cluster: Cluster) -> Iterator[Draft]:
    """The gateway answers 404, and the VirtualService has no status that says so."""
    for obj in cluster.of_kind("VirtualService"):
        hosts = [bare_host(host) for host in strings_of(obj.get("spec", "hosts"))]  # KW423 reports the others
        for name in strings_of(obj.get("spec", "gateways")) if hosts and not obj.source.partial else ():
            gateway = cluster.gateways.get(name if "/" in name else f"{obj.namespace}/{name}")
            if name != _MESH and gateway is not None and not gateway.operator_made and obj.namespace:
                yield from _judged(obj, hosts, gateway)


def _judged(obj: KubeObject, hosts: list[str], gateway: KubeObject) -> Iterator[Draft]:
    own = servers(gateway)
    patterns = [_absolute(host, gateway) for server in own for host in server.hosts]
    if not patterns or any(_meet(pattern, host, obj.namespace) for pattern in patterns for host in hosts):
        return
    spaces = sorted({pattern.partition("/")[0] for pattern in patterns if _admits(pattern, hosts)})
    setting = at(obj, "spec", "hosts", 0)
    served = _served(own, gateway)
    if spaces:
        reason = f"{gateway.ref} serves it for VirtualServices of namespace {', '.join(spaces)}, not of {obj.namespace}"
        yield because(setting, reason, _moved(obj, spaces), served)
    else:
        reason = f"{gateway.ref} serves only {served.text()}"
        yield because(setting, reason, _other_host(setting, patterns), served)


def _absolute(pattern: str, gateway: KubeObject) -> str:
    return f"{gateway.namespace}/{pattern[2:]}" if pattern.startswith("./") else pattern


def _meet(pattern: str, host: str, namespace: str) -> bool:
    """True if one of the two hosts includes the other."""
    scope, _, name = pattern.rpartition("/")
    return covers(pattern, host, namespace) or (scope in ("", "*", namespace) and covers(host, name, namespace))


def _admits(pattern: str, hosts: list[str]) -> bool:
    """True if only the namespace of a pattern excludes the hosts."""
    scope, _, name = pattern.rpartition("/")
    return bool(scope) and any(_meet(name, host, "") for host in hosts)


def _served(own: list[Server], gateway: KubeObject) -> Setting:
    hosts = dict.fromkeys(host for server in own for host in server.hosts)
    return Setting(", ".join(hosts), gateway, ("spec", "servers"))


def _moved(obj: KubeObject, spaces: list[str]) -> Advice:
    namespace = at(obj, "metadata", "namespace")
    return set_to(namespace, spaces[0]) if len(spaces) == 1 else f"move it to one of {', '.join(spaces)}"


def _other_host(setting: Setting, patterns: list[str]) -> Advice:
    names = sorted({pattern.rpartition("/")[2] for pattern in patterns})
    near = near_name(setting.text(), names)
    return set_to(setting, near) if near else "name a host that the Gateway serves, or add it to the Gateway"
