# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW529: what selects Pods by labels or by the name of a port finds some (wire W12)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateways import selects
from kserve_wiring.cluster.names import NearNames, near_name
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP, PodUse
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of
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
    "Sidecar": ("spec", "workloadSelector", "labels"),
    "EnvoyFilter": ("spec", "workloadSelector", "labels"),
}


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
    labels: dict[str, _Labels] = defaultdict(_Labels)
    for pod in cluster.pods:
        if not pod.runtime and pod.obj.group not in (KNATIVE_GROUP, KSERVE_GROUP):
            labels[pod.namespace].add(pod)
    for kind, path in _SELECTORS.items():
        for obj in cluster.of_kind(kind):
            selector = obj.mapping(*path)
            if obj.group == KNATIVE_GROUP or not selector or obj.operator_made:
                continue
            if found := labels[obj.namespace].of(selector):
                if kind in ("Service", "NetworkPolicy"):
                    yield from _named_ports(obj, found)
            else:
                yield from _unselected(obj, path, selector, labels[obj.namespace])


def _unselected(obj: KubeObject, path: KeyPath, selector: Mapping[str, Any], labels: _Labels) -> Iterator[Draft]:
    """Only a slip is reported: a controller may make the Pods that a selector is for."""
    for key, value in selector.items():
        rest = {other: text for other, text in selector.items() if other != key}
        near = labels.values[str(key)].near(str(value)) if str(key) in labels.values else ""
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


def _draft(obj: KubeObject, path: KeyPath, reason: str, value: str, pod: PodUse) -> Draft:
    setting = at(obj, *path)
    draft = because(setting, reason, set_to(setting, value), Setting(None, pod.obj, pod.path))
    label = (*pod.path[:-1], "metadata", "labels", path[-1])
    return replace(draft, instead=Setting(setting.value, pod.obj, label))


def _named_ports(obj: KubeObject, pods: list[PodUse]) -> Iterator[Draft]:
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
