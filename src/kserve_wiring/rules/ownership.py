# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW501 and KW506: who owns an object, and who compares fields that a controller rewrites (wire W14)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.argocd import sources
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.knative_operator import stock_service_namespace
from kserve_wiring.manifests.objects import KeyPath, KubeObject, dig, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, show

_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
# Fields that Knative's webhooks write into their own configuration (knative.dev/pkg webhook: Rules and CABundle).
_KNATIVE_WEBHOOKS = ("webhook", "net-istio-webhook", "eventing-webhook")
_EXPRESSIONS = {
    "failurePolicy": ".webhooks[]?.failurePolicy",
    "caBundle": ".webhooks[]?.clientConfig.caBundle",
    "rules": ".webhooks[]?.rules",
}
_CONVERSION = ("spec", "conversion", "webhook", "clientConfig")
_GROUPS = {"CustomResourceDefinition": "apiextensions.k8s.io", "ClusterRole": "rbac.authorization.k8s.io"}
# Annotations and labels by which Argo CD and Flux know their objects.
_GITOPS = ("argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/")
# Of the charts kserve-crd and kserve-llmisvc-crd; `lookup` in their templates leaves it to the first release, but
# Argo CD renders without a cluster.
_SHARED_CRD = "clusterstoragecontainers.serving.kserve.io"
_STOCK_GATEWAYS = ("knative-local-gateway", "knative-ingress-gateway")


@rule("KW501")
def two_owners(cluster: Cluster) -> Iterator[Draft]:
    """The same object in two releases, or one that the Knative operator creates and reverts."""
    yield from _in_two_releases(cluster)
    if cluster.knative.server is not None:
        yield from _against_the_operator(cluster, cluster.knative.server)


def _in_two_releases(cluster: Cluster) -> Iterator[Draft]:
    first: dict[tuple[str, str, str, str], KubeObject] = {}
    for obj in cluster.objects:
        if obj.source.partial or not obj.name:
            continue
        other = first.setdefault((obj.group, obj.kind, obj.namespace, obj.name), obj)
        if other is obj:
            continue
        owner, former = obj.source.release, other.source.release
        if owner and former and owner != former:
            if obj.name == _SHARED_CRD and _is_helms(obj) and not cluster.applications:
                continue
            yield _owned_twice(obj, f"release {owner}", other, f"release {former}")
        elif obj.source.file == other.source.file and obj.source.line and not (owner or former):
            yield _defined_twice(obj, other)


def _defined_twice(obj: KubeObject, other: KubeObject) -> Draft:
    args = {
        "key": str(obj.ref),
        "value": "defined here",
        "other_key": "the same object",
        "other": f"defined above in this file{_content(obj, other)}, and the last one wins",
    }
    path: KeyPath = ("metadata", "name")
    level, fix = _level(obj, other), "merge the two, or rename one of them"
    return Draft(obj, path, args, ((other, path),), level, fix)


def _content(obj: KubeObject, other: KubeObject) -> str:
    return "" if _is_same(obj, other) else " with other content"


def _level(obj: KubeObject, other: KubeObject) -> str:
    """The same content is a warning, as nothing is lost while it stays the same; but Helm refuses a second owner."""
    return "warning" if _is_same(obj, other) and not (_is_helms(obj) or _is_helms(other)) else "error"


def _is_helms(obj: KubeObject) -> bool:
    return bool(obj.source.release) and not any(str(key).startswith(_GITOPS) for key in (*obj.annotations, *obj.labels))


def _is_same(obj: KubeObject, other: KubeObject) -> bool:
    """True if all but the metadata is equal, where each owner leaves its mark."""
    one, two = ({key: body[key] for key in body if key != "metadata"} for body in (obj.body, other.body))
    return one == two


def _owned_twice(obj: KubeObject, owner: str, other: KubeObject, former: str) -> Draft:
    args = {
        "key": f"the owner of {obj.ref}",
        "value": owner,
        "other_key": "the owner of the same object",
        "other": f"{former}{_content(obj, other)}",
    }
    path: KeyPath = ("metadata", "name")
    return Draft(obj, path, args, ((other, path),), _level(obj, other))


def _against_the_operator(cluster: Cluster, server: KubeObject) -> Iterator[Draft]:
    """https://knative.dev/docs/install/operator/: it reverts settings that are made anywhere but in KnativeServing."""
    for name, obj in sorted(cluster.knative.config_maps.items()):
        if _is_written_by_hand(obj):
            yield _operators(obj, server, ("spec", "config", name))
    if not cluster.knative.uses_istio or cluster.is_openshift:
        return  # OpenShift Serverless leaves the Gateways and their Service to the user
    for obj in cluster.of_kind("Gateway"):
        stock = obj.name in _STOCK_GATEWAYS and obj.namespace == cluster.knative.namespace
        if stock and _is_written_by_hand(obj):
            yield _operators(obj, server, ("spec", "ingress", "istio", obj.name))
    for obj in cluster.find("Service", stock_service_namespace(cluster.knative, cluster.facts), _STOCK_GATEWAYS[0]):
        if _is_written_by_hand(obj):
            yield _operators(obj, server, ("spec", "ingress", "istio", obj.name))


def _is_written_by_hand(obj: KubeObject) -> bool:
    """False for what the operator will create, and for what it created on a live cluster."""
    return not (
        obj.operator_made or obj.source.partial or obj.get("metadata", "uid") or obj.get("metadata", "ownerReferences")
    )


def _operators(obj: KubeObject, server: KubeObject, path: KeyPath) -> Draft:
    args = {
        "key": f"the owner of {obj.ref}",
        "value": obj.source.release or "these manifests",
        "other_key": f"the owner of what {server.ref} installs",
        "other": "the Knative operator",
    }
    fix = f"remove the object and set {'.'.join(map(str, path))} of {server.ref}"
    return Draft(obj, ("metadata", "name"), args, ((server, path),), fix=fix)


@rule("KW506")
def compared_by_argocd(cluster: Cluster) -> Iterator[Draft]:
    """An Application that keeps undoing what a controller writes into its objects."""
    for app in cluster.applications:
        releases = set(_release_names(app))
        charts = {str(source.get("chart") or "") for _, source in sources(app)}
        own = [obj for obj in cluster.objects if obj.source.release in releases and not obj.source.partial]
        seen: set[tuple[str, str]] = set()
        found = (*_rewritten(own), *_aggregated(cluster, own), *_rewritten_by_chart(charts, own))
        for kind, field, other, level in found:
            if (kind, field) not in seen and not _ignores(app, kind, field):
                seen.add((kind, field))
                yield _compared(app, kind, field, other, level)


def _release_names(app: KubeObject) -> Iterator[str]:
    yield app.name
    for _, source in sources(app):
        name = dig(source, "helm", "releaseName")
        if isinstance(name, str):
            yield name


def _rewritten(objects: list[KubeObject]) -> Iterator[tuple[str, str, KubeObject | None, str]]:
    """Kind, field and object of what another controller rewrites, and the level."""
    for obj in objects:
        if obj.kind in _WEBHOOKS:
            for index, webhook in mappings_of(obj.get("webhooks")):
                yield from _rewritten_webhook(obj, webhook, first=not index)
        elif obj.kind == "CustomResourceDefinition" and obj.get(*_CONVERSION, "caBundle"):
            yield obj.kind, "caBundle", obj, ""


def _rewritten_webhook(
    obj: KubeObject, webhook: Mapping[str, Any], *, first: bool
) -> Iterator[tuple[str, str, KubeObject | None, str]]:
    service = str(dig(webhook, "clientConfig", "service", "name") or "")
    istio = service.startswith("istiod")
    knative = service in _KNATIVE_WEBHOOKS and str(webhook.get("name")).endswith(".knative.dev")
    injected = "cert-manager.io/inject-ca-from" in obj.annotations
    # Argo CD does not compare what git does not set (gitops-engine pkg/diff: structuredMergeDiff, ThreeWayDiff).
    written = bool(dig(webhook, "clientConfig", "caBundle"))
    if istio and webhook.get("failurePolicy") == "Ignore" and obj.kind == _WEBHOOKS[1]:
        yield obj.kind, "failurePolicy", obj, ""
    if first and written and (istio or injected or knative):
        yield obj.kind, "caBundle", obj, ""
    if knative and webhook.get("rules"):
        yield obj.kind, "rules", obj, "warning"


def _aggregated(cluster: Cluster, objects: list[KubeObject]) -> Iterator[tuple[str, str, KubeObject | None, str]]:
    """ClusterRoles whose rules Kubernetes aggregates, written with their own rules (argoflow/argoflow-aws#227)."""
    for config in cluster.named("ConfigMap", "argocd-cm"):
        if re.search(r"ignoreAggregatedRoles:\s*true", str(config.get("data", "resource.compareoptions"))):
            return
    for obj in objects:
        if obj.kind == "ClusterRole" and obj.get("aggregationRule") and obj.get("rules") is not None:
            yield obj.kind, "rules", obj, "warning"


def _rewritten_by_chart(charts: set[str], own: list[KubeObject]) -> Iterator[tuple[str, str, KubeObject | None, str]]:
    """The same for Istio's charts that were not rendered."""
    if own:
        return
    if charts & {"base", "istiod"}:
        yield _WEBHOOKS[1], "failurePolicy", None, "warning"


def _ignores(app: KubeObject, kind: str, field: str) -> bool:
    for _, entry in mappings_of(app.get("spec", "ignoreDifferences")):
        if entry.get("kind") not in (kind, "*"):
            continue  # KW523 reports another group
        if entry.get("managedFieldsManagers"):
            return True
        paths = [str(path) for key in ("jsonPointers", "jqPathExpressions") for path in strings_of(entry.get(key))]
        if any(re.search(rf"\b{field}\b", path) or path.strip("./[]?") == "webhooks" for path in paths):
            return True
    return False


def _compared(app: KubeObject, kind: str, field: str, other: KubeObject | None, level: str) -> Draft:
    expression = {
        "CustomResourceDefinition": ".spec.conversion.webhook.clientConfig.caBundle",
        "ClusterRole": ".rules",
    }.get(kind, _EXPRESSIONS[field])
    group = _GROUPS.get(kind, "admissionregistration.k8s.io")
    setting = at(app, "spec", "ignoreDifferences")
    args = {
        "key": setting.key,
        "value": f"set without {field} of {kind}" if setting.value else "not set",
        "other_key": f"{field} of {other.ref if other else kind}",
        "other": "rewritten by its controller",
        "suggestion": show(f"{{group: {group}, kind: {kind}, jqPathExpressions: [{expression}]}}"),
    }
    related: tuple[tuple[KubeObject, KeyPath], ...] = ((other, ("metadata", "name")),) if other else ()
    return Draft(app, setting.path, args, related, level)
