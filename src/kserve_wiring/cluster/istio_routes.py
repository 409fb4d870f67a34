# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What istiod's webhook refuses in a VirtualService although its schema allows it.

istio 1.31 pkg/config/validation: validation.go and virtualservice.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.refusals import Refusal
from kserve_wiring.grammar.forms import bare_host
from kserve_wiring.grammar.istio_host import is_address, is_domain, is_within, overlap
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, dig, mappings_of, strings_of


def refused_routes(obj: KubeObject) -> Iterator[Refusal]:
    """What istiod refuses in one VirtualService (ValidateVirtualService)."""
    hosts, gateways = strings_of(obj.get("spec", "hosts")), strings_of(obj.get("spec", "gateways"))
    for key in ("gateways", "tls", "tcp"):
        if not hosts and obj.get("spec", key):
            yield Refusal(("spec", key), f"without hosts it is a delegate, which has no {key}", "write the hosts")
    yield from _hosts(hosts)
    if "*" in hosts and (not gateways or "mesh" in gateways):
        reason = "in the mesh a VirtualService is for named hosts, and without gateways it is for the mesh"
        yield Refusal(("spec", "hosts", hosts.index("*")), reason, "name the Gateway in spec.gateways, or the hosts")
    if not any(obj.get("spec", kind) for kind in ("http", "tcp", "tls")):
        yield Refusal(("spec", "http"), "a VirtualService has a route", "write http, tcp or tls")
    for index, route in mappings_of(obj.get("spec", "http")):
        yield from _route(route, ("spec", "http", index), is_delegate=not hosts)
    for index, route in mappings_of(obj.get("spec", "tls")):
        yield from _tls_route(route, ("spec", "tls", index), hosts)
    for index, route in mappings_of(obj.get("spec", "tcp")):
        yield from _destinations(route, ("spec", "tcp", index))


def _hosts(hosts: list[str]) -> Iterator[Refusal]:
    for index, host in enumerate(hosts):
        path: KeyPath = ("spec", "hosts", index)
        if not (is_domain(host) or is_address(host)):
            if host and host == bare_host(host):  # else KW538 or KW423 reports it
                yield Refusal(path, "it is no name of DNS", "write the name of a Service, or a full domain name")
            return
    for index, host in enumerate(hosts):
        same = next((other for other in hosts[:index] if overlap(host, other)), None)
        if same is not None:
            yield Refusal(
                ("spec", "hosts", index), f"{same} is there, too, and has the same names", "leave one of them"
            )
            return


def _tls_route(route: Mapping[str, Any], path: KeyPath, hosts: list[str]) -> Iterator[Refusal]:
    """validateTLSRoute."""
    if not route.get("match"):
        yield Refusal((*path, "match"), "a TLS route is for some hosts", "write match with sniHosts")
    for index, match in mappings_of(route.get("match")):
        names = strings_of(match.get("sniHosts"))
        where = (*path, "match", index, "sniHosts")
        if not match.get("sniHosts"):
            yield Refusal(where, "a TLS route is for some hosts", "write the hosts")
        for number, name in enumerate(names if hosts else ()):
            if not is_address(name) and not any(is_within(name, host) for host in hosts):
                yield Refusal((*where, number), f"spec.hosts has only {', '.join(hosts)}", "write one of these")
    yield from _destinations(route, path)


def _destinations(route: Mapping[str, Any], path: KeyPath) -> Iterator[Refusal]:
    """validateRouteDestinations."""
    if not route.get("route"):
        yield Refusal((*path, "route"), "a route has a destination", "write route with the destination")
    yield from _weights(route, path)


def _weights(route: Mapping[str, Any], path: KeyPath) -> Iterator[Refusal]:
    weights = [item.get("weight", 0) for _, item in mappings_of(route.get("route"))]
    if len(weights) > 1 and not any(weights):
        yield Refusal((*path, "route"), "of several destinations none has a weight", "write a weight for each")


def _route(route: Mapping[str, Any], path: KeyPath, *, is_delegate: bool) -> Iterator[Refusal]:
    """validateHTTPRoute."""
    if is_delegate and route.get("delegate"):
        yield Refusal((*path, "delegate"), "a delegate has none itself", "remove it, or write spec.hosts")
    yield from _ends(route, path)
    yield from _weights(route, path)
    for key, check in _PARTS.items():
        if isinstance(route.get(key), MAPPING):
            yield from check(route[key], (*path, key))
    if route.get("mirror") and route.get("mirrors"):
        yield Refusal((*path, "mirror"), "there is mirrors, too", "leave one of them")


def _ends(route: Mapping[str, Any], path: KeyPath) -> Iterator[Refusal]:
    """validateHTTPRouteConflict."""
    ends = [key for key in ("redirect", "directResponse", "route") if route.get(key)]
    if route.get("delegate"):
        for key in ("redirect", "route"):
            if route.get(key):
                yield Refusal((*path, key), "a route with a delegate has nothing else", "remove it, or the delegate")
        return
    if not ends:
        reason = "a route has one of route, redirect and directResponse"
        yield Refusal((*path, "route"), reason, "write route with the destination")
    elif len(ends) > 1:
        yield Refusal((*path, ends[1]), f"there is {ends[0]}, too", "leave one of them")
    for key in ("rewrite", "fault") if ends and ends[0] != "route" else ():
        if route.get(key):
            yield Refusal((*path, key), f"{ends[0]} sends no request on", "remove it")


def _retries(retries: Mapping[str, Any], path: KeyPath) -> Iterator[Refusal]:
    """validateHTTPRetry."""
    attempts = retries.get("attempts")
    if isinstance(attempts, int) and attempts < 0:
        yield Refusal((*path, "attempts"), "it is a number of attempts", "write 0 for none")
    if not attempts and (retries.get("retryOn") or retries.get("perTryTimeout")):
        yield Refusal((*path, "attempts"), "0 attempts have no policy", "write the number of attempts")
    named = retries.get("retryOn")
    for policy in named.split(",") if isinstance(named, str) and named else ():
        if policy not in _POLICIES and policy not in _STATUSES:
            bare = policy.strip()
            near = bare if bare in _POLICIES else near_name(bare, _POLICIES)
            fix = f"write {near} for {policy}" if near else f"write some of {', '.join(_POLICIES[:4])}, without blanks"
            yield Refusal((*path, "retryOn"), f"Envoy has no policy {policy or 'without a name'}", fix)


def _redirect(redirect: Mapping[str, Any], path: KeyPath) -> Iterator[Refusal]:
    """validateHTTPRedirect."""
    if redirect.get("uri") and redirect.get("prefixRewrite"):
        yield Refusal((*path, "prefixRewrite"), "there is uri, too", "leave one of them")
    elif not any(redirect.get(key) for key in ("uri", "prefixRewrite", "authority", "port", "derivePort", "scheme")):
        yield Refusal((*path, "uri"), "a redirect changes something", "write uri, authority, port or scheme")
    code = redirect.get("redirectCode") or 301
    if isinstance(code, int) and not 300 <= code <= 399:
        yield Refusal((*path, "redirectCode"), "the status of a redirect is 3xx", "write 301, 302, 307 or 308")
    if redirect.get("scheme") not in (None, "", "http", "https"):
        yield Refusal((*path, "scheme"), "a redirect leads to http or https", "write http or https")


def _direct_response(response: Mapping[str, Any], path: KeyPath) -> Iterator[Refusal]:
    """validateHTTPStatus."""
    status = response.get("status") or 0
    if isinstance(status, int) and not 200 <= status <= 600:
        yield Refusal((*path, "status"), "it is the status of a response", "write one from 200 to 599")


def _rewrite(rewrite: Mapping[str, Any], path: KeyPath) -> Iterator[Refusal]:
    """validateHTTPRewrite."""
    if rewrite.get("uri") and rewrite.get("uriRegexRewrite"):
        yield Refusal((*path, "uriRegexRewrite"), "there is uri, too", "leave one of them")
    elif not any(rewrite.get(key) for key in ("uri", "uriRegexRewrite", "authority")):
        yield Refusal((*path, "uri"), "a rewrite changes something", "write uri or authority, or remove it")


def _fault(fault: Mapping[str, Any], path: KeyPath) -> Iterator[Refusal]:
    """validateHTTPFaultInjection."""
    if fault.get("abort") is None and fault.get("delay") is None:
        yield Refusal((*path, "abort"), "a fault is an abort, a delay, or both", "write one of them, or remove it")
    for key in ("abort", "delay"):
        yield from _percentage(dig(fault, key, "percentage"), (*path, key, "percentage"))


def _percentage(percentage: Any, path: KeyPath) -> Iterator[Refusal]:
    value = dig(percentage, "value")
    if isinstance(value, int | float) and not 0 <= value <= 100:
        yield Refusal((*path, "value"), "it is a percentage", "write one from 0 to 100")


_POLICIES = (
    *("5xx", "gateway-error", "reset", "connect-failure", "reset-before-request", "retriable-4xx", "refused-stream"),
    *("retriable-status-codes", "retriable-headers", "envoy-ratelimited", "http3-post-connect-failure"),
    *("cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"),
)
_STATUSES = frozenset(str(int(status)) for status in HTTPStatus)
_PARTS: dict[str, Callable[[Mapping[str, Any], KeyPath], Iterator[Refusal]]] = {
    "retries": _retries,
    "redirect": _redirect,
    "directResponse": _direct_response,
    "rewrite": _rewrite,
    "fault": _fault,
    "mirrorPercentage": _percentage,
}
