# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Names that no path of a manifest leads to: in texts of ConfigMaps, and of what a mesh or its gateways have.

knative/serving pkg/reconciler/certificate/config/cert_manager.go; istio pilot/pkg/security/authz/builder/extauthz.go,
pilot/pkg/model/telemetry.go and pilot/pkg/credentials/kube/secrets.go (the Secret is in the namespace of the Pods).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kserve_wiring.cluster import gateways as gw
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.mesh_config import mesh_config
from kserve_wiring.cluster.names import is_alike, near_name
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, Setting, mappings_of
from kserve_wiring.manifests.yamltext import load

_ISSUERS = ("issuerRef", "clusterLocalIssuerRef", "systemInternalIssuerRef")
_OF_KNATIVE = ("knative-selfsigned-issuer", "knative-internal-encryption-issuer", "selfsigned-cluster-issuer")
"""ClusterIssuers that Knative's manifests bring."""
_BUILTIN = ("prometheus", "stackdriver", "envoy")
"""Providers that istiod has without a configuration (pilot/pkg/model/telemetry.go)."""


@dataclass(frozen=True, slots=True)
class Misnamed:
    """A name of nothing. better: the text that was probably meant. related: what shows the right one."""

    setting: Setting
    reason: str
    suggestion: str
    better: str = ""
    related: tuple[Setting, ...] = ()


def misnamed(cluster: Cluster) -> Iterator[Misnamed]:
    """Issuers of Knative, providers of the mesh, and certificates that no gateway Pod reaches."""
    yield from _issuers(cluster)
    providers = _providers(cluster)
    for obj in cluster.of_kind("AuthorizationPolicy", "Telemetry") if providers else ():
        yield from _unknown_providers(obj, providers)
    for gateway in cluster.gateways.values():
        yield from _certificates(cluster, gateway)


def _issuers(cluster: Cluster) -> Iterator[Misnamed]:
    known = {obj.name: obj for obj in cluster.of_kind("ClusterIssuer") if obj.name not in _OF_KNATIVE}
    for key in _ISSUERS if known else ():
        setting = cluster.knative.settings("certmanager").get(key)
        name, kind = _issuer(setting.text()) if setting is not None else ("", "")
        if setting is None or not name or kind != "ClusterIssuer" or name in (*known, *_OF_KNATIVE):
            continue
        near = near_name(name, known) or next((one for one in known if is_alike(name, one)), "")
        meant = near or (next(iter(known)) if len(known) == 1 else "")
        reason = f"there is no ClusterIssuer {name}, but {', '.join(sorted(known))}"
        shown = (Setting(None, known[meant], ("metadata", "name")),) if meant else ()
        yield Misnamed(setting, reason, f"name {meant or 'one of these'} in {setting.key}", "", shown)


def _issuer(text: str) -> tuple[str, str]:
    try:
        found = load(text or "{}")
    except ValueError:
        return "", ""
    if not isinstance(found, MAPPING):
        return "", ""
    return str(found.get("name") or ""), str(found.get("kind") or "ClusterIssuer")


def _providers(cluster: Cluster) -> list[str]:
    """The extension providers of the mesh; empty if none is shown, because a patch may bring them."""
    own = [str(item.get("name")) for _, item in mappings_of(mesh_config(cluster).get("extensionProviders"))]
    return [*own, *_BUILTIN] if own else []


def _unknown_providers(obj: KubeObject, known: list[str]) -> Iterator[Misnamed]:
    for setting in _named_providers(obj):
        if isinstance(setting.value, str) and setting.value not in known:
            near = near_name(setting.value, known)
            own = ", ".join(name for name in known if name not in _BUILTIN)
            reason = f"the mesh configuration has the extensionProviders {own}"
            yield Misnamed(setting, reason, f"add {setting.value} to extensionProviders", near)


def _named_providers(obj: KubeObject) -> Iterator[Setting]:
    if obj.kind == "AuthorizationPolicy":
        yield Setting(obj.get("spec", "provider", "name"), obj, ("spec", "provider", "name"))
        return
    for part in ("tracing", "metrics", "accessLogging"):
        for index, item in mappings_of(obj.get("spec", part)):
            for number, provider in mappings_of(item.get("providers")):
                path: KeyPath = ("spec", part, index, "providers", number, "name")
                yield Setting(provider.get("name"), obj, path)


def _certificates(cluster: Cluster, gateway: KubeObject) -> Iterator[Misnamed]:
    """A gateway Pod reads Secrets of its own namespace."""
    spaces = {pod.namespace for pod in gw.pods_of_gateway(gateway, cluster.gateway_pods)} - {""}
    if not spaces and gateway.namespace.startswith("istio"):
        spaces = {gateway.namespace}
    for server in gw.servers(gateway) if spaces else ():
        name = server.tls.get("credentialName")
        holders = _holders(cluster, name) if isinstance(name, str) and name and "/" not in name else []
        if holders and not any(namespace in spaces or namespace.startswith("istio") for namespace, _ in holders):
            where, holder = holders[0]
            if holder.kind == "Secret":
                continue  # KW413 reports it
            setting = Setting(name, gateway, (*server.path, "tls", "credentialName"))
            wanted = min(spaces)
            reason = f"{holder.ref} puts it into namespace {where}, and the gateway Pods read it in {wanted}"
            shown = Setting(where, holder, ("metadata", "namespace"))
            yield Misnamed(setting, reason, f"create it in namespace {wanted}", "", (shown,))


def _holders(cluster: Cluster, name: str) -> list[tuple[str, KubeObject]]:
    """Namespace and object of what is, or makes, a Secret of that name."""
    found = [obj for obj in cluster.named("Secret", name) if obj.namespace]
    for kind, path in (("Certificate", ("spec", "secretName")), ("ExternalSecret", ("spec", "target", "name"))):
        found += [obj for obj in cluster.of_kind(kind) if obj.get(*path) == name and obj.namespace]
    return [(obj.namespace, obj) for obj in found]
