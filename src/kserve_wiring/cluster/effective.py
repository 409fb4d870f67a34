# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Requests and limits that a container gets from elsewhere: KServe, its runtime, Knative, a LimitRange.

kserve pkg/apis/serving/v1beta1/inference_service_defaults.go (setResourceRequirementDefaults) and
pkg/controller/v1beta1/inferenceservice/utils/utils.go (MergeRuntimeContainers), knative/serving
pkg/apis/serving/v1/revision_defaults.go, Kubernetes' admission plugin LimitRanger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP, PodUse
from kserve_wiring.cluster.runtimes import predictor_model, runtime_of
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, dig, mappings_of

_CONFIGURABLE_SINCE = (0, 15, 0)
_BUILTIN = {"cpu": "1", "memory": "2Gi"}
_NAMES = ("cpu", "memory", "ephemeral-storage")
_MAIN = "kserve-container"

Amounts = dict[tuple[str, str], Setting]
"""Settings by ``requests`` or ``limits``, and the resource's name."""


@dataclass(slots=True)
class Effective:
    """A container's own amounts, and those that it gets if it has none. source: who fills in each layer."""

    own: Amounts
    path: KeyPath
    layers: list[tuple[str, Amounts]] = field(default_factory=list)

    def filled(self, part: str, name: str) -> tuple[str, Setting] | None:
        """Who fills in an amount that the container does not have, and from where."""
        if (part, name) in self.own:
            return None
        return next(((source, amounts[part, name]) for source, amounts in self.layers if (part, name) in amounts), None)


def effective_resources(cluster: Cluster, pod: PodUse) -> Iterator[Effective]:
    """The containers of a pod spec with what they get from elsewhere. The pods of runtimes belong to others."""
    if pod.runtime:
        return
    yield from _models(cluster, pod)
    for path, container in pod.containers():
        if "initContainers" in path or "ephemeralContainers" in path:
            continue
        found = Effective(_amounts(pod.obj, path, container), (*path, "resources"))
        if path[-1] == 0 and pod.obj.kind == "InferenceService" and not predictor_model(pod):
            found.layers += _kserve_defaults(cluster, pod.obj)
        found.layers += _platform(cluster, pod, found)
        yield found


def _models(cluster: Cluster, pod: PodUse) -> Iterator[Effective]:
    model = predictor_model(pod)
    if not model or pod.path != ("spec", "predictor"):
        return
    path = (*pod.path, model)
    found = Effective(_amounts(pod.obj, path, pod.spec.get(model)), (*path, "resources"))
    runtime = runtime_of(cluster, pod.obj)
    for index, container in mappings_of(runtime.get("spec", "containers")) if runtime is not None else ():
        if container.get("name") == _MAIN and runtime is not None:
            amounts = _amounts(runtime, ("spec", "containers", index), container)
            found.layers.append((str(runtime.ref), amounts))
    found.layers += _platform(cluster, pod, found)
    yield found


def _amounts(obj: KubeObject, path: KeyPath, container: Any) -> Amounts:
    found: Amounts = {}
    resources = dig(container, "resources")
    for part in ("requests", "limits"):
        values = dig(resources, part)
        for name, value in values.items() if isinstance(values, Mapping) else ():
            found[part, str(name)] = Setting(value, obj, (*path, "resources", part, str(name)))
    return found


def _kserve_defaults(cluster: Cluster, obj: KubeObject) -> Iterator[tuple[str, Amounts]]:
    version, config = cluster.facts.version("kserve_version"), cluster.isvc_config
    if version is not None and version < _CONFIGURABLE_SINCE:
        amounts = {
            (part, name): Setting(value, obj, ()) for part in ("requests", "limits") for name, value in _BUILTIN.items()
        }
        yield f"KServe {cluster.facts.kserve_version}", amounts
    elif config is not None and config.is_read:
        amounts = {}
        for part, suffix in (("requests", "Request"), ("limits", "Limit")):
            for name in ("cpu", "memory"):
                setting = config.setting("inferenceService", "resource", f"{name}{suffix}")
                if setting is not None:
                    amounts[part, name] = setting
        yield "KServe's webhook", amounts


def _platform(cluster: Cluster, pod: PodUse, found: Effective) -> Iterator[tuple[str, Amounts]]:
    if pod.obj.group in (KNATIVE_GROUP, KSERVE_GROUP) and cluster.runs_on_knative(pod.obj):
        settings, amounts = cluster.knative.settings("defaults"), {}
        for part, suffix in (("requests", "request"), ("limits", "limit")):
            for name in _NAMES:
                setting = settings.get(f"revision-{name}-{suffix}")
                if setting is not None and setting.value:
                    amounts[part, name] = setting
        yield "Knative", amounts
    for obj in cluster.in_namespace("LimitRange", pod.namespace) if pod.namespace else ():
        yield str(obj.ref), _limit_range(obj, found)


def _limit_range(obj: KubeObject, found: Effective) -> Amounts:
    """A container with a limit and without a request gets its limit as request, before the LimitRange counts."""
    amounts: Amounts = {}
    for index, item in mappings_of(obj.get("spec", "limits")):
        if item.get("type") != "Container":
            continue
        for part, key in (("limits", "default"), ("requests", "defaultRequest")):
            values = item.get(key)
            for name, value in values.items() if isinstance(values, Mapping) else ():
                if part == "limits" or ("limits", str(name)) not in found.own:
                    amounts[part, str(name)] = Setting(value, obj, ("spec", "limits", index, key, str(name)))
    return amounts
