# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW529: what selects Pods by labels or by the name of a port finds some (wire W12)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateways import is_gateway_pod, selects
from kserve_wiring.cluster.label_selectors import NAME_LABEL
from kserve_wiring.cluster.made_pods import MODEL_LABEL, made_pods
from kserve_wiring.cluster.mesh_config import root_namespace
from kserve_wiring.cluster.names import NearNames, near_name
from kserve_wiring.cluster.namespace_selectors import unlabelled
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP, PodUse
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, dig, mappings_of, show_path
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because, rename, set_to, single

# What selects Pods of its own namespace, and where.
_SELECTORS: dict[str, KeyPath] = {
    "Service": ("spec", "selector"),
    "NetworkPolicy": ("spec", "podSelector", "matchLabels"),
    "PodDisruptionBudget": ("spec", "selector", "matchLabels"),
    "PodMonitor": ("spec", "selector", "matchLabels"),
    "AuthorizationPolicy": ("spec", "selector", "matchLabels"),
    "PeerAuthentication": ("spec", "selector", "matchLabels"),
    "RequestAuthentication": ("spec", "selector", "matchLabels"),
    "Telemetry": ("spec", "selector", "matchLabels"),
    "WasmPlugin": ("spec", "selector", "matchLabels"),
    "DestinationRule": ("spec", "workloadSelector", "matchLabels"),
    "Sidecar": ("spec", "workloadSelector", "labels"),
    "EnvoyFilter": ("spec", "workloadSelector", "labels"),
}
_ISTIO = ("security.istio.io", "networking.istio.io", "telemetry.istio.io", "extensions.istio.io")
"""Policies of these groups that are in Istio's root namespace select the Pods of all namespaces."""
_ALL = "*"  # no namespace has this name


@dataclass
class _Labels:
    """The labels of a namespace's Pods. Names and values are compared with many selectors, so they have an index."""

    pods: dict[tuple[str, str], list[PodUse]] = field(default_factory=lambda: defaultdict(list))

    def add(self, pod: PodUse) -> None:
        """Add a Pod."""
        for key, value in pod.labels.items():
            self.pods[str(key), str(value)].append(pod)

    def of(self, selector: Mapping[str, Any]) -> list[PodUse]:
        """The Pods that have all these labels."""
        key, value = next(iter(selector.items()))
        return [pod for pod in self.pods.get((str(key), str(value)), ()) if selects(selector, pod.labels)]

    def knows(self, selector: Mapping[str, Any]) -> bool:
        """True if some Pod has one of the labels."""
        return any((str(key), str(value)) in self.pods for key, value in selector.items())

    def nearest(self, key: str, value: str) -> str:
        """The value of a label that was probably meant: a near one, or for an empty value the only one."""
        if key not in self.values:
            return ""
        only = {text for name, text in self.pods if name == key} if not value else set()
        return self.values[key].near(value) or (next(iter(only)) if len(only) == 1 else "")

    @cached_property
    def keys(self) -> NearNames:
        """The names of all labels."""
        return NearNames({key for key, _ in self.pods})

    @cached_property
    def values(self) -> dict[str, NearNames]:
        """The values of each label."""
        found: dict[str, set[str]] = defaultdict(set)
        for key, value in self.pods:
            found[key].add(value)
        return {key: NearNames(values) for key, values in found.items()}


@rule("KW529")
def selected_pods(cluster: Cluster) -> Iterator[Draft]:
    """A Service without endpoints answers nothing, and a policy without Pods protects nothing."""
    for setting, namespace in unlabelled(cluster):
        reason = f"no Namespace has that label, not even {namespace.ref}"
        yield because(setting, reason, rename(setting, NAME_LABEL), at(namespace, "metadata", "name"), level="warning")
    shown, made = _labels(cluster)
    root = root_namespace(cluster)
    for kind, path in _SELECTORS.items():
        for obj in cluster.of_kind(kind):
            selector = obj.mapping(*path)
            if obj.group == KNATIVE_GROUP or not selector or obj.operator_made:
                continue
            everywhere = obj.group in _ISTIO and obj.namespace == root
            space = _ALL if everywhere else obj.namespace
            if found := shown[space].of(selector):
                if kind in ("Service", "NetworkPolicy"):
                    yield from _named_ports(obj, found)
            elif not made[space].of(selector):
                drafts = list(_unselected(obj, path, selector, shown[space]))
                yield from drafts or _unselected_models(obj, path, selector, made)
                if not everywhere:
                    yield from _elsewhere(obj, path, selector, shown)


def _labels(cluster: Cluster) -> tuple[dict[str, _Labels], dict[str, _Labels]]:
    """The labels of the Pods whose template was read, and of those that KServe and Knative make, by namespace."""
    shown: dict[str, _Labels] = defaultdict(_Labels)
    for pod in cluster.pods:
        if not pod.runtime and pod.obj.group not in (KNATIVE_GROUP, KSERVE_GROUP):
            shown[pod.namespace].add(pod)
            shown[_ALL].add(pod)
    made: dict[str, _Labels] = defaultdict(_Labels)
    for pod in made_pods(cluster):
        made[pod.namespace].add(pod)
        made[_ALL].add(pod)
    return shown, made


def _elsewhere(
    obj: KubeObject, path: KeyPath, selector: Mapping[str, Any], labels: Mapping[str, _Labels]
) -> Iterator[Draft]:
    """The Pods that were meant are next to it in the same file, but in another namespace."""
    if not obj.namespace or labels[obj.namespace].knows(selector):
        return
    likely = [pod for pod in labels[_ALL].of(selector) if pod.namespace and pod.obj.source.file == obj.source.file]
    # KW560 reports a namespace that is a slip.
    if not likely or near_name(obj.namespace, labels):
        return
    pod = min(likely, key=lambda one: one.namespace)
    if obj.kind != "Service" or not is_gateway_pod(pod):  # else KW404 reports it
        setting = Setting(obj.namespace, obj, ("metadata", "namespace"))
        reason = f"no Pod of it has the labels of {show_path(path)}, but {pod.obj.ref} has them"
        suggestion = set_to(setting, pod.namespace)
        yield because(setting, reason, suggestion, Setting(None, pod.obj, pod.path), level="warning")


def _unselected(obj: KubeObject, path: KeyPath, selector: Mapping[str, Any], labels: _Labels) -> Iterator[Draft]:
    """Only a slip is reported: a controller may make the Pods that a selector is for."""
    for key, value in selector.items():
        rest = {other: text for other, text in selector.items() if other != key}
        near = labels.nearest(str(key), str(value))
        likely = labels.of({**rest, key: near}) if near else []
        if likely:
            pod = likely[0]
            yield _draft(obj, (*path, str(key)), f"no Pod has that label, but {pod.obj.ref} has {near}", near, pod)
            return
        slip = labels.keys.near(str(key))
        likely = [pod for pod in labels.of({slip: value}) if key not in pod.labels] if slip else []
        if likely:
            pod = likely[0]
            setting = Setting(value, obj, (*path, str(key)))
            draft = single(setting, reason=f"{pod.obj.ref} has the label {slip}", suggestion=rename(setting, slip))
            yield replace(draft, related=((pod.obj, pod.path),))
            return


def _unselected_models(
    obj: KubeObject, path: KeyPath, selector: Mapping[str, Any], made: dict[str, _Labels]
) -> Iterator[Draft]:
    """A slip in a label of a model's Pods, the namespace of another model, or the name of a model as ``app``."""
    drafts = list(_unselected(obj, path, selector, made[obj.namespace]))
    yield from drafts
    setting = at(obj, *path, MODEL_LABEL)
    elsewhere = {pod.namespace for pod in made[_ALL].of({MODEL_LABEL: setting.value})}
    if not drafts and setting.value and elsewhere - {"", obj.namespace} and obj.namespace not in elsewhere:
        reason = f"that InferenceService is in namespace {min(elsewhere)}, and {obj.ref} selects Pods of its own"
        yield because(setting, reason, f"create it in namespace {min(elsewhere)}", level="warning")
    app = at(obj, *path, "app")
    models = made[obj.namespace].of({MODEL_LABEL: _model_of(str(app.value))}) if app.value else []
    if not drafts and len(selector) == 1 and models:
        reason = f"KServe labels no Pod of {models[0].obj.ref} so"
        yield because(app, reason, f"select {MODEL_LABEL}: {models[0].obj.name}", level="warning")


def _model_of(app: str) -> str:
    """The name of a model, from its own or that of its Service."""
    return re.sub(r"-(?:predictor|transformer|explainer)(?:-default)?$", "", app)


def _draft(obj: KubeObject, path: KeyPath, reason: str, value: str, pod: PodUse) -> Draft:
    setting = at(obj, *path)
    draft = because(setting, reason, set_to(setting, value), Setting(None, pod.obj, pod.path))
    if pod.obj.group in (KNATIVE_GROUP, KSERVE_GROUP):
        return draft
    label = (*pod.path[:-1], "metadata", "labels", path[-1])
    return replace(draft, instead=Setting(setting.value, pod.obj, label))


def _named_ports(obj: KubeObject, pods: list[PodUse]) -> Iterator[Draft]:
    yield from _same_ports(obj, pods)
    names = {
        str(port["name"])
        for pod in pods
        for _, container in pod.containers()
        for _, port in mappings_of(container.get("ports"))
        if port.get("name")
    }
    for setting in _port_settings(obj):
        name = setting.value
        if isinstance(name, str) and name and not name.isdigit() and name not in names and not _adds_ports(pods):
            known = ", ".join(sorted(names)) or "no name for a port"
            near = near_name(name, names) or (next(iter(names)) if len(names) == 1 else "")
            reason = f"no port of {pods[0].obj.ref} has that name; it has {known}"
            suggestion = set_to(setting, near) if near else "name a port of its containers"
            draft = single(setting, reason=reason, suggestion=suggestion)
            yield replace(draft, related=((pods[0].obj, pods[0].path),))


def _same_ports(obj: KubeObject, pods: list[PodUse]) -> Iterator[Draft]:
    """A port without a targetPort leads to the port of that number; the Pods list theirs, and have no such one."""
    containers = [container for pod in pods for _, container in pod.containers()]
    listed = [port for container in containers for _, port in mappings_of(container.get("ports"))]
    whole = obj.kind == "Service" and all(container.get("ports") for container in containers)
    for index, port in mappings_of(obj.get("spec", "ports") if whole and not _adds_ports(pods) else ()):
        number = port.get("port")
        if port.get("targetPort") in (None, "") and number not in [dig(item, "containerPort") for item in listed]:
            setting = Setting(port.get("targetPort"), obj, ("spec", "ports", index, "targetPort"))
            named = [item["name"] for item in listed if item.get("name") and item["name"] == port.get("name")]
            likely = named or [item.get("containerPort") for item in listed]
            fix = set_to(setting, likely[0]) if len(set(map(str, likely))) == 1 else "name a port of the containers"
            known = ", ".join(sorted({str(item.get("containerPort")) for item in listed}))
            reason = f"without it, it is {number}, and {pods[0].obj.ref} lists only {known}"
            place = Setting(None, pods[0].obj, pods[0].path)
            yield because(setting, reason, fix, place, level="warning")


def _adds_ports(pods: list[PodUse]) -> bool:
    """True if Istio's webhook fills in the containers."""
    return any(pod.injected_by_istio for pod in pods)


def _port_settings(obj: KubeObject) -> Iterator[Setting]:
    if obj.kind == "Service":
        for index, _ in mappings_of(obj.get("spec", "ports")):
            yield at(obj, "spec", "ports", index, "targetPort")
    else:
        for index, rule_ in mappings_of(obj.get("spec", "ingress")):
            for number, _ in mappings_of(rule_.get("ports")):
                yield at(obj, "spec", "ingress", index, "ports", number, "port")
