# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The targets of a kustomization's patches, and the resources among which kustomize looks for them.

kustomize api/resmap/selector.go, api/resource/resource.go (OrgId, PrevIds) and api/internal/builtins.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import dirname, join, normpath
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.final import KUSTOMIZE_GROUP, is_template
from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, dig, mappings_of, strings_of

_MAKERS = ("helmCharts", "helmChartInflationGenerator", "generators", "transformers", "components", "replacements")
"""Fields with which a kustomization has resources that no manifest shows, or other names."""
_GENERATED = {"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"}


@dataclass(frozen=True, slots=True)
class Target:
    """What a patch is for. path: of what says so. is_pattern: kind and name are regular expressions."""

    obj: KubeObject
    path: KeyPath
    kind: str
    name: str
    is_pattern: bool


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource by the names under which kustomize finds it."""

    kind: str
    names: frozenset[str]


class Kustomizations:
    """The kustomizations of a set, by folder."""

    def __init__(self, cluster: Cluster) -> None:
        self._files: dict[str, list[KubeObject]] = defaultdict(list)
        self._folders: dict[str, KubeObject] = {}
        for obj in cluster.objects:
            if obj.source.file:
                self._files[normpath(obj.source.file)].append(obj)
            if obj.group == KUSTOMIZE_GROUP and obj.kind == "Kustomization":
                self._folders[dirname(normpath(obj.source.file))] = obj

    def resources(self, obj: KubeObject, seen: frozenset[str] = frozenset()) -> list[Resource] | None:
        """The resources of a kustomization before its own patches; None if the manifests do not show them all."""
        folder = dirname(normpath(obj.source.file))
        if folder in seen or obj.source.absent or any(obj.get(key) for key in _MAKERS):
            return None
        found = [Resource(kind, frozenset({name})) for kind, name in _generated(obj)]
        for entry in (*strings_of(obj.get("resources")), *strings_of(obj.get("bases"))):
            place = normpath(join(folder, entry))
            below = self._folders.get(place)
            inner = self.resources(below, seen | {folder}) if below is not None else self._of_file(place)
            if inner is None:
                return None
            found += [_renamed(one, below) for one in inner] if below is not None else inner
        return found

    def _of_file(self, place: str) -> list[Resource] | None:
        objects = self._files.get(place)
        if not objects or any(is_template(obj.name + obj.kind) for obj in objects):
            return None
        return [Resource(obj.kind, frozenset({obj.name})) for obj in objects]


def _generated(obj: KubeObject) -> Iterator[tuple[str, str]]:
    for key, kind in _GENERATED.items():
        for _, item in mappings_of(obj.get(key)):
            yield kind, str(item.get("name"))


def _renamed(one: Resource, below: KubeObject) -> Resource:
    """A base with a prefix or suffix; kustomize finds a resource by its old names, too."""
    prefix, suffix = (str(below.get(key) or "") for key in ("namePrefix", "nameSuffix"))
    return Resource(one.kind, one.names | {f"{prefix}{name}{suffix}" for name in one.names})


def targets(obj: KubeObject) -> Iterator[Target]:
    """The targets of patches that the kustomization contains itself."""
    for key in ("patches", "patchesJson6902"):
        for index, entry in mappings_of(obj.get(key)):
            path: KeyPath = (key, index)
            target = entry.get("target")
            if isinstance(target, MAPPING):
                yield _target(obj, (*path, "target"), target, key == "patches")
            elif isinstance(entry.get("patch"), str):
                yield from _of_merge(obj, (*path, "patch"), entry["patch"])
    for index, text in enumerate(strings_of(obj.get("patchesStrategicMerge"))):
        if "\n" in text:
            yield from _of_merge(obj, ("patchesStrategicMerge", index), text)


def _target(obj: KubeObject, path: KeyPath, body: Mapping[str, Any], is_pattern: bool) -> Target:
    return Target(obj, path, str(body.get("kind") or ""), str(body.get("name") or ""), is_pattern)


def _of_merge(obj: KubeObject, path: KeyPath, text: str) -> Iterator[Target]:
    """A strategic merge patch is for the object whose kind and name it has."""
    try:
        body = yamltext.load(text)
    except ValueError:
        return
    if isinstance(body, MAPPING) and isinstance(dig(body, "metadata", "name"), str):
        yield Target(obj, path, str(body.get("kind") or ""), str(dig(body, "metadata", "name")), False)


def matches(target: Target, resource: Resource) -> bool:
    """True if kustomize applies the patch to a resource, as far as kind and name decide."""
    of_kind = _fits(target.kind, resource.kind, target.is_pattern)
    return of_kind and any(_fits(target.name, name, target.is_pattern) for name in resource.names)


def _fits(pattern: str, text: str, is_pattern: bool) -> bool:
    if not pattern or pattern == text:
        return True
    try:
        return is_pattern and re.fullmatch(pattern, text) is not None
    except re.error:
        return True
