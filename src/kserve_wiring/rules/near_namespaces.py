# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW560: a namespace that nobody makes and that holds next to nothing was meant to be another one (wire W12)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.names import NearNames
from kserve_wiring.grammar.values import is_dns1123_label
from kserve_wiring.manifests.objects import KubeObject
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because, set_to

_MOST = 2
"""Objects in a namespace that may be a slip. A namespace with more is one of its own."""


@rule("KW560", skips_open=True)
def nearly_named_namespaces(cluster: Cluster) -> Iterator[Draft]:
    """The API server answers `namespaces "vison" not found`, or the object is where nothing looks for it."""
    used: dict[str, list[KubeObject]] = defaultdict(list)
    for obj in cluster.objects:
        if obj.namespace and not obj.source.partial:
            used[obj.namespace].append(obj)
    made = {obj.name: obj for obj in cluster.of_kind("Namespace")}
    near = NearNames(name for name in made if len(used.get(name, ())) > _MOST)
    for namespace, objects in used.items():
        if namespace in made or len(objects) > _MOST or cluster.facts.exists("Namespace", "", namespace):
            continue
        if not is_dns1123_label(namespace):
            continue  # KW528 reports it
        meant = near.near(namespace)
        for obj in objects:
            if meant and not _is_of_release(obj, cluster):
                yield _draft(obj, made[meant], f"there is no such Namespace, but {meant}")
            elif _is_swapped(obj, made, used):
                reason = f"there is no such Namespace, but {obj.name}, which is metadata.name of the object"
                yield _draft(obj, made[obj.name], reason, swapped=True)


def _is_of_release(obj: KubeObject, cluster: Cluster) -> bool:
    """True if Helm may make the namespace: it installs a release with --create-namespace."""
    return bool(obj.source.release) and not cluster.facts.complete


def _is_swapped(obj: KubeObject, made: dict[str, KubeObject], used: dict[str, list[KubeObject]]) -> bool:
    """True if the object has the name of a Namespace, in which others have the name of its namespace."""
    return obj.name in made and any(other.name == obj.namespace for other in used.get(obj.name, ()))


def _draft(obj: KubeObject, namespace: KubeObject, reason: str, *, swapped: bool = False) -> Draft:
    setting = at(obj, "metadata", "namespace")
    fix = set_to(setting, namespace.name)
    suggestion = f"{fix}, and metadata.name to {obj.namespace}" if swapped else fix
    return because(setting, reason, suggestion, at(namespace, "metadata", "name"), level="warning")
