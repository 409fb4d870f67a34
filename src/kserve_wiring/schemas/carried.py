# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The schemas that the package carries, by project and merged over its releases (tools/generate/schemas)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property, reduce
from operator import or_
from typing import Any

from kserve_wiring.data import carried
from kserve_wiring.grammar.version import version_tuple
from kserve_wiring.schemas.checks import Schema
from kserve_wiring.schemas.node import Dialect, Node, Schemas

KUBERNETES = "kubernetes"
KNATIVE = "serving.knative.dev"


@dataclass(frozen=True, slots=True)
class Kind:
    """A version of a kind.

    served: the bits of the releases that serve it. deprecated: the API server's warning, None if it is not deprecated.
    """

    version: str
    schema: int
    served: int
    deprecated: str | None


class Project:
    """The schemas of one project."""

    def __init__(self, name: str) -> None:
        data = _read(name)
        self.name = name
        self.releases: list[str] = data["versions"]
        self._schemas: list[Schema] = data["schemas"]
        self._kinds: dict[tuple[str, str], dict[str, Kind]] = {}
        for key, entry in data["kinds"].items():
            group, version, kind = key.split("/")
            one = Kind(version, entry["schema"], entry["served"], entry.get("deprecated"))
            self._kinds.setdefault((group, kind), {})[version] = one
        self._roots: dict[tuple[int, int, str], Node] = {}
        self._compilers: dict[tuple[int, str], Schemas] = {}

    def versions(self, group: str, kind: str) -> dict[str, Kind]:
        """The versions of a kind; empty if the project has no such kind."""
        return self._kinds.get((group, kind), {})

    def groups_of(self, kind: str) -> list[str]:
        """The groups that have a kind."""
        return [group for group, name in self._kinds if name == kind]

    def kinds_of(self, group: str) -> list[str]:
        """The kinds of a group."""
        return [name for other, name in self._kinds if other == group]

    def having(self, group: str, kind: str) -> int:
        """The bits of the releases whose schemas of a kind are carried."""
        return reduce(or_, (one.served for one in self.versions(group, kind).values()), 0)

    def node(self, group: str, kind: str, version: str, release: str) -> Node:
        """The compiled schema of a version of a kind. release: the release that runs, "" if unknown."""
        one, having = self.versions(group, kind)[version], self.having(group, kind)
        key = (one.schema, having, release)
        if key not in self._roots:
            self._roots[key] = self._root(one, self._compiler(having, release))
            if group == KNATIVE:
                _close_template(self._roots[key])
        return self._roots[key]

    def _root(self, kind: Kind, compiler: Schemas) -> Node:
        """An object as a whole. Its status is not judged: nobody writes one."""
        schema = self._schemas[kind.schema]
        root = compiler.root(schema, None if self.name == KUBERNETES else _metadata())
        if root.fields is not None and "status" in schema.get("properties", {}):
            root.fields["status"] = Node()
        return root

    def _compiler(self, having: int, release: str) -> Schemas:
        key = (having, release)
        if key not in self._compilers:
            dialect = Dialect(
                resolve=lambda reference: self._schemas[int(reference)],
                metadata={"x-kubernetes-preserve-unknown-fields": True},
                null_is_absent=self.name == KUBERNETES,
                absent=lambda with_field: self.lacks(release, with_field | ~having),
            )
            self._compilers[key] = Schemas(dialect)
        return self._compilers[key]

    def lacks(self, release: str, having: int) -> bool:
        """Whether a release certainly lacks what the releases of these bits have.

        Of a release that is not carried, the neighbours decide if they agree; of one older than all, nothing is known.
        """
        wanted = version_tuple(release)
        if wanted is None:
            return False
        minors = self._minors
        older = [index for index, minor in enumerate(minors) if minor <= wanted[:2]]
        newer = [index for index, minor in enumerate(minors) if minor >= wanted[:2]]
        return bool(older) and not any(having >> index & 1 for index in (*older[-1:], *newer[:1]))

    @cached_property
    def _minors(self) -> list[tuple[int, ...]]:
        return [(version_tuple(release) or ())[:2] for release in self.releases]

    def names(self, releases: int) -> list[str]:
        """The releases of these bits, oldest first."""
        return [name for index, name in enumerate(self.releases) if releases >> index & 1]


@cache
def _metadata() -> Node:
    """metadata of every kind, which CRDs omit."""
    kubernetes = project(KUBERNETES)
    fields = kubernetes.node("", "ConfigMap", "v1", "").fields
    assert fields is not None
    return fields["metadata"]


def _close_template(root: Node) -> None:
    """Knative decodes spec.template.metadata as any other metadata, but its CRD keeps unknown fields there."""
    for name in ("spec", "template"):
        if root.fields is None or name not in root.fields.properties:
            return
        root = root.fields[name]
    if root.fields is not None and "metadata" in root.fields.properties:
        root.fields["metadata"] = _metadata()


def newest(versions: Iterable[str]) -> str:
    """The version that the API server prefers: v1 to v1beta2 to v1beta1 to v1alpha1."""
    return max(versions, key=_preference)


def _preference(version: str) -> tuple[bool, bool, list[int]]:
    return "alpha" not in version, "beta" not in version, [int(number) for number in re.findall(r"\d+", version)]


@cache
def project(name: str) -> Project:
    """A project with its schemas, read once."""
    return Project(name)


@cache
def project_of(group: str) -> Project | None:
    """The project that has an API group; None if the package carries no schema of it."""
    name = _read("index")["groups"].get(group)
    return project(name) if name else None


@cache
def groups() -> frozenset[str]:
    """The API groups whose schemas the package carries."""
    return frozenset(_read("index")["groups"])


@cache
def removed() -> dict[str, dict[str, str]]:
    """Kubernetes' removed versions of kinds as ``group/version/kind``, each with ``release`` and ``use``."""
    found: dict[str, dict[str, str]] = _read("index")["removed"]
    return found


def _read(name: str) -> Any:
    return json.loads((carried("schemas") / f"{name}.json").read_bytes())
