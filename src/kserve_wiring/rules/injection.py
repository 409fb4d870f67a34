# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW535: labels and annotations of namespaces and Pods that Istio's injector reads (wire W12).

istio manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml and pkg/kube/inject/inject.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.label_selectors import NAME_LABEL, matches
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.pods import KSERVE_GROUP, PodUse
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because, set_to

_INJECTION, _REVISION, _INJECT = "istio-injection", "istio.io/rev", "sidecar.istio.io/inject"
_TRAFFIC = "traffic.sidecar.istio.io/"
_PORT, _RANGE = re.compile(r"\d{1,5}"), re.compile(r"[0-9a-fA-F.:]+/\d{1,3}")
_LISTS = {
    "includeInboundPorts": _PORT,
    "excludeInboundPorts": _PORT,
    "includeOutboundPorts": _PORT,
    "excludeOutboundPorts": _PORT,
    "includeOutboundIPRanges": _RANGE,
    "excludeOutboundIPRanges": _RANGE,
}
OF_PODS = (
    "sidecar.istio.io/",
    "traffic.sidecar.istio.io/",
    "readiness.status.sidecar.istio.io/",
    "status.sidecar.istio.io/",
    "proxy.istio.io/",
    "inject.istio.io/",
    "prometheus.istio.io/",
)
"""Prefixes whose keys Istio reads on Pods only: istio.io/api annotation/annotations.gen.go and label/labels.gen.go."""
_YES = ("true", "yes", "on", "enable", "enabled", "1")


@rule("KW535", skips_open=True)
def unread_labels(cluster: Cluster) -> Iterator[Draft]:
    """The webhook matches these labels as text: another text means no sidecar, and no error."""
    revisions = _revisions(cluster)
    for obj in cluster.of_kind("Namespace"):
        injection = at(obj, "metadata", "labels", _INJECTION)
        if injection.value is not None and injection.value not in ("enabled", "disabled"):
            better = "enabled" if str(injection.value).lower() in _YES else "disabled"
            yield because(injection, "only enabled and disabled have an effect", set_to(injection, better))
        elif injection.value is not None and obj.labels.get(_REVISION):
            other = at(obj, "metadata", "labels", _REVISION)
            yield because(other, f"{_INJECTION} wins over it", "remove one of the two", injection, level="warning")
            continue
        yield from _revision(obj, ("metadata", "labels"), revisions)
    for pod in cluster.pods:
        for holder in ("labels", "annotations"):
            path = (*pod.path[:-1], "metadata", holder) if len(pod.path) > 1 else ("metadata", holder)
            if pod.obj.group not in ("serving.kserve.io",):
                yield from _inject(at(pod.obj, *path, _INJECT))
                yield from _lists(pod, path) if holder == "annotations" else _revision(pod.obj, path, revisions)
    for obj in cluster.of_kind("InferenceService"):
        for holder in ("labels", "annotations"):  # KServe copies both to the Pods
            yield from _inject(at(obj, "metadata", holder, _INJECT))
    yield from _not_selected(cluster, revisions)
    yield from _not_on_pods(cluster)


def _not_selected(cluster: Cluster, revisions: dict[str, Setting]) -> Iterator[Draft]:
    """Only the injector of the default revision has a webhook for istio-injection."""
    injectors = [obj for obj in cluster.of_kind("MutatingWebhookConfiguration") if _is_injector(obj)]
    webhooks = [item for obj in injectors for _, item in mappings_of(obj.get("webhooks"))]
    for obj in cluster.of_kind("Namespace") if revisions else ():
        labels = {NAME_LABEL: obj.name, **obj.labels}
        if labels.get(_INJECTION) == "enabled" and webhooks and not any(_takes(item, labels) for item in webhooks):
            setting, known = at(obj, "metadata", "labels", _INJECTION), sorted(revisions)
            reason = f"no webhook of istiod selects it, only the revision {', '.join(known)}"
            fix = f"replace it by {_REVISION}: {known[0]}"
            yield because(setting, reason, fix, at(injectors[0], "metadata", "name"), level="warning")


def _is_injector(obj: KubeObject) -> bool:
    return obj.labels.get("app") == "sidecar-injector"


def _takes(webhook: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """True if a webhook gets the Pods of a namespace which have no labels of their own."""
    of_namespace, of_pod = webhook.get("namespaceSelector"), webhook.get("objectSelector")
    takes = not isinstance(of_namespace, Mapping) or matches(of_namespace, labels)
    return takes and (not isinstance(of_pod, Mapping) or matches(of_pod, {}))


def _not_on_pods(cluster: Cluster) -> Iterator[Draft]:
    """What is set on a workload or namespace, and not in the template of its Pods."""
    templates = [(pod.obj, pod.path[:-1]) for pod in cluster.pods if len(pod.path) > 1 and _is_workload(pod.obj)]
    places = [*templates, *((obj, ()) for obj in cluster.of_kind("Namespace"))]
    for obj, path in [place for place in places if place[0].source.whole]:
        of_template = {**obj.mapping(*path, "metadata", "labels"), **obj.mapping(*path, "metadata", "annotations")}
        for holder in ("labels", "annotations"):
            for key in obj.mapping("metadata", holder):
                if str(key).startswith(OF_PODS) and (not path or key not in of_template):
                    where = ".".join(map(str, (*path, "metadata", holder)))
                    fix = f"move it to {where}" if path else f"use {_INJECTION}, or set it on the Pods"
                    setting = at(obj, "metadata", holder, str(key))
                    yield because(setting, "Istio reads it on Pods only", fix, level="warning")


def _is_workload(obj: KubeObject) -> bool:
    """True if its Pods have the labels and annotations of a template; KServe gives those of a model to its Pods."""
    return obj.group != KSERVE_GROUP and obj.kind != "Pod"


def _lists(pod: PodUse, path: KeyPath) -> Iterator[Draft]:
    """Ports and ranges, separated by commas; injection fails if they do not parse."""
    for key, value in pod.annotations.items():
        name = str(key).removeprefix(_TRAFFIC)
        pattern = _LISTS.get(name) if str(key).startswith(_TRAFFIC) else None
        if pattern is not None and isinstance(value, str) and value.strip() not in ("", "*"):
            items = [item.strip() for item in value.split(",") if item.strip()]
            if not all(pattern.fullmatch(item) for item in items):
                setting = Setting(value, pod.obj, (*path, str(key)))
                bare = re.sub(r"[\[\]'\"\s]", "", value)
                fits = all(pattern.fullmatch(item) for item in bare.split(","))
                fix = set_to(setting, bare) if fits else "write the items with commas between them"
                yield because(setting, "Istio splits it at commas, and refuses the Pod", fix)


def _inject(setting: Setting) -> Iterator[Draft]:
    if isinstance(setting.value, str) and setting.value not in ("true", "false"):
        better = "true" if setting.value.lower() in _YES else "false"
        yield because(setting, "only true and false have an effect", set_to(setting, better))


def _revisions(cluster: Cluster) -> dict[str, Setting]:
    """The revisions and tags that a webhook of the set selects by."""
    found: dict[str, Setting] = {}
    for obj in cluster.of_kind("Deployment", "MutatingWebhookConfiguration"):
        if obj.labels.get("app") in ("istiod", "sidecar-injector"):
            for key in (_REVISION, "istio.io/tag"):
                setting = at(obj, "metadata", "labels", key)
                if isinstance(setting.value, str) and setting.value:
                    found.setdefault(setting.value, setting)
    return found


def _revision(obj: KubeObject, path: tuple[str | int, ...], revisions: dict[str, Setting]) -> Iterator[Draft]:
    setting = at(obj, *path, _REVISION)
    text = setting.value
    if not isinstance(text, str) or not text or not revisions or text in revisions:
        return
    known = sorted(revisions)
    meant = near_name(text, known) or (known[0] if len(known) == 1 else "")
    fix = set_to(setting, meant) if meant else f"use one of {', '.join(known)}"
    yield because(setting, f"istiod has the revision {', '.join(known)}", fix, revisions[known[0]], level="warning")
