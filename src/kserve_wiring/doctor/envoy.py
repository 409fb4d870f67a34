# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The configuration that an Envoy has, from its config_dump (envoy api/envoy/admin/v3/config_dump.proto)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kserve_wiring.manifests.objects import dig, mappings_of

ADMIN_PORT = 15000
"""Of Envoy's administration in Istio's proxies (istio pkg/config/constants, proxyAdminPort of ProxyConfig)."""
RESOURCES = ("dynamic_listeners", "dynamic_route_configs", "dynamic_active_clusters")
"""The parts of a config_dump that are asked for. Secrets and the bootstrap are others."""
_KEPT = frozenset(
    [
        *("configs", "@type", *RESOURCES, "name", "active_state", "warming_state", "error_state", "details"),
        *("listener", "address", "socket_address", "port_value", "filter_chains", "filter_chain_match", "server_names"),
        *("route_config", "virtual_hosts", "domains", "routes", "route", "cluster", "weighted_clusters", "clusters"),
    ]
)


@dataclass(slots=True)
class Envoy:
    """ports: on which it listens. domains: the hosts of each of its route configurations, by name.

    waiting: names of listeners that wait for something, such as a certificate. refused: the resources that Envoy did
    not accept, with its reason.
    """

    ports: set[int] = field(default_factory=set)
    domains: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    waiting: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)


def reduced(value: Any) -> Any:
    """A config_dump with only the fields that `read` needs: no certificate, key, header, filter or address of a Pod."""
    if isinstance(value, Mapping):
        return {key: reduced(item) for key, item in value.items() if key in _KEPT}
    return [reduced(item) for item in value] if isinstance(value, list) else value


def read(configs: Sequence[Any]) -> Envoy:
    """The configuration in the list `configs` of a config_dump, whole or of some resources."""
    found = Envoy()
    for entry in _entries(configs):
        name, error = str(entry.get("name", "")), dig(entry, "error_state", "details")
        listener, routes = dig(entry, "active_state", "listener"), entry.get("route_config")
        if isinstance(listener, Mapping):
            port = dig(listener, "address", "socket_address", "port_value")
            found.ports |= {port} if isinstance(port, int) else set()
        elif isinstance(entry.get("warming_state"), Mapping):
            found.waiting.add(name)
        if isinstance(routes, Mapping):
            name = str(routes.get("name", ""))
            hosts = (host.get("domains") for _, host in mappings_of(routes.get("virtual_hosts")))
            found.domains[name] |= {str(one) for some in hosts if isinstance(some, list) for one in some}
        # A second entry, without a name, repeats the error of a listener.
        if isinstance(error, str) and name:
            found.refused[name] = error
    return found


def _entries(configs: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    """Each listener and route configuration, of a whole config_dump and of one that was asked for by resource."""
    for config in configs:
        if not isinstance(config, Mapping):
            continue
        lists = [config[name] for name in RESOURCES if isinstance(config.get(name), list)]
        if lists:
            yield from (entry for entries in lists for _, entry in mappings_of(entries))
        else:
            yield config
