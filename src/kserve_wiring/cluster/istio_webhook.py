# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What istiod's webhook refuses in an object although its schema allows it.

istio 1.31 pkg/config/validation: validation.go and agent/validation.go; pkg/config/security. For VirtualServices see
istio_routes.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.istio_routes import refused_routes
from kserve_wiring.cluster.refusals import Refusal
from kserve_wiring.grammar.forms import bare_host
from kserve_wiring.grammar.istio_host import is_domain, is_full_name, is_network
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, dig, mappings_of, strings_of

_TLS_PROTOCOLS = ("HTTPS", "TLS")
_HTTP_PROTOCOLS = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB")
_OPAQUE_PROTOCOLS = ("TCP", "UDP", "MONGO", "MYSQL", "REDIS")
_OWN_CERTIFICATE = ("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL")
_CERTIFICATES = ("serverCertificate", "privateKey", "caCertificates", "credentialName")
_CREDENTIALS = ("credentialName", "credentialNames", "tlsCertificates")
_CONDITIONS = (
    "source.ip",
    "remote.ip",
    "source.namespace",
    "source.serviceAccount",
    "source.principal",
    "source.trustDomain",
    "request.auth.principal",
    "request.auth.audiences",
    "request.auth.presenter",
    "destination.ip",
    "destination.port",
    "connection.sni",
)
_CONDITION_MAPS = ("request.headers", "request.auth.claims", "experimental.")
_OF_THE_PEER = ("namespaces", "principals", "serviceAccounts", "requestPrincipals", "trustDomains")


def refused_by_istio(obj: KubeObject) -> Iterator[Refusal]:
    """What istiod refuses in one object."""
    check = _CHECKS.get((obj.group, obj.kind))
    if check is not None and obj.mapping("spec"):
        yield from check(obj)


def _gateway(obj: KubeObject) -> Iterator[Refusal]:
    """validateServer."""
    for index, server in mappings_of(obj.get("spec", "servers")):
        path: KeyPath = ("spec", "servers", index)
        if not strings_of(server.get("hosts")):
            yield Refusal((*path, "hosts"), "a server has at least one host", 'write hosts: ["*"], or the hosts')
        for number, host in enumerate(strings_of(server.get("hosts"))):
            name = host.rpartition("/")[2]
            if host and name != "*" and "." not in name:  # KW538 reports an empty one
                reason = "a host of a Gateway is a full domain name, or *"
                yield Refusal((*path, "hosts", number), reason, "write the full domain name")
        if isinstance(server.get("port"), MAPPING) and dig(server, "port", "name") is None:
            yield Refusal((*path, "port", "name"), "a port has a name", "name the port, such as https")
        yield from _server_tls(server, path)


def _server_tls(server: Mapping[str, Any], path: KeyPath) -> Iterator[Refusal]:
    protocol = str(dig(server, "port", "protocol") or "").upper()
    tls = server.get("tls")
    where = (*path, "tls")
    if not isinstance(tls, MAPPING):
        if protocol in _TLS_PROTOCOLS:
            yield Refusal(
                where, f"a server with the protocol {protocol} has tls", "write tls with mode and credentialName"
            )
        return
    mode = str(tls.get("mode") or "PASSTHROUGH")
    if protocol in _OPAQUE_PROTOCOLS:
        reason = f"a port with the protocol {protocol} has no tls"
        yield Refusal(where, reason, f"set the protocol of {path[-2]}[{path[-1]}] to TLS or HTTPS, or remove tls")
    elif protocol in _HTTP_PROTOCOLS and (
        mode not in ("PASSTHROUGH", "AUTO_PASSTHROUGH") or tls.get("serverCertificate")
    ):
        reason = f"its port has the protocol {protocol}, which is plain text"
        yield Refusal((*where, "mode"), reason, f"set the protocol of {path[-2]}[{path[-1]}] to HTTPS")
    elif mode == "ISTIO_MUTUAL" and any(tls.get(name) for name in _CERTIFICATES):
        name = next(name for name in _CERTIFICATES if tls.get(name))
        yield Refusal(
            (*where, name), "with ISTIO_MUTUAL the certificate is that of the mesh", "remove it, or write SIMPLE"
        )
    elif mode in _OWN_CERTIFICATE and not any(tls.get(name) for name in _CREDENTIALS):
        missing = [name for name in ("serverCertificate", "privateKey") if not tls.get(name)]
        if len(missing) == 1:  # KW413 and KW424 report a server without both
            reason = f"the mode {mode} needs a certificate"
            yield Refusal((*where, missing[0]), reason, "name the file, or the Secret in credentialName")
    sources = [name for name in _CREDENTIALS if tls.get(name)]
    if len(sources) + bool(tls.get("serverCertificate") and tls.get("privateKey")) > 1:
        yield Refusal((*where, sources[0]), "a server has one source of certificates", "leave one of them")


def _service_entry(obj: KubeObject) -> Iterator[Refusal]:
    """ValidateServiceEntry."""
    hosts = strings_of(obj.get("spec", "hosts"))
    resolution = str(obj.get("spec", "resolution") or "NONE")
    endpoints = [item for _, item in mappings_of(obj.get("spec", "endpoints"))]
    selector = obj.get("spec", "workloadSelector")
    if not obj.get("spec", "hosts"):  # else KW508 reports the type
        yield Refusal(("spec", "hosts"), "a ServiceEntry has at least one host", "write the hosts")
    yield from _entry_hosts(hosts, resolution if not endpoints else "")
    if selector is not None and endpoints:
        yield Refusal(("spec", "endpoints"), "there is a workloadSelector, too", "leave one of the two")
    elif resolution == "NONE" and endpoints:
        yield Refusal(("spec", "endpoints"), "the resolution NONE has none", "set spec.resolution to STATIC or DNS")
    if resolution == "DNS_ROUND_ROBIN" and len(endpoints) > 1:
        yield Refusal(("spec", "endpoints"), "DNS_ROUND_ROBIN has at most one", "set spec.resolution to DNS")
    for index, address in enumerate(strings_of(obj.get("spec", "addresses"))):
        if "/" in address and resolution not in ("NONE", "STATIC"):
            reason = f"a range is for the resolutions NONE and STATIC, not {resolution}"
            yield Refusal(("spec", "addresses", index), reason, "write single addresses")
    yield from _entry_ports(obj, hosts, resolution)


def _entry_hosts(hosts: list[str], resolution: str) -> Iterator[Refusal]:
    """resolution: how istiod finds the addresses of the hosts, "" if the entry has endpoints."""
    for index, host in enumerate(hosts):
        if host == "*":
            yield Refusal(("spec", "hosts", index), "a ServiceEntry is not for all hosts", "write the hosts")
        elif host == bare_host(host) and not is_domain(host):  # else KW423 reports it
            yield Refusal(("spec", "hosts", index), "it is no name of DNS", "write the full domain name")
        elif resolution in ("DNS", "DNS_ROUND_ROBIN") and not is_full_name(host):
            reason = (
                f"with the resolution {resolution} and no endpoints, istiod asks DNS for each host, and this is no name"
            )
            yield Refusal(("spec", "hosts", index), reason, "set spec.resolution to NONE, or write the full names")


def _entry_ports(obj: KubeObject, hosts: list[str], resolution: str) -> Iterator[Refusal]:
    ports = list(mappings_of(obj.get("spec", "ports")))
    for key in ("name", "number"):
        counted = Counter(str(port[key]) for _, port in ports if port.get(key) is not None)
        for index, port in ports:
            if counted[str(port.get(key))] > 1:
                yield Refusal(("spec", "ports", index, key), "another port has it, too", "write another one")
                break
    for index, port in ports:
        protocol = str(port.get("protocol") or "TCP").upper()
        if resolution != "NONE" and len(hosts) > 1 and protocol not in (*_HTTP_PROTOCOLS, *_TLS_PROTOCOLS):
            reason = f"by {protocol} nobody can tell {len(hosts)} hosts apart"
            yield Refusal(("spec", "ports", index, "protocol"), reason, "write a ServiceEntry for each host")


def _peer_authentication(obj: KubeObject) -> Iterator[Refusal]:
    """ValidatePeerAuthentication."""
    ports = obj.mapping("spec", "portLevelMtls")
    if ports and not obj.mapping("spec", "selector", "matchLabels"):
        reason = "without a selector the policy is for a namespace, which has no ports"
        yield Refusal(("spec", "portLevelMtls"), reason, "add spec.selector.matchLabels, or set spec.mtls")


def _request_authentication(obj: KubeObject) -> Iterator[Refusal]:
    """validateJwtRule; KW532 reads jwksUri."""
    yield from _one_selector(obj)
    for index, rule in mappings_of(obj.get("spec", "jwtRules")):
        path: KeyPath = ("spec", "jwtRules", index)
        if not rule.get("issuer") and not rule.get("jwksUri"):
            yield Refusal((*path, "issuer"), "a rule has an issuer or a jwksUri", "write the issuer of the tokens")


def _one_selector(obj: KubeObject) -> Iterator[Refusal]:
    given = [key for key in ("selector", "targetRef", "targetRefs") if obj.get("spec", key)]
    if len(given) > 1:
        yield Refusal(("spec", given[-1]), f"a policy has one of {', '.join(given)}", "leave one of them")


def _authorization_policy(obj: KubeObject) -> Iterator[Refusal]:
    """ValidateAuthorizationPolicy."""
    yield from _one_selector(obj)
    action = str(obj.get("spec", "action") or "ALLOW")
    rules = obj.get("spec", "rules")
    if action in ("CUSTOM", "DENY") and not rules:
        yield Refusal(
            ("spec", "rules"), f"without rules nothing is ever {action}", "add an empty rule for every request"
        )
    if action == "CUSTOM" and not obj.get("spec", "provider", "name"):
        yield Refusal(("spec", "provider"), "CUSTOM needs the name of a provider", "name a provider of the mesh")
    elif action != "CUSTOM" and obj.get("spec", "provider") is not None:
        yield Refusal(("spec", "provider"), f"only CUSTOM has a provider, not {action}", "set spec.action to CUSTOM")
    for index, rule in mappings_of(rules):
        path: KeyPath = ("spec", "rules", index)
        for part, inner in (("from", "source"), ("to", "operation")):
            for number, item in mappings_of(rule.get(part)):
                yield from _matcher(item, (*path, part, number, inner), action)
        for number, condition in mappings_of(rule.get("when")):
            yield from _condition(condition, (*path, "when", number))


def _matcher(item: Mapping[str, Any], path: KeyPath, action: str) -> Iterator[Refusal]:
    """A source or an operation."""
    found = item.get(str(path[-1]))
    if not isinstance(found, MAPPING) or not any(found.values()):
        yield Refusal(path, "it matches nothing", f"remove it, or say which {path[-1]}")
        return
    for key in ("ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks"):
        for index, text in enumerate(strings_of(found.get(key))):
            if not is_network(text):
                yield Refusal(
                    (*path, key, index), "it is an IP address or range", "write an address such as 10.0.0.0/8"
                )
    for key in ("ports", "notPorts"):
        for index, text in enumerate(strings_of(found.get(key))):
            if not (text.isdigit() and int(text) <= 65535):
                yield Refusal((*path, key, index), "it is the number of a port", "write the number of the port")
    for key in _OF_THE_PEER if action == "CUSTOM" else ():
        if found.get(key):
            yield Refusal((*path, key), "CUSTOM cannot match it", "match hosts, paths or headers, or remove it")


def _condition(condition: Mapping[str, Any], path: KeyPath) -> Iterator[Refusal]:
    """ValidateAttribute."""
    key = condition.get("key")
    if isinstance(key, str) and key and key not in _CONDITIONS and not key.startswith(_CONDITION_MAPS):
        reason = "Istio knows no such attribute"
        yield Refusal(
            (*path, "key"), reason, "write one of request.headers[name], request.auth.claims[name], source.ip"
        )
    elif isinstance(key, str) and key.startswith(_CONDITION_MAPS[:2]) and not (key.endswith("]") and "[" in key):
        yield Refusal(
            (*path, "key"), "the name belongs in brackets", f"write {key.partition('[')[0].rstrip('.')}[name]"
        )
    if not condition.get("values") and not condition.get("notValues"):
        yield Refusal((*path, "values"), "a condition has values or notValues", "write the values")


def _destination_rule(obj: KubeObject) -> Iterator[Refusal]:
    """ValidateDestinationRule and validateTrafficPolicy."""
    subsets = list(mappings_of(obj.get("spec", "subsets")))
    counted = Counter(str(item.get("name")) for _, item in subsets)
    for index, item in subsets:
        if counted[str(item.get("name"))] > 1:
            yield Refusal(("spec", "subsets", index, "name"), "another subset has it, too", "write another name")
            break
    places: list[KeyPath] = [("spec",), *(("spec", "subsets", index) for index, _ in subsets)]
    for path in places:
        policy = obj.get(*path, "trafficPolicy")
        if isinstance(policy, MAPPING) and not policy:
            yield Refusal((*path, "trafficPolicy"), "it has at least one field", "remove it, or write a field")
        tls = dig(policy, "tls")
        missing = [name for name in ("clientCertificate", "privateKey") if not dig(tls, name)]
        if dig(tls, "mode") == "MUTUAL" and not dig(tls, "credentialName") and missing:
            reason = f"the mode MUTUAL needs {' and '.join(missing)}"
            where = (*path, "trafficPolicy", "tls", "mode")
            yield Refusal(where, reason, "write ISTIO_MUTUAL for the certificates of the mesh, or name yours")


_NETWORKING, _SECURITY = "networking.istio.io", "security.istio.io"
_CHECKS: dict[tuple[str, str], Callable[[KubeObject], Iterator[Refusal]]] = {
    (_NETWORKING, "Gateway"): _gateway,
    (_NETWORKING, "ServiceEntry"): _service_entry,
    (_NETWORKING, "DestinationRule"): _destination_rule,
    (_NETWORKING, "VirtualService"): refused_routes,
    (_SECURITY, "PeerAuthentication"): _peer_authentication,
    (_SECURITY, "RequestAuthentication"): _request_authentication,
    (_SECURITY, "AuthorizationPolicy"): _authorization_policy,
}
