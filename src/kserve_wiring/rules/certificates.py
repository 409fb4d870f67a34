# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW550: Certificates that cert-manager refuses, or that no issuer signs (wire W10).

cert-manager internal/apis/certmanager/validation/certificate.go, ValidateDuration; pkg/apis/certmanager/v1/const.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster import gateways as gw
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.names import near_name
from kserve_wiring.grammar.values import parse_duration
from kserve_wiring.manifests.objects import KubeObject, Setting, dig, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because, set_to

_GROUP = "cert-manager.io"
_WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
_MINUTE, _HOUR = 60 * 10**9, 3600 * 10**9
_DEFAULT = 90 * 24 * _HOUR


@rule("KW550", skips_open=True)
def refused_certificates(cluster: Cluster) -> Iterator[Draft]:
    """The webhook answers `must be greater than`, or the Certificate waits for an issuer of another group."""
    for obj in cluster.of_kind("Certificate"):
        if obj.group == _GROUP and not obj.source.partial:
            yield from _group(obj)
            yield from _durations(obj)
            yield from _wildcards(cluster, obj)
            yield from _gateway_hosts(cluster, obj)
    yield from _webhook_hosts(cluster)


def _wildcards(cluster: Cluster, obj: KubeObject) -> Iterator[Draft]:
    """https://letsencrypt.org/docs/challenge-types/: HTTP-01 issues no wildcard certificate."""
    kind, name = str(obj.get("spec", "issuerRef", "kind") or "Issuer"), str(obj.get("spec", "issuerRef", "name"))
    issuers = cluster.find(kind, obj.namespace if kind == "Issuer" else "", name)
    for issuer in issuers if len(issuers) == 1 else ():  # of several stages, another one may be meant
        solvers = [item for _, item in mappings_of(issuer.get("spec", "acme", "solvers"))]
        if not solvers or any("dns01" in item for item in solvers):
            continue
        for index, host in enumerate(strings_of(obj.get("spec", "dnsNames"))):
            if host.startswith("*."):
                setting = Setting(host, obj, ("spec", "dnsNames", index))
                place = Setting(None, issuer, ("spec", "acme", "solvers"))
                reason = f"{issuer.ref} has only solvers for HTTP-01, which proves no wildcard"
                yield because(setting, reason, f"add a solver with dns01 to {issuer.ref}", place)


def _gateway_hosts(cluster: Cluster, obj: KubeObject) -> Iterator[Draft]:
    """The hosts of the servers of Istio's Gateways that use the Certificate's Secret."""
    names = strings_of(obj.get("spec", "dnsNames"))
    for gateway in cluster.gateways.values() if names else ():
        for server in gw.servers(gateway) if gateway.namespace == obj.namespace else ():
            hosts = [host.rpartition("/")[2] for host in server.hosts]
            if server.tls.get("credentialName") != obj.get("spec", "secretName") or not hosts or "*" in hosts:
                continue
            if not any(_covers(name, host) or _covers(host, name) for name in names for host in hosts):
                setting = Setting(", ".join(names), obj, ("spec", "dnsNames"))
                place = Setting(None, gateway, (*server.path, "hosts"))
                reason = f"{gateway.ref} serves {', '.join(hosts)} with it"
                yield because(setting, reason, f"add {hosts[0]} to {setting.key}", place, level="warning")


def _covers(name: str, host: str) -> bool:
    """True if a certificate for the name covers the host; a wildcard matches one label."""
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:])


def _webhook_hosts(cluster: Cluster) -> Iterator[Draft]:
    """The API server calls NAME.NAMESPACE.svc, and the CA is that of the Certificate in the annotation."""
    for obj in cluster.of_kind(*_WEBHOOKS):
        namespace, _, name = str(obj.annotations.get(f"{_GROUP}/inject-ca-from") or "").partition("/")
        services = {str(dig(item, "clientConfig", "service", "name")) for _, item in mappings_of(obj.get("webhooks"))}
        # KW502 reports a Service that is not there.
        hosts = {f"{one}.{namespace}.svc" for one in services if cluster.find("Service", namespace, one)}
        for certificate in cluster.find("Certificate", namespace, name) if name else ():
            names = strings_of(certificate.get("spec", "dnsNames"))
            for host in sorted(hosts) if names and certificate.namespace else ():
                if not any(_covers(one, host) for one in names):
                    setting = Setting(", ".join(names), certificate, ("spec", "dnsNames"))
                    reason = f"{obj.ref} is called as {host}"
                    yield because(setting, reason, f"add {host} to {setting.key}", at(obj, "webhooks"))


def _group(obj: KubeObject) -> Iterator[Draft]:
    """Issuers of other projects have their own groups, so only a slip is a mistake."""
    group = at(obj, "spec", "issuerRef", "group")
    if isinstance(group.value, str) and ("/" in group.value or near_name(group.value, [_GROUP])):
        reason = "a group has no version, and cert-manager's issuers are in cert-manager.io"
        yield because(group, reason, set_to(group, _GROUP))


def _durations(obj: KubeObject) -> Iterator[Draft]:
    length, renewal = at(obj, "spec", "duration"), at(obj, "spec", "renewBefore")
    found: dict[str, int] = {}
    for setting in (length, renewal):
        if isinstance(setting.value, str) and setting.value:
            try:
                found[setting.key] = parse_duration(setting.value)
            except ValueError:
                reason = "it is a duration of hours, minutes and seconds, and has no days"
                yield because(setting, reason, f"write {_in_hours(setting.value)}")
    total = found.get(length.key, _DEFAULT)
    if length.key in found and total < _HOUR:
        yield because(length, "cert-manager issues nothing for less than an hour", "write 1h or more")
    elif renewal.key in found:
        yield from _renewal(renewal, found[renewal.key], total)


def _renewal(renewal: Setting, number: int, total: int) -> Iterator[Draft]:
    if number < 5 * _MINUTE:
        yield because(renewal, "cert-manager renews at least 5 minutes before the end", "write 5m or more")
    elif number >= total:
        reason = f"spec.duration is {total // _HOUR}h, and a renewal comes before the end"
        yield because(renewal, reason, "write less than the duration")


def _in_hours(text: str) -> str:
    days = text.removesuffix("d")
    return f"{int(days) * 24}h" if days.isdecimal() else "a duration such as 2160h"
