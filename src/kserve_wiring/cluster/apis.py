# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the manifests show that an API is installed."""

from __future__ import annotations

from kserve_wiring.cluster.cluster import Cluster


def is_absent(cluster: Cluster, plural: str, group: str) -> bool:
    """True if the manifests of a whole environment have neither the CRD nor an object of its group."""
    crd = f"{plural}.{group}"
    return (
        cluster.shows_all("CustomResourceDefinition")
        and not cluster.named("CustomResourceDefinition", crd)
        and not cluster.facts.exists("CustomResourceDefinition", "", crd)
        and not any(obj.group == group for obj in cluster.objects)
    )
