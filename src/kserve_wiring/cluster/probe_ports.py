# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Ports that probes and hooks name; the kubelet looks for the name in the same container.

kubernetes v1.34.4 pkg/probe/util.go (ResolveContainerPort) and pkg/kubelet/lifecycle/handlers.go (resolvePort).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.pods import KNATIVE_GROUP, PodUse
from kserve_wiring.manifests.objects import KeyPath, Setting, dig, mappings_of

_HANDLERS: tuple[KeyPath, ...] = (
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
)
_ACTIONS = ("httpGet", "tcpSocket")
_INJECTED = "istio-proxy"  # Istio's webhook adds its ports


def unnamed_ports(cluster: Cluster) -> Iterator[tuple[Setting, list[str]]]:
    """The ports by a name that no port of the container has, with the names that it has; KW542 has Knative."""
    of_models = set(_names_of_models(cluster))
    for pod in cluster.pods:
        if pod.obj.group == KNATIVE_GROUP or not pod.obj.source.whole:
            continue
        for path, container in pod.containers():
            names = sorted(_names(container))
            known = of_models.union(names) if pod.runtime else {*names}
            for setting in _named(pod, path, container) if container.get("name") != _INJECTED else ():
                if setting.value not in known:
                    yield setting, names


def _named(pod: PodUse, path: KeyPath, container: Mapping[str, Any]) -> Iterator[Setting]:
    for handler in _HANDLERS:
        for action in _ACTIONS:
            port = dig(container, *handler, action, "port")
            if isinstance(port, str) and port and not port.isdigit():
                yield Setting(port, pod.obj, (*path, *handler, action, "port"))


def _names(container: Mapping[str, Any]) -> Iterator[str]:
    for _, port in mappings_of(container.get("ports")):
        if isinstance(port.get("name"), str):
            yield port["name"]


def _names_of_models(cluster: Cluster) -> Iterator[str]:
    """KServe merges the ports of an InferenceService into the container of its runtime."""
    for obj in cluster.of_kind("InferenceService"):
        predictor = obj.mapping("spec", "predictor")
        holders = [*predictor.values(), *(item for _, item in mappings_of(predictor.get("containers")))]
        for holder in holders:
            if isinstance(holder, Mapping):
                yield from _names(holder)
