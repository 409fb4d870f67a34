# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW551: routes and Gateways of the Gateway API that name an object of another namespace (wire W10)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateway_api import API
from kserve_wiring.cluster.references import ROUTES, granted_places
from kserve_wiring.cluster.targets import targets_of
from kserve_wiring.manifests.objects import KubeObject, Setting, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Advice, Draft, at, because, set_to


@dataclass(frozen=True)
class _Reference:
    """An object of another namespace that a route or Gateway names; setting: its namespace."""

    setting: Setting
    group: str
    kind: str
    name: str

    @property
    def namespace(self) -> str:
        return str(self.setting.value)


@rule("KW551")
def references_without_a_grant(cluster: Cluster) -> Iterator[Draft]:
    """istiod answers 500 for such a backend, and drops a listener whose certificate it may not use.

    istio 1.30 pilot/pkg/config/kube/gateway/conversion.go:1139-1147 and 2350-2363, gatewaycommon/references.go:133-253.
    """
    targets = targets_of(cluster)
    for ref in _references(cluster):
        if any(_differences(grant, ref) == [] for grant in cluster.in_namespace("ReferenceGrant", ref.namespace)):
            continue
        near = _nearest(cluster, ref)
        if near is not None:
            yield because(near[0], near[1], near[2], ref.setting)
        elif cluster.shows_all("ReferenceGrant") or targets.is_shown(ref.kind, ref.namespace, ref.name):
            reason = f"no ReferenceGrant there lets a {ref.setting.obj.kind} of {ref.setting.obj.namespace} use it"
            suggestion = f"create a ReferenceGrant in {ref.namespace} from this {ref.setting.obj.kind} to {ref.kind}"
            level = "" if cluster.shows_all("ReferenceGrant") else "warning"
            yield because(ref.setting, reason, suggestion, level=level)


def _references(cluster: Cluster) -> Iterator[_Reference]:
    for kind in ("Gateway", *ROUTES):
        for obj in cluster.of_kind(kind):
            if obj.group != API or not obj.namespace or _is_of_a_mesh(obj):
                continue
            for path, ref in granted_places(obj).items():
                namespace = ref.get("namespace")
                if isinstance(namespace, str) and namespace not in ("", obj.namespace):
                    default = "Secret" if kind == "Gateway" else "Service"
                    setting = Setting(namespace, obj, (*path, "namespace"))
                    names = (str(ref.get("group") or ""), str(ref.get("kind") or default), str(ref.get("name")))
                    yield _Reference(setting, *names)


def _is_of_a_mesh(route: KubeObject) -> bool:
    """A route that only a Service has as its parent needs no grant (enforceRefGrant)."""
    parents = [parent for _, parent in mappings_of(route.get("spec", "parentRefs"))]
    return bool(parents) and all(parent.get("kind") == "Service" for parent in parents)


def _differences(grant: KubeObject, ref: _Reference) -> list[tuple[Setting, Any]]:
    """What the best pair of `from` and `to` of a grant has, and what the reference needs instead."""
    source = {"group": API, "kind": ref.setting.obj.kind, "namespace": ref.setting.obj.namespace}
    target = {"group": ref.group, "kind": ref.kind}
    best = [_best(grant, "from", source, ""), _best(grant, "to", target, ref.name)]
    return [one for found in best for one in found]


def _best(grant: KubeObject, key: str, needed: dict[str, str], name: str) -> list[tuple[Setting, Any]]:
    """The differences of the item of this list that has the fewest; the list itself, if it has no items."""
    found = []
    for index, item in mappings_of(grant.get("spec", key)):
        wrong = [
            (at(grant, "spec", key, index, field), value)
            for field, value in needed.items()
            if str(item.get(field) or "") != value
        ]
        if name and item.get("name") not in (None, "", name):
            wrong.append((at(grant, "spec", key, index, "name"), name))
        found.append(wrong)
    return min(found, key=len, default=[(at(grant, "spec", key), needed)])


def _nearest(cluster: Cluster, ref: _Reference) -> tuple[Setting, str, Advice] | None:
    """A grant that one change makes right: one of its fields, or its namespace."""
    used = f"{ref.setting.obj.ref} uses {ref.kind} {ref.namespace}/{ref.name}"
    for grant in cluster.in_namespace("ReferenceGrant", ref.namespace):
        wrong = _differences(grant, ref)
        if len(wrong) == 1 and not isinstance(wrong[0][1], dict):
            return wrong[0][0], f"{used}, and no ReferenceGrant lets it", set_to(*wrong[0])
    for grant in cluster.in_namespace("ReferenceGrant", str(ref.setting.obj.namespace)):
        if not _differences(grant, ref):
            reason = f"a ReferenceGrant counts in the namespace of what is used, and {used}"
            setting = at(grant, "metadata", "namespace")
            return setting, reason, set_to(setting, ref.namespace)
    return None
