# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW521: versions of kinds that the API server does not serve, or not for long."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.releases import release_of
from kserve_wiring.grammar.version import version_tuple
from kserve_wiring.manifests.objects import KubeObject
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, single
from kserve_wiring.schemas.carried import KUBERNETES, Project, groups, newest, project, project_of, removed

# KFServing became KServe with 0.7, and no release since then serves the old group.
_RENAMED = {"serving.kubeflow.org": "serving.kserve.io"}
_Verdict = tuple[str, str, str]
"""Reason, suggestion and level."""


@rule("KW521")
def api_versions(cluster: Cluster) -> Iterator[Draft]:
    """An apiVersion that was removed, is deprecated, or does not have the kind."""
    known: dict[tuple[str, str], _Verdict | None] = {}
    for obj in cluster.objects:
        key = (obj.ref.apiVersion, obj.ref.kind)
        if key not in known:
            known[key] = _verdict(obj, cluster.facts)
        verdict = known[key]
        if verdict is not None:
            reason, suggestion, level = verdict
            yield single(at(obj, "apiVersion"), kind=obj.kind, reason=reason, suggestion=suggestion, level=level)


def _verdict(obj: KubeObject, facts: Facts) -> _Verdict | None:
    group, _, version = obj.ref.apiVersion.rpartition("/")
    gone = removed().get(f"{group}/{version}/{obj.kind}")
    if gone is not None:
        oldest = project(KUBERNETES).releases[0]
        level = "error" if (version_tuple(gone["release"]) or ()) <= (version_tuple(oldest) or ()) else "warning"
        return f"Kubernetes {gone['release']} removed it", f"use {gone.get('use', 'another kind')}", level
    found = project_of(group)
    if found is None:
        return _other_group(group, obj.kind)
    if obj.kind.endswith("List"):
        return None
    release = release_of(found.name, facts)
    versions = found.versions(group, obj.kind)
    if version in versions:
        return _served(found, group, obj.kind, version, release)
    return _no_version(found, group, obj.kind, release) if versions else _no_kind(found, group, obj.kind)


def _other_group(group: str, kind: str) -> _Verdict | None:
    """A group that was renamed, or that is one character from one with the kind."""
    other = _RENAMED.get(group) or near_name(group, groups())
    found = project_of(other) if other else None
    if found is None or not found.versions(other, kind):
        return None
    reason = f"{group} is now {other}" if group in _RENAMED else f"no project has the group {group}"
    return reason, _use(found, other, kind), "error"


def _served(found: Project, group: str, kind: str, version: str, release: str) -> _Verdict | None:
    one, use = found.versions(group, kind)[version], _use(found, group, kind)
    if found.lacks(release, one.served | ~found.having(group, kind)):
        return f"{found.name} {release.removeprefix('v')} does not serve it", use, "error"
    if not one.served >> (len(found.releases) - 1) & 1:
        return f"{found.name} {found.releases[-1]} no longer serves it", use, "info"
    if one.deprecated is not None:
        return one.deprecated or f"{found.name} {found.releases[-1]} deprecates it", use, "info"
    return None


def _no_version(found: Project, group: str, kind: str, release: str) -> _Verdict:
    """A version that no carried release has. An older or newer release may have it."""
    is_certain = found.name == KUBERNETES or found.lacks(release, ~found.having(group, kind))
    reason = f"no release of {found.name} from {found.releases[0]} to {found.releases[-1]} has it"
    return reason, _use(found, group, kind), "error" if is_certain else "warning"


def _no_kind(found: Project, group: str, kind: str) -> _Verdict | None:
    """A kind that the group lacks: it is in another group of Kubernetes, or misspelled."""
    others = found.groups_of(kind) if found.name == KUBERNETES else []
    if others:
        use = " or ".join(f"{other}/{newest(found.versions(other, kind))}".removeprefix("/") for other in others)
        return f"{group or 'v1'} has no kind {kind}", f"use {use}", "error"
    near = difflib.get_close_matches(kind, found.kinds_of(group), n=1, cutoff=0.85)
    return (f"{group or 'v1'} has no kind {kind}", f"use kind {near[0]} if that is meant", "warning") if near else None


def _use(found: Project, group: str, kind: str) -> str:
    return f"use {group}/{newest(found.versions(group, kind))}".replace("use /", "use ")
