# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What istiod reads in its ConfigMap ``istio``, as far as rules need it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.manifests.objects import MAPPING
from kserve_wiring.manifests.yamltext import load


def mesh_config(cluster: Cluster) -> Mapping[str, Any]:
    """The mesh configuration; empty if it was not read, or cannot be."""
    for obj in cluster.named("ConfigMap", "istio"):
        try:
            found = load(str(obj.get("data", "mesh") or ""))
        except ValueError:
            continue
        if isinstance(found, MAPPING):
            return found
    return {}


def root_namespace(cluster: Cluster) -> str:
    """The namespace whose policies apply to the whole mesh."""
    for obj in cluster.named("ConfigMap", "istio"):
        match = re.search(r"^rootNamespace:[ \t]*[\"']?([a-z0-9-]+)", str(obj.get("data", "mesh")), re.MULTILINE)
        if match is not None:
            return match.group(1)
    return "istio-system"
