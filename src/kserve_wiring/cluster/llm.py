# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""LLMInferenceServices, their presets, and the Gateway and scheduler that they use.

kserve v0.20.0: pkg/controller/v1alpha2/llmisvc/config_merge.go and scheduler.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateway_api import find_gateway, kserve_gateway, named_gateway
from kserve_wiring.manifests.objects import KeyPath, KubeObject, dig, mappings_of

SERVICE, CONFIG = "LLMInferenceService", "LLMInferenceServiceConfig"
PREFIX = "kserve-config-llm-"
SCHEDULER = "kserve-config-llm-scheduler"
DOWNLOADER = "storage-initializer"
# With which istiod routes to InferencePools (istio 1.27 pilot/pkg/features/experimental.go:201).
POOL_SWITCH = "ENABLE_GATEWAY_API_INFERENCE_EXTENSION"
_TRUE = ("1", "t", "T", "true", "TRUE", "True")  # strconv.ParseBool
# It loads the model, too: its tokenizer reads it.
_SCHEDULER_POD: KeyPath = ("spec", "router", "scheduler", "template")
POD_PATHS: tuple[KeyPath, ...] = (
    ("spec", "template"),
    ("spec", "worker"),
    ("spec", "prefill", "template"),
    ("spec", "prefill", "worker"),
)


def services(cluster: Cluster) -> Iterator[KubeObject]:
    """The LLMInferenceServices."""
    yield from cluster.of_kind(SERVICE)


def presets(cluster: Cluster) -> list[KubeObject]:
    """The presets that KServe chooses by name."""
    return [obj for obj in cluster.of_kind(CONFIG) if obj.name.startswith(PREFIX)]


def configs_of(cluster: Cluster, obj: KubeObject) -> Iterator[KubeObject]:
    """The LLMInferenceServiceConfigs that a service names; one of its own namespace wins."""
    for _, ref in mappings_of(obj.get("spec", "baseRefs")):
        config = find_config(cluster, obj, str(ref.get("name")))
        if config is not None:
            yield config


def find_config(cluster: Cluster, obj: KubeObject, name: str) -> KubeObject | None:
    """The LLMInferenceServiceConfig of a name for a service: of its namespace, else of KServe's."""
    found = cluster.find(CONFIG, obj.namespace, name) or cluster.named(CONFIG, name)
    return found[0] if found else None


def has_scheduler(obj: KubeObject) -> bool:
    """True if KServe runs a scheduler for the service, and an InferencePool of its own."""
    scheduler = obj.get("spec", "router", "scheduler")
    return isinstance(scheduler, Mapping) and not dig(scheduler, "pool", "ref")


def needed_presets(obj: KubeObject) -> Iterator[tuple[str, KeyPath]]:
    """The presets that a service certainly needs; what its own configs add is not known here."""
    if has_scheduler(obj):
        yield SCHEDULER, ("spec", "router", "scheduler")
    route = obj.get("spec", "router", "route")
    if isinstance(route, Mapping) and not dig(route, "http", "refs"):
        yield f"{PREFIX}router-route", ("spec", "router", "route")
    if obj.get("spec", "tracing") is not None:
        yield f"{PREFIX}tracing", ("spec", "tracing")
    if not obj.get("spec", "baseRefs"):
        yield from _workloads(obj)


def _workloads(obj: KubeObject) -> Iterator[tuple[str, KeyPath]]:
    prefill = obj.get("spec", "prefill") is not None
    own = _workload(obj, ("spec",))
    if own:
        place = "worker" if "worker" in own else "model"
        yield f"{PREFIX}{'decode-' if prefill else ''}{own}", ("spec", place)
    other = _workload(obj, ("spec", "prefill")) if prefill else ""
    if other:
        yield f"{PREFIX}prefill-{other}", ("spec", "prefill")


def _workload(obj: KubeObject, path: KeyPath) -> str:
    """End of a preset's name: for one node, or for several by the kind of parallelism; "" for neither."""
    if obj.get(*path, "worker") is None:
        return "template"
    parallel = obj.mapping(*path, "parallelism")
    if parallel.get("data") or parallel.get("dataLocal"):
        return "worker-data-parallel"
    return "worker-pipeline-parallel" if parallel.get("pipeline") else ""


def loading_presets(cluster: Cluster, obj: KubeObject) -> list[KubeObject]:
    """The presets that a service certainly needs and whose Pods load its model; all if none is known."""
    names = dict.fromkeys(name for name, _ in needed_presets(obj))
    used = [preset for name in names if (preset := find_config(cluster, obj, name)) is not None]
    return [preset for preset in used if _loads(preset)] or presets(cluster)


def _loads(preset: KubeObject) -> bool:
    scheduler = preset.get(*_SCHEDULER_POD, "containers")
    tokenizer = any(container.get("name") == "tokenizer" for _, container in mappings_of(scheduler))
    return tokenizer or any(preset.get(*path) is not None for path in POD_PATHS)


def behind_class(cluster: Cluster, name: str) -> Iterator[KubeObject]:
    """The services with a scheduler whose Gateway was read and is of a class."""
    default = named_gateway(cluster, kserve_gateway(cluster))
    for obj in services(cluster):
        refs = [ref for _, ref in mappings_of(obj.get("spec", "router", "gateway", "refs"))]
        named_by = [(str(ref.get("namespace") or obj.namespace), str(ref.get("name"))) for ref in refs]
        used = [find_gateway(cluster, *key) for key in named_by] if refs else [default]
        classes = [gateway.get("spec", "gatewayClassName") for gateway in used if gateway is not None]
        if name in classes and has_scheduler(obj):
            yield obj


def pool_switch(container: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
    """The last variable of istiod's container that is the switch, with its number: -1 if there is none."""
    named = [(number, item) for number, item in mappings_of(container.get("env")) if item.get("name") == POOL_SWITCH]
    return named[-1] if named else (-1, {"value": None})


def is_on(switch: Mapping[str, Any]) -> bool:
    """True if the variable switches pools on, or its value is not known."""
    return "valueFrom" in switch or str(switch.get("value", "")) in _TRUE


def downloaders(obj: KubeObject) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """The init containers of a service or preset that change the downloader of the model."""
    for path in (*POD_PATHS, _SCHEDULER_POD):
        for index, container in mappings_of(obj.get(*path, "initContainers")):
            if container.get("name") == DOWNLOADER:
                yield (*path, "initContainers", index), container
