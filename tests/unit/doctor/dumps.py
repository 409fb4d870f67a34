"""What Envoy's /config_dump prints for the gateways of `routed.cluster`, as istiod 1.27 fills it."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
_ADMIN = "type.googleapis.com/envoy.admin.v3"
PRIVATE = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----"


def listener(port: int, waits: bool = False) -> Object:
    tls = {"common_tls_context": {"tls_certificates": [{"private_key": {"inline_string": PRIVATE}}]}}
    chain = {"filter_chain_match": {"server_names": ["*"]}, "transport_socket": {"name": "tls", "typed_config": tls}}
    body = {"name": f"0.0.0.0_{port}", "address": {"socket_address": {"port_value": port}}}
    state = {"version_info": "1", "listener": body | {"filter_chains": [chain]}}
    kind = f"{_ADMIN}.ListenersConfigDump.DynamicListener"
    return {"@type": kind, "name": body["name"], "warming_state" if waits else "active_state": state}


def routes(name: str, *domains: str) -> Object:
    host = {
        "name": "h",
        "domains": list(domains),
        "routes": [{"route": {"cluster": "c"}, "request_headers_to_add": []}],
    }
    return {
        "@type": f"{_ADMIN}.RoutesConfigDump.DynamicRouteConfig",
        "route_config": {"name": name, "virtual_hosts": [host]},
    }


def refused(name: str, details: str) -> Object:
    kind = f"{_ADMIN}.ListenersConfigDump.DynamicListener"
    return {"@type": kind, "name": name, "error_state": {"failed_configuration": {"key": PRIVATE}, "details": details}}


def whole(*entries: Object) -> list[Object]:
    """The entries as a dump of everything has them."""
    lists: dict[str, list[Object]] = {"dynamic_listeners": [], "dynamic_route_configs": []}
    for entry in entries:
        lists["dynamic_route_configs" if "route_config" in entry else "dynamic_listeners"].append(entry)
    bootstrap = {"@type": f"{_ADMIN}.BootstrapConfigDump", "bootstrap": {"node": {"metadata": {"TOKEN": "x"}}}}
    secrets = {"@type": f"{_ADMIN}.SecretsConfigDump", "dynamic_active_secrets": [{"secret": {"key": PRIVATE}}]}
    return [bootstrap, *({name: items} for name, items in lists.items()), secrets]
