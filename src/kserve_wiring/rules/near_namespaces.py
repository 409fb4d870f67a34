# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW560: a namespace that nobody makes and that holds next to nothing was meant to be another one (wire W12)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.final import is_final
from kserve_wiring.cluster.names import NearNames
from kserve_wiring.grammar.values import is_dns1123_label
from kserve_wiring.manifests.objects import KubeObject
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because, set_to

Objects = Mapping[str, KubeObject]
_MOST = 2
"""Objects in a namespace that may be a slip. A namespace with more is one of its own."""


@rule("KW560", skips_open=True)
def nearly_named_namespaces(cluster: Cluster) -> Iterator[Draft]:
    """The API server answers `namespaces "vison" not found`, or the object is where nothing looks for it."""
    used: dict[str, list[KubeObject]] = defaultdict(list)
    for obj in cluster.objects:
        if obj.namespace and not obj.source.partial and is_final(obj, ("metadata", "namespace")):
            used[obj.namespace].append(obj)
    made = {obj.name: obj for obj in cluster.of_kind("Namespace") if not obj.source.partial}
    near = NearNames(made)
    for namespace, objects in used.items():
        # KW528 reports what is no name of a namespace.
        known = namespace in made or cluster.facts.exists("Namespace", "", namespace)
        if known or not is_dns1123_label(namespace):
            continue
        meant = near.near(namespace)
        if meant and meant not in used and (len(objects) > 1 or cluster.facts.complete):
            if not cluster.facts.complete:  # else KW502 reports a Namespace that nothing is in
                yield _namespace(made[meant], objects[0])
        elif len(objects) <= _MOST:
            yield from _objects(cluster, objects, made, used, meant)


def _objects(
    cluster: Cluster, objects: list[KubeObject], made: Objects, used: Mapping[str, list[KubeObject]], meant: str
) -> Iterator[Draft]:
    """Objects whose namespace is a slip."""
    for obj in objects:
        if meant and not _is_of_release(obj, cluster):
            yield _draft(obj, made[meant], f"there is no such Namespace, but {meant}")
        elif _is_swapped(obj, made, used):
            reason = f"there is no such Namespace, but {obj.name}, which is metadata.name of the object"
            yield _draft(obj, made[obj.name], reason, swapped=True)


def _namespace(namespace: KubeObject, obj: KubeObject) -> Draft:
    """The name of a Namespace is the slip, if it holds nothing, and other objects agree on another one."""
    setting = at(namespace, "metadata", "name")
    reason = f"nothing is in it, but {obj.ref} and others are in {obj.namespace}"
    return because(setting, reason, set_to(setting, obj.namespace), at(obj, "metadata", "namespace"), level="warning")


def _is_of_release(obj: KubeObject, cluster: Cluster) -> bool:
    """True if Helm may make the namespace: it installs a release with --create-namespace."""
    return bool(obj.source.release) and not cluster.facts.complete


def _is_swapped(obj: KubeObject, made: Objects, used: Mapping[str, list[KubeObject]]) -> bool:
    """True if the object has the name of a Namespace, in which others have the name of its namespace."""
    return obj.name in made and any(other.name == obj.namespace for other in used.get(obj.name, ()))


def _draft(obj: KubeObject, namespace: KubeObject, reason: str, *, swapped: bool = False) -> Draft:
    setting = at(obj, "metadata", "namespace")
    fix = set_to(setting, namespace.name)
    suggestion = f"{fix}, and metadata.name to {obj.namespace}" if swapped else fix
    return because(setting, reason, suggestion, at(namespace, "metadata", "name"), level="warning")
