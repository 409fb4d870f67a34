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


def downloaders(obj: KubeObject) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """The init containers of a service or preset that change the downloader of the model."""
    for path in POD_PATHS:
        for index, container in mappings_of(obj.get(*path, "initContainers")):
            if container.get("name") == DOWNLOADER:
                yield (*path, "initContainers", index), container
