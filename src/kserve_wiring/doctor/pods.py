# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What the status of a Pod says: its containers that fail, and whose log has the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kserve_wiring.doctor.collected import Container
from kserve_wiring.manifests.objects import KubeObject

CONTROLLERS = frozenset(["kserve-controller-manager", "net-istio-controller", "knative-operator"])
"""Deployments whose log has the reason why nothing happens."""


def failing(pod: KubeObject) -> Iterator[tuple[str, str]]:
    """Name of each container that does not run as it should, and what its status says."""
    for path in ("initContainerStatuses", "containerStatuses"):
        for status in pod.mappings("status", path):
            text = " ".join(_states(status))
            if text:
                yield str(status.get("name", "")), text


def _states(status: Mapping[str, Any]) -> Iterator[str]:
    states = [status.get("state")]
    if not status.get("ready"):
        states.append(status.get("lastState"))
    for state in states:
        for name, detail in state.items() if isinstance(state, Mapping) else ():
            if not isinstance(detail, Mapping):
                continue
            harmless = name == "running" or (name == "terminated" and not detail.get("exitCode"))
            if not harmless and detail.get("reason") not in ("PodInitializing", "ContainerCreating"):
                yield f"Reason: {detail.get('reason', '')} {detail.get('message', '')}"


def is_ready(pod: KubeObject) -> bool:
    """It is Ready, or has done its work."""
    return bool(pod.get("status", "phase") == "Succeeded") or pod.holds("Ready")


def deployment_of(pod: KubeObject) -> str:
    """Name of its Deployment, from the name of its ReplicaSet; "" if it has none."""
    for owner in pod.mappings("metadata", "ownerReferences"):
        if owner.get("kind") == "ReplicaSet":
            return str(owner.get("name", "")).rpartition("-")[0]
    return ""


def logged_containers(objects: Iterable[KubeObject]) -> list[Container]:
    """The containers whose log can have a reason: those that fail, and the controllers."""
    found: dict[Container, None] = {}
    for pod in objects:
        if pod.kind != "Pod":
            continue
        if deployment_of(pod) in CONTROLLERS:
            for container in pod.mappings("spec", "containers"):
                found[pod.namespace, pod.name, str(container.get("name", ""))] = None
        elif not is_ready(pod):
            for name, _ in failing(pod):
                found[pod.namespace, pod.name, name] = None
    return list(found)
