# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What KServe's webhook refuses in an LLMInferenceService although its schema allows it.

kserve pkg/apis/serving/v1alpha2/llm_inference_service_validation.go. tests/upstream compares the answers with
upstream's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.refusals import Refusal, integer
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, dig, mappings_of

_ROUTER: KeyPath = ("spec", "router")
_WORKLOADS: tuple[KeyPath, ...] = (("spec",), ("spec", "prefill"))
_COST = re.compile(r"\d+(\.\d+)?")
_DRA = "serving.kserve.io/exp-dra-"


def refused_by_llm_webhook(obj: KubeObject) -> Iterator[Refusal]:
    """The fields of an LLMInferenceService that the webhook answers with an error."""
    yield from _route(obj)
    yield from _share(obj)
    yield from _scheduler(obj)
    for path in _WORKLOADS:
        yield from _parallelism(obj, path)
        yield from _scaling(obj, path)
        yield from _cache(obj, (*path, "kvCacheOffloading"))
    yield from _same_autoscaler(obj)
    yield from _adapters(obj)
    if any(str(key).startswith(_DRA) for key in obj.annotations) and f"{_DRA}device-class" not in obj.annotations:
        key = next(str(key) for key in obj.annotations if str(key).startswith(_DRA))
        reason = f"it needs the annotation {_DRA}device-class"
        yield Refusal(("metadata", "annotations", key), reason, f"set {_DRA}device-class, or remove it")


def _route(obj: KubeObject) -> Iterator[Refusal]:
    """validateRouterCrossFieldConstraints."""
    path = (*_ROUTER, "route", "http")
    refs, spec = obj.items(*path, "refs"), obj.get(*path, "spec")
    gateway, gateways = obj.get(*_ROUTER, "gateway"), obj.mappings(*_ROUTER, "gateway", "refs")
    if refs and spec is not None:
        reason = "a route is either one of yours (refs) or one that KServe makes from spec"
        yield Refusal((*path, "spec"), reason, "remove refs or spec")
    if refs and isinstance(gateway, MAPPING) and not gateways:
        reason = "your routes name their Gateways themselves, and an empty gateway asks for KServe's"
        suggestion = "remove spec.router.gateway, or name your Gateways in spec.router.gateway.refs"
        yield Refusal((*path, "refs"), reason, suggestion)
    parents = [item for _, item in mappings_of(dig(spec, "parentRefs"))]
    if parents and gateways and sorted(map(_named, parents)) != sorted(map(_named, gateways)):
        reason = "spec.router.gateway.refs names other Gateways"
        yield Refusal((*path, "spec", "parentRefs"), reason, "remove parentRefs; KServe takes them from gateway.refs")


def _named(reference: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(reference.get(key) or "") for key in ("namespace", "name", "sectionName"))


def _share(obj: KubeObject) -> Iterator[Refusal]:
    """validateTrafficFields."""
    path = (*_ROUTER, "route")
    group, weight = obj.get(*path, "group"), obj.get(*path, "weight")
    if group is None and weight is None:
        return
    if obj.get(*_ROUTER, "ingress") is not None:
        yield Refusal((*path, "group"), "only routes of the Gateway API share traffic", "remove spec.router.ingress")
    elif group is None or weight is None:
        missing = "group" if group is None else "weight"
        yield Refusal((*path, missing), "group and weight belong together", f"set spec.router.route.{missing}")
    elif obj.items(*path, "http", "refs"):
        reason = "KServe shares traffic only between routes that it makes"
        yield Refusal((*path, "group"), reason, "remove group and weight, or spec.router.route.http.refs")


def _scheduler(obj: KubeObject) -> Iterator[Refusal]:
    """validateSchedulerConfig."""
    path = (*_ROUTER, "scheduler")
    replicas, config = integer(obj, *path, "replicas"), obj.get(*path, "config")
    if replicas is not None and replicas <= 0:
        yield Refusal((*path, "replicas"), "a scheduler has at least one Pod", "write 1 or more")
    if not isinstance(config, MAPPING):
        return
    given = [key for key in ("inline", "ref") if config.get(key) is not None]
    if len(given) != 1:
        reason = f"it has either inline or ref, and this has {' and '.join(given) or 'none'}"
        yield Refusal((*path, "config"), reason, "leave one of inline and ref")
    elif given == ["ref"] and not dig(config, "ref", "name"):
        yield Refusal((*path, "config", "ref", "name"), "a reference needs a name", "name the ConfigMap")
    elif given == ["inline"] and not config["inline"]:
        yield Refusal((*path, "config", "inline"), "the configuration is empty", "write an EndpointPickerConfig")


def _parallelism(obj: KubeObject, path: KeyPath) -> Iterator[Refusal]:
    """validateWorkloadParallelism."""
    where = (*path, "parallelism")
    numbers = {key: integer(obj, *where, key) for key in ("pipeline", "data", "dataLocal")}
    pipeline = (numbers["pipeline"] or 0) > 0
    data = (numbers["data"] or 0) > 0 or (numbers["dataLocal"] or 0) > 0
    shown = ".".join(map(str, where))
    if isinstance(obj.get(*path, "worker"), MAPPING) and not (pipeline or data):
        reason = "workers share a model by pipeline or by data"
        yield Refusal((*path, "worker"), reason, f"set {shown}.pipeline, or {shown}.data and dataLocal")
    if pipeline and data:
        reason = "a model is shared by pipeline or by data, not by both"
        yield Refusal(where, reason, "remove pipeline, or data and dataLocal")
    if (numbers["data"] is None) != (numbers["dataLocal"] is None):
        missing = "data" if numbers["data"] is None else "dataLocal"
        yield Refusal((*where, missing), "data and dataLocal belong together", f"set {shown}.{missing}")
    for key, number in numbers.items():
        if number is not None and number <= 0:
            yield Refusal((*where, key), "it is at least 1", "write 1 or more")


def _scaling(obj: KubeObject, path: KeyPath) -> Iterator[Refusal]:
    """ValidateWorkloadScaling."""
    where = (*path, "scaling")
    if not isinstance(obj.get(*where), MAPPING):
        return
    if obj.get(*path, "replicas") is not None:
        yield Refusal((*path, "replicas"), "scaling sets the replicas", f"remove {'.'.join(map(str, path))}.replicas")
    least, most = integer(obj, *where, "minReplicas"), integer(obj, *where, "maxReplicas") or 0
    if least is not None and least > most:
        yield Refusal((*where, "minReplicas"), f"maxReplicas is {most}", f"write at most {most}")
    scaler = obj.get(*where, "wva")
    if not isinstance(scaler, MAPPING):
        yield Refusal((*where, "wva"), "scaling needs the scaler wva", "describe the scaler in wva")
        return
    given = [key for key in ("hpa", "keda") if scaler.get(key) is not None]
    if len(given) != 1:
        reason = f"it has either hpa or keda, and this has {' and '.join(given) or 'none'}"
        yield Refusal((*where, "wva"), reason, "leave one of hpa and keda")
    cost = scaler.get("variantCost")
    if isinstance(cost, str) and cost and not _COST.fullmatch(cost):
        yield Refusal((*where, "wva", "variantCost"), "it is a number", "write a number such as 10 or 0.5")
    idle = integer(obj, *where, "wva", "keda", "idleReplicaCount")
    if idle is not None and (least is None or idle >= least):
        reason = f"it is less than minReplicas, which is {'not set' if least is None else least}"
        yield Refusal((*where, "wva", "keda", "idleReplicaCount"), reason, "write a smaller number")


def _same_autoscaler(obj: KubeObject) -> Iterator[Refusal]:
    """ValidateActuatorConsistency."""
    path = ("scaling", "wva")
    decode, prefill = obj.get("spec", *path), obj.get("spec", "prefill", *path)
    if isinstance(decode, MAPPING) and isinstance(prefill, MAPPING):
        own, wanted = prefill.get("hpa") is not None, decode.get("hpa") is not None
        if own != wanted:
            names = {True: "hpa", False: "keda"}
            reason = f"spec.scaling.wva has {names[wanted]}, and both scale by the same"
            yield Refusal(("spec", "prefill", *path), reason, f"write {names[wanted]} instead of {names[own]}")


def _cache(obj: KubeObject, path: KeyPath) -> Iterator[Refusal]:
    """validateKVCacheOffloadingSpec."""
    tiers = list(mappings_of(obj.get(*path, "secondary")))
    if tiers and not obj.get(*path, "cpu"):
        yield Refusal((*path, "cpu"), "other tiers come after that of the memory", "set cpu")
    for index, tier in tiers:
        where: KeyPath = (*path, "secondary", index, "fileSystem")
        given = [key for key in ("emptyDir", "pvc") if dig(tier, "fileSystem", key) is not None]
        if len(given) != 1:
            reason = f"a tier has either emptyDir or pvc, and this has {' and '.join(given) or 'none'}"
            yield Refusal(where, reason, "leave one of emptyDir and pvc")
        elif given == ["pvc"] and (dig(tier, "fileSystem", "pvc", "spec") is None) == (
            dig(tier, "fileSystem", "pvc", "ref") is None
        ):
            yield Refusal((*where, "pvc"), "it has either spec or ref", "leave one of spec and ref")


def _adapters(obj: KubeObject) -> Iterator[Refusal]:
    """validateLoRAAdapters."""
    path: KeyPath = ("spec", "model", "lora")
    for key in ("maxRank", "maxAdapters", "maxCpuAdapters"):
        number = integer(obj, *path, key)
        if number is not None and number < 1:
            yield Refusal((*path, key), "it is at least 1", "write 1 or more")
    base = obj.get("spec", "model", "name")
    seen = {obj.name if base is None else str(base)}
    for index, adapter in mappings_of(obj.get(*path, "adapters")):
        name = adapter.get("name")
        where: KeyPath = (*path, "adapters", index, "name")
        if not name:
            yield Refusal(where, "an adapter needs a name", "name the adapter")
        elif str(name) in seen or name in (".", ".."):
            yield Refusal(where, "the model or another adapter has this name", "rename the adapter")
        seen.add(str(name))
