# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Selectors of namespaces that ask for a label which the namespace of that name does not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.label_selectors import NAME_LABEL
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of

_WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
_PEERS = (("ingress", "from"), ("egress", "to"))


def unlabelled(cluster: Cluster) -> Iterator[tuple[Setting, KubeObject]]:
    """Labels that no Namespace of the set has, and the Namespace whose name is their value."""
    labels = {key for obj in cluster.of_kind("Namespace") for key in obj.labels}
    for obj, path in _selectors(cluster):
        for key, value in obj.mapping(*path, "matchLabels").items():
            spaces = cluster.find("Namespace", "", str(value)) if key not in (NAME_LABEL, *labels) else ()
            if spaces and spaces[0].source.whole:
                yield Setting(value, obj, (*path, "matchLabels", str(key))), spaces[0]


def _selectors(cluster: Cluster) -> Iterator[tuple[KubeObject, KeyPath]]:
    for obj in cluster.of_kind("NetworkPolicy"):
        for rules, peers in _PEERS:
            for index, item in mappings_of(obj.get("spec", rules)):
                yield from _of_list(obj, ("spec", rules, index, peers), item.get(peers))
    for obj in cluster.of_kind(*_WEBHOOKS):
        yield from _of_list(obj, ("webhooks",), obj.get("webhooks"))
    for obj in cluster.of_kind("ClusterExternalSecret"):
        yield obj, ("spec", "namespaceSelector")
        for index, _ in mappings_of(obj.get("spec", "namespaceSelectors")):
            yield obj, ("spec", "namespaceSelectors", index)


def _of_list(obj: KubeObject, path: KeyPath, items: Any) -> Iterator[tuple[KubeObject, KeyPath]]:
    for index, item in mappings_of(items):
        if isinstance(item.get("namespaceSelector"), Mapping):
            yield obj, (*path, index, "namespaceSelector")
