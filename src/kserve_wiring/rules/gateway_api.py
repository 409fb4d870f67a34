# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW419 to KW422: the Gateway of the Gateway API, and the routes that KServe attaches to it (wire W10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateway_api import (
    API,
    SCHEMES,
    Listener,
    Route,
    admits,
    covers,
    find_gateway,
    is_api_gateway,
    is_known,
    kserve_gateway,
    listeners,
    named_gateway,
    of_scheme,
    routes,
)
from kserve_wiring.cluster.gateways import split_service_host
from kserve_wiring.cluster.label_selectors import asked_keys
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.standard import domain, host, routes_by_gateway_api
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, dig, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Advice, Draft, at, set_to, single

_CERTIFICATE_MAP = "networking.gke.io/certmap"
_PORTS = {"http": 80, "https": 443}
_SHOWN = 5


@rule("KW419")
def unknown_kserve_gateway(cluster: Cluster) -> Iterator[Draft]:
    """A route to a Gateway that does not exist has no status: ParentStatusNotAvailable."""
    setting = kserve_gateway(cluster)
    if setting is None or setting.text().count("/") > 1:
        return  # KW303 reports another form
    given, _, name = setting.text().rpartition("/")
    namespace = given or cluster.kserve_namespace
    missing = not cluster.facts.exists("Gateway", namespace, name)
    if not namespace or not missing or find_gateway(cluster, namespace, name) is not None:
        return
    known = [obj for obj in cluster.of_kind("Gateway") if is_api_gateway(obj) and not obj.source.partial]
    level = "" if cluster.facts.complete else "warning"
    likely = _meant(known, namespace, name)
    if likely is not None:
        reason = f"there is no such Gateway of {API}, but {likely.ref}"
        draft = single(setting, reason=reason, suggestion=set_to(setting, _name(likely)), level=level)
        yield replace(draft, related=((likely, ("metadata", "name")),))
    elif f"{namespace}/{name}" in cluster.gateways:
        reason = f"that is an Istio Gateway, and a route attaches only to a Gateway of {API}"
        suggestion = f"create the Gateway of {API}, or name one that exists"
        yield single(setting, reason=reason, suggestion=suggestion, level=level)
    elif cluster.facts.complete:
        reason = f"there is no such Gateway of {API}"
        yield single(setting, reason=reason, suggestion="create the Gateway, or name one that exists")


def _name(gateway: KubeObject) -> str:
    return f"{gateway.namespace}/{gateway.name}"


def _meant(known: list[KubeObject], namespace: str, name: str) -> KubeObject | None:
    """The Gateway that a wrong name means: in another namespace, with both swapped, or one edit away."""
    by_name = {_name(obj): obj for obj in known if obj.namespace}
    swapped = by_name.get(f"{name}/{namespace}")
    same = [obj for obj in known if obj.name == name and obj.namespace]
    near = by_name.get(near_name(f"{namespace}/{name}", by_name))
    return swapped or (same[0] if len(same) == 1 else None) or near


@rule("KW420")
def routes_not_admitted(cluster: Cluster) -> Iterator[Draft]:
    """No listener of the Gateway takes the route: NotAllowedByListeners or NoMatchingParent, and 404."""
    refused: dict[tuple[int, str, str, int, str], list[Route]] = {}
    for route in routes(cluster):
        key = (id(route.gateway), route.kind, route.section, route.port, route.obj.namespace)
        refused.setdefault(key, []).append(route)
    found: dict[tuple[int, KeyPath], tuple[Listener, list[Route]]] = {}
    for group in refused.values():
        place, draft = _not_attached(cluster, group[0])
        if draft is not None:
            yield draft
        elif place is not None:
            found.setdefault((id(group[0].gateway), place.path), (place, []))[1].append(group[0])
    for one, alike in found.values():
        yield _closed(one, alike)


def _url_scheme(cluster: Cluster) -> str:
    return (cluster.isvc_config.text("ingress", "urlScheme") if cluster.isvc_config else "") or "http"


def _not_attached(cluster: Cluster, route: Route) -> tuple[Listener | None, Draft | None]:
    """The listener that refuses the namespace of a route, or what else is wrong with it."""
    named = route.listeners()
    if not named:
        place = route.named.path[:-1]
        key = "sectionName" if route.section else "port"
        setting = Setting(route.section or route.port, route.obj, (*place, key))
        names = ", ".join(str(one.name if route.section else one.port) for one in listeners(route.gateway))
        reason = f"{route.gateway.ref} has no such listener, it has {names}"
        return None, _related(single(setting, reason=reason, suggestion=f"set {setting.key} to one of {names}"), route)
    kinds = [one for one in named if one.takes_kind(route.kind)]
    if not kinds:
        setting = Setting(named[0].protocol, route.gateway, (*named[0].path, "allowedRoutes", "kinds"))
        reason = f"none of the listeners takes the {route.kind} of {route.obj.ref}"
        return None, single(setting, reason=reason, suggestion=f"add {route.kind} to {setting.key}, or remove that")
    if route.named.obj is not route.obj:
        kinds = of_scheme(kinds, _url_scheme(cluster))  # KServe names no listener, and gives out one URL
    answers = [admits(cluster, route.gateway, one, route.obj.namespace) for one in kinds]
    return (kinds[0] if route.obj.namespace and not any(one is not False for one in answers) else None), None


def _related(draft: Draft, route: Route) -> Draft:
    return replace(draft, related=((route.gateway, ("spec", "listeners")),))


def _closed(one: Listener, refused: list[Route]) -> Draft:
    """One finding about a listener, for the routes of all namespaces that it refuses."""
    path = (*one.path, "allowedRoutes", "namespaces", "from")
    setting = Setting(refused[0].gateway.get(*path), refused[0].gateway, path)
    namespaces = sorted({route.obj.namespace for route in refused})
    reason = f"so no listener takes the route of {refused[0].obj.ref}"
    if len(namespaces) > 1:
        more = " and others" if len(namespaces) > _SHOWN else ""
        reason = f"so no listener takes routes of the namespaces {', '.join(namespaces[:_SHOWN])}{more}"
    suggestion: Advice = set_to(setting, "All")
    if one.origin == "Selector":
        selector = dig(one.allowed, "namespaces", "selector")
        wanted = ", ".join(f"{key}: {value}" for key, value in (selector.get("matchLabels") or {}).items())
        wanted = wanted or f"that it selects by, {', '.join(sorted(asked_keys(selector)))}"
        suggestion = f"give the namespaces the labels {wanted}, or {suggestion}"
    draft = single(setting, reason=reason, suggestion=suggestion)
    related = tuple((route.obj, ("metadata", "namespace")) for route in refused[:_SHOWN])
    return replace(draft, related=related)


@rule("KW421")
def hostnames_left_out(cluster: Cluster) -> Iterator[Draft]:
    """No listener has a hostname for the route: NoMatchingListenerHostname, and 404."""
    yield from _domains_left_out(cluster)
    for route in routes(cluster):
        if route.named.obj is route.obj and route.hosts and route.kind != "TLSRoute":
            named = route.listeners()
            if named and not any(covers(one.hostname, name) for one in named for name in route.hosts):
                setting = Setting(", ".join(route.hosts), route.obj, ("spec", "hostnames"))
                yield _uncovered(setting, named, route.gateway, f"change {setting.key}")


def _domains_left_out(cluster: Cluster) -> Iterator[Draft]:
    """KServe's domains: a route is accepted with one of them, and the others get 404."""
    named, config = kserve_gateway(cluster), cluster.isvc_config
    if named is None or config is None or not routes_by_gateway_api(cluster):
        return
    gateway = named_gateway(cluster, named)
    if gateway is None or not is_known(gateway):
        return
    more = config.setting("ingress", "additionalIngressDomains")
    domains = [domain(cluster)]
    for index, item in enumerate(strings_of(more.value) if more else []):
        domains.append(Setting(item, more.obj, (*more.path, index)) if more else domains[0])
    for setting in domains:
        wanted = host(cluster, "model", "namespace", setting.text())
        found = of_scheme(listeners(gateway), _url_scheme(cluster))
        if wanted and not any(covers(one.hostname, wanted) for one in found):
            suffix = wanted.partition(".")[2]
            fix = f'set {setting.key} to {_parent(found)}, or the hostname of a listener to "*.{suffix}"'
            yield _uncovered(setting, found, gateway, fix)


def _parent(found: Iterable[Listener]) -> str:
    return next((one.hostname.removeprefix("*.") for one in found if one.hostname), "")


def _uncovered(setting: Setting, found: list[Listener], gateway: KubeObject, fix: str) -> Draft:
    hostnames = ", ".join(dict.fromkeys(one.hostname for one in found))
    reason = f"the listeners of {gateway.ref} have the hostname {hostnames}"
    draft = single(setting, reason=reason, suggestion=fix)
    return replace(draft, related=((gateway, (*found[0].path, "hostname")),))


@rule("KW422")
def schemes_differ(cluster: Cluster) -> Iterator[Draft]:
    """KServe writes a URL from urlScheme, without a port, and does not look at the Gateway."""
    for obj in cluster.of_kind("Gateway"):
        if is_api_gateway(obj):
            yield from _certificates(obj)
            yield from _without_tls(obj)
    named, config = kserve_gateway(cluster), cluster.isvc_config
    if named is None or config is None:
        return
    setting = config.setting("ingress", "urlScheme") or config.place("ingress", "urlScheme", "http")
    if setting.text() not in SCHEMES:
        yield single(setting, reason="a URL has one of two schemes", suggestion="write http or https")
        return
    gateway = named_gateway(cluster, named)
    if gateway is not None and is_known(gateway):
        yield from _scheme(cluster, setting, gateway)


def _scheme(cluster: Cluster, setting: Setting, gateway: KubeObject) -> Iterator[Draft]:
    scheme, known = setting.text(), listeners(gateway)
    found = [one for one in known if one.protocol in SCHEMES[scheme]]
    if not found:
        protocols = ", ".join(dict.fromkeys(one.protocol for one in known))
        other = "http" if scheme == "https" else "https"
        reason = f"the listeners of {gateway.ref} have the protocol {protocols}"
        suggestion: Advice = set_to(setting, other)
        if scheme == "https":
            suggestion = f"{suggestion}, or add a listener with protocol HTTPS and a certificate"
        draft = single(setting, reason=reason, suggestion=suggestion)
        yield replace(draft, related=((gateway, ("spec", "listeners")),))
    elif routes_by_gateway_api(cluster) and all(one.port != _PORTS[scheme] for one in found):
        port = Setting(found[0].port, gateway, (*found[0].path, "port"))
        reason = f"URLs of models have no port, so clients use {_PORTS[scheme]}"
        draft = single(port, reason=reason, suggestion=set_to(port, _PORTS[scheme]), level="warning")
        yield replace(draft, related=((setting.obj, setting.path),))


def _without_tls(gateway: KubeObject) -> Iterator[Draft]:
    """Gateway API requires tls for these protocols, which its CRD does not check; clouds may do without."""
    level = "" if gateway.get("spec", "gatewayClassName") == "istio" else "warning"
    for one in listeners(gateway):
        setting = at(gateway, *one.path, "tls")
        if one.protocol in ("HTTPS", "TLS") and not setting.value and _CERTIFICATE_MAP not in gateway.annotations:
            reason = f"a listener with the protocol {one.protocol} needs a certificate"
            yield single(setting, reason=reason, suggestion="write certificateRefs with the Secret", level=level)


def _certificates(gateway: KubeObject) -> Iterator[Draft]:
    """istiod gives a certificate only to Pods in the namespace of the Gateway, and its status does not show it.

    istio 1.27 pilot/pkg/model/gateway.go:203-223, identityVerified.
    """
    for index, address in mappings_of(gateway.get("spec", "addresses")):
        parts = split_service_host(str(address.get("value")))
        if gateway.get("spec", "gatewayClassName") != "istio" or address.get("type") != "Hostname" or parts is None:
            continue
        namespace = parts[1]
        refs = [(*one.path, "tls", "certificateRefs") for one in listeners(gateway)]
        used = [path for path in refs if gateway.get(*path)]
        if used and namespace != gateway.namespace and gateway.namespace:
            reason = f"istiod gives certificates only to Pods in {gateway.namespace}, and these are in {namespace}"
            setting = at(gateway, "spec", "addresses", index, "value")
            draft = single(setting, reason=reason, suggestion=f"create the Gateway and its Secret in {namespace}")
            yield replace(draft, related=((gateway, used[0]),))
