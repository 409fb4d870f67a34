# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What istiod reads in its ConfigMap ``istio``, as far as rules need it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.manifests.objects import MAPPING, KubeObject
from kserve_wiring.manifests.yamltext import YamlError, load


def mesh_of(obj: KubeObject) -> Mapping[str, Any] | None:
    """The mesh configuration in a ConfigMap of istiod's; None if it has none, or none that parses."""
    text = obj.get("data", "mesh")
    try:
        found = load(text) if isinstance(text, str) else None
    except YamlError:
        return None
    return found if isinstance(found, MAPPING) else None


def meshes(cluster: Cluster) -> Iterator[tuple[KubeObject, Mapping[str, Any]]]:
    """The mesh configurations that were read, with their ConfigMaps."""
    for obj in cluster.named("ConfigMap", "istio"):
        mesh = mesh_of(obj)
        if mesh is not None:
            yield obj, mesh


def mesh_config(cluster: Cluster) -> Mapping[str, Any]:
    """The mesh configuration; empty if it was not read, or cannot be."""
    return next((mesh for _, mesh in meshes(cluster)), {})


def root_namespace(cluster: Cluster) -> str:
    """The namespace whose policies apply to the whole mesh."""
    for obj in cluster.named("ConfigMap", "istio"):
        match = re.search(r"^rootNamespace:[ \t]*[\"']?([a-z0-9-]+)", str(obj.get("data", "mesh")), re.MULTILINE)
        if match is not None:
            return match.group(1)
    return "istio-system"
