# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What the Pods of an object take, against the LimitRanges and ResourceQuotas of their namespace.

Kubernetes plugin/pkg/admission/limitranger/admission.go, pkg/quota/v1/evaluator/core/pods.go and
pkg/apis/core/validation (ValidateLimitRange).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.cluster.quantities import quantity
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, Setting, dig, mappings_of

_PLAIN = ("cpu", "memory", "ephemeral-storage")
_ORDER = (("min", "max"), ("default", "max"), ("defaultRequest", "default"), ("min", "defaultRequest"))
"""Fields of a LimitRange of which the first may not be above the second."""


@dataclass(frozen=True, slots=True)
class Excess:
    """A quantity that the API server refuses. other: the one that it is compared with."""

    setting: Setting
    reason: str
    other: Setting


def excesses(cluster: Cluster) -> Iterator[Excess]:
    """Containers beyond a LimitRange, Pods beyond a quota, and LimitRanges that contradict themselves."""
    for obj in cluster.of_kind("LimitRange"):
        yield from _contradictions(obj)
    for pod in cluster.pods:
        ranges = cluster.in_namespace("LimitRange", pod.namespace)
        quotas = cluster.in_namespace("ResourceQuota", pod.namespace)
        if pod.runtime or not pod.namespace or not (ranges or quotas):
            continue
        containers = list(_containers(pod))
        for path, resources in containers:
            for obj in ranges:
                yield from _beyond_range(pod.obj, path, resources, obj)
        for obj in quotas:
            if not obj.get("spec", "scopes") and not obj.get("spec", "scopeSelector"):
                yield from _beyond_quota(pod, containers, obj)


def _containers(pod: PodUse) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """Path and resources of the containers that run together, and of the model of a predictor."""
    for name, holder in pod.spec.items():
        if name == "containers":
            for index, container in mappings_of(holder):
                if isinstance(container.get("resources"), MAPPING):
                    yield (*pod.path, name, index, "resources"), container["resources"]
        elif pod.obj.kind == "InferenceService" and isinstance(dig(holder, "resources"), MAPPING):
            yield (*pod.path, str(name), "resources"), holder["resources"]


def _value(value: Any) -> Fraction | None:
    try:
        return quantity(str(value)) if value is not None else None
    except ValueError:
        return None


def _beyond_range(obj: KubeObject, path: KeyPath, resources: Mapping[str, Any], limits: KubeObject) -> Iterator[Excess]:
    """maxConstraint and minConstraint of a container."""
    for index, item in mappings_of(limits.get("spec", "limits")):
        if item.get("type") != "Container":
            continue
        for bound, part, word in (("max", "limits", "at most"), ("min", "requests", "at least")):
            for name, given in (resources.get(part) or {}).items() if isinstance(resources.get(part), MAPPING) else ():
                wanted, number = _value(dig(item, bound, name)), _value(given)
                if wanted is None or number is None or (number <= wanted if bound == "max" else number >= wanted):
                    continue
                other = Setting(dig(item, bound, name), limits, ("spec", "limits", index, bound, str(name)))
                yield Excess(
                    Setting(given, obj, (*path, part, str(name))), f"{limits.ref} permits {word} {other.value}", other
                )


def _beyond_quota(
    pod: PodUse, containers: list[tuple[KeyPath, Mapping[str, Any]]], quota: KubeObject
) -> Iterator[Excess]:
    """One Pod that takes more than the whole quota can never start."""
    for key, hard in quota.mapping("spec", "hard").items():
        part, name = _counted(str(key))
        most = _value(hard)
        given = [
            (path, resources[part][name]) for path, resources in containers if dig(resources, part, name) is not None
        ]
        numbers = [number for _, value in given if (number := _value(value)) is not None]
        if part and most is not None and numbers and sum(numbers) > most:
            path, value = given[0]
            other = Setting(hard, quota, ("spec", "hard", str(key)))
            reason = f"{quota.ref} permits {hard} for all Pods of the namespace together"
            yield Excess(Setting(value, pod.obj, (*path, part, name)), reason, other)


def _counted(key: str) -> tuple[str, str]:
    """The part of resources and the name that a quota counts: limits.cpu, requests.nvidia.com/gpu, memory."""
    for part in ("limits", "requests"):
        if key.startswith(f"{part}."):
            name = key.removeprefix(f"{part}.")
            # Kubernetes takes no other request for an extended resource than its limit.
            return ("limits" if part == "requests" and "/" in name else part), name
    return ("requests", key) if key in _PLAIN else ("", "")


def _contradictions(obj: KubeObject) -> Iterator[Excess]:
    for index, item in mappings_of(obj.get("spec", "limits")):
        path: KeyPath = ("spec", "limits", index)
        for low, high in _ORDER:
            for name, value in (item.get(low) or {}).items() if isinstance(item.get(low), MAPPING) else ():
                least, most = _value(value), _value(dig(item, high, name))
                if least is not None and most is not None and least > most:
                    other = Setting(dig(item, high, name), obj, (*path, high, str(name)))
                    reason = f"{other.key} is {other.value}, and {low} may not be above {high}"
                    yield Excess(Setting(value, obj, (*path, low, str(name))), reason, other)
