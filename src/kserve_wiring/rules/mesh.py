# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW414 to KW417: policies of the mesh, and Gateways that conflict (wires W9 and W10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from kserve_wiring.cluster import gateways as gw
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.knative import DEFAULT_NAMESPACE
from kserve_wiring.cluster.mesh_config import root_namespace
from kserve_wiring.manifests.objects import KubeObject, Setting, dig, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, pair, single

_MADE_BY_THEMSELVES = ("istio", "gke-")
_QUEUE_PORTS = ("8012", "8013", "8022", "9090", "9091")
_MODEL_LABELS = ("serving.kserve.io/", "serving.knative.dev/")


def _knative_namespace(cluster: Cluster) -> str:
    return cluster.knative.namespace or DEFAULT_NAMESPACE


def _serving_namespaces(cluster: Cluster) -> list[str]:
    """Namespaces with models that Knative runs."""
    found = {obj.namespace for obj in cluster.of_kind("InferenceService") if cluster.runs_on_knative(obj)}
    return sorted(found - {""})


@rule("KW414")
def closed_policies(cluster: Cluster) -> Iterator[Draft]:
    """Activator and gateway probe every pod; an allow list without them answers `RBAC: access denied`."""
    source = _knative_namespace(cluster)
    for namespace in _serving_namespaces(cluster):
        own = [obj for obj in cluster.of_kind("AuthorizationPolicy") if obj.namespace == namespace and _allows(obj)]
        policies = [obj for obj in own if _selects_models(obj)]
        if policies and not any(_admits(rule_, source) for obj in own for rule_ in obj.items("spec", "rules")):
            setting = at(policies[0], "spec", "rules")
            yield single(Setting("an allow list", setting.obj, setting.path), namespace=source)


def _allows(obj: KubeObject) -> bool:
    return obj.get("spec", "action") in (None, "ALLOW")


def _selects_models(obj: KubeObject) -> bool:
    labels = obj.mapping("spec", "selector", "matchLabels")
    return not obj.get("spec", "targetRefs") and (
        not labels or any(str(key).startswith(_MODEL_LABELS) for key in labels)
    )


def _admits(entry: Any, namespace: str) -> bool:
    sources = dig(entry, "from")
    if not sources:
        return isinstance(entry, Mapping)
    for _, item in mappings_of(sources):
        source = item.get("source")
        names = [*strings_of(dig(source, "namespaces"))]
        names += [part.partition("/ns/")[2].partition("/")[0] or part for part in strings_of(dig(source, "principals"))]
        if not names and not dig(source, "requestPrincipals"):
            return True  # IP blocks or negative matches: unknown
        if any(name == namespace or "*" in name for name in names):
            return True
    return False


@rule("KW415")
def strict_without_activator(cluster: Cluster) -> Iterator[Draft]:
    """Knative's activator calls a pod in plain text unless it has a sidecar itself (kserve/kserve#1371)."""
    knative = _knative_namespace(cluster)
    if _activator_is_injected(cluster, knative):
        return
    found: dict[int, tuple[Setting, str]] = {}
    for namespace in _serving_namespaces(cluster):
        mode, injected = _mtls_mode(cluster, namespace), _is_injected(cluster, namespace)
        for setting in _strict_for_models(cluster, namespace):
            found[id(setting.obj)] = (setting, "" if injected else "info")
        if mode is None or mode.value != "STRICT" or (injected is False and mode.obj.namespace != namespace):
            continue
        known = bool(cluster.find("Namespace", "", knative)) and (injected or mode.obj.namespace == namespace)
        if known or id(mode.obj) not in found:
            found[id(mode.obj)] = (mode, "" if known else "info")
    for mode, level in found.values():
        yield single(mode, namespace=knative, level=level)


def _strict_for_models(cluster: Cluster, namespace: str) -> Iterator[Setting]:
    """Policies that select the Pods of models, and ports of queue-proxy that have a mode of their own."""
    for obj in cluster.in_namespace("PeerAuthentication", namespace):
        labels = obj.mapping("spec", "selector", "matchLabels")
        if labels and not any(str(key).startswith(_MODEL_LABELS) or key == "component" for key in labels):
            continue
        mode = at(obj, "spec", "mtls", "mode")
        if labels and mode.value == "STRICT":
            yield mode
        for port, entry in obj.mapping("spec", "portLevelMtls").items():
            if str(port) in _QUEUE_PORTS and dig(entry, "mode") == "STRICT":
                yield Setting("STRICT", obj, ("spec", "portLevelMtls", port, "mode"))


def _mtls_mode(cluster: Cluster, namespace: str) -> Setting | None:
    """The mode in effect in a namespace: its own, else that of the mesh (pilot/pkg/model/authentication.go)."""
    for holder in (namespace, root_namespace(cluster)):
        for obj in cluster.of_kind("PeerAuthentication"):
            mode = at(obj, "spec", "mtls", "mode")
            if obj.namespace == holder and not obj.mapping("spec", "selector") and mode.value not in (None, "UNSET"):
                return mode
    return None


def _is_injected(cluster: Cluster, namespace: str) -> bool | None:
    """Whether the labels of a namespace request sidecars; None if the namespace was not read."""
    spaces = cluster.find("Namespace", "", namespace)
    if not spaces:
        return None
    return any(_asks_for_sidecars(obj.labels) for obj in spaces)


def _asks_for_sidecars(labels: Mapping[str, Any]) -> bool:
    return labels.get("istio-injection") == "enabled" or "istio.io/rev" in labels


def _activator_is_injected(cluster: Cluster, namespace: str) -> bool:
    """True if the namespace, the pods or KnativeServing request a sidecar."""
    if _is_injected(cluster, namespace):
        return True
    if any(
        pod.obj.name == "activator" and pod.namespace == namespace and pod.injected_by_istio for pod in cluster.pods
    ):
        return True
    server = cluster.knative.server
    if server is None:
        return False
    workloads = [item for part in ("deployments", "workloads") for _, item in mappings_of(server.get("spec", part))]
    return _asks_for_sidecars(server.mapping("spec", "namespace", "labels")) or any(
        item.get("name") == "activator" and str(dig(item, part, "sidecar.istio.io/inject")) in ("true", "True")
        for item in workloads
        for part in ("labels", "annotations")
    )


@rule("KW416")
def clashing_servers(cluster: Cluster) -> Iterator[Draft]:
    """Istio refuses two TLS servers with one host on one port and different certificates (istio/istio#19094)."""
    read = {id(obj) for obj in cluster.objects}
    # A Gateway of others, of which only the facts tell, comes after all that were read; it is not the one to change.
    for pair_of in combinations(cluster.gateways.values(), 2):
        one, other = pair_of if id(pair_of[1]) in read or pair_of[1].operator_made else reversed(pair_of)
        if not _share_pods(cluster, one, other):
            continue
        for first in gw.servers(one):
            for second in gw.servers(other):
                shared = set(first.hosts) & set(second.hosts)
                if first.port == second.port and shared and _certificate(first) != _certificate(second):
                    hosts = ", ".join(sorted(shared))
                    yield pair(
                        Setting(_certificate(second), other, (*second.path, "tls")),
                        Setting(_certificate(first), one, (*first.path, "tls")),
                        hosts=hosts,
                        port=first.port,
                    )


def _share_pods(cluster: Cluster, one: KubeObject, other: KubeObject) -> bool:
    if one.mapping("spec", "selector") == other.mapping("spec", "selector"):
        return True
    pods = gw.pods_of_gateway(one, cluster.gateway_pods)
    return any(pod in pods for pod in gw.pods_of_gateway(other, cluster.gateway_pods))


def _certificate(server: gw.Server) -> str:
    """TLS mode and, if there is one, certificate of a server."""
    if server.protocol not in gw.ENCRYPTED:
        return "none"
    return f"{server.tls.get('mode')} {server.tls.get('credentialName') or server.tls.get('serverCertificate')}"


@rule("KW417")
def unknown_gateway_class(cluster: Cluster) -> Iterator[Draft]:
    """KServe's chart sets the class envoy, whatever is installed (kserve/kserve#4335)."""
    classes = sorted(obj.name for obj in cluster.of_kind("GatewayClass"))
    complete = cluster.facts.complete
    for obj in cluster.of_kind("Gateway"):
        setting = at(obj, "spec", "gatewayClassName")
        if obj.group != "gateway.networking.k8s.io" or setting.text().startswith(_MADE_BY_THEMSELVES):
            continue
        exists = setting.text() in classes or cluster.facts.exists("GatewayClass", "", setting.text())
        if not exists and (classes or complete):
            known = [*classes, *(["istio"] if complete and any(cluster.named("Deployment", "istiod")) else [])]
            fix = "" if known else f"install a controller that has the class {setting.text()}"
            yield single(setting, classes=", ".join(known) or "none", level="error" if complete else "", fix=fix)
