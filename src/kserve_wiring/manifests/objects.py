# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""One Kubernetes object, and where it was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

KeyPath = tuple[str | int, ...]
"""A key path into an object, such as ``("spec", "servers", 0, "port")``."""

MAPPING = (dict, Mapping)
"""For isinstance: dict first, because the check against an abstract class is slow."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where an object was read.

    file: the file, or ``rendered/<release>.yaml`` for a release that was rendered in memory.
    line: its first line, counted from 1; 0 if it was not read from text.
    text: the text of its YAML document, to find the line of a key.
    prefix: path of the object inside that document (``items[3]`` of a List).
    release: the Helm release or GitOps application that owns it, or "".
    partial: it is a patch for server-side apply: it owns only the fields that it sets.
    repeats: some mapping of its document has a duplicate key.
    unlisted: it is in the folder of a kustomization that does not list its file, so it may be a patch.
    absent: where it names files that are not there, for a kustomization, and for an Application of its own repository.
    """

    file: str = ""
    line: int = 0
    text: str = field(default="", repr=False)
    prefix: KeyPath = ()
    release: str = ""
    partial: bool = False
    repeats: bool = False
    unlisted: bool = False
    absent: tuple[KeyPath, ...] = ()

    @property
    def whole(self) -> bool:
        """False for what may be a patch of another object, which has the other fields."""
        return not (self.partial or self.unlisted)


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """Identity of an object, as findings show it."""

    apiVersion: str  # noqa: N815 (the name of the JSON key)
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """``Kind namespace/name``, or ``Kind name`` without a namespace."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Group, kind, namespace and name: the same object in any version of its API."""
        return self.apiVersion.rpartition("/")[0], self.kind, self.namespace, self.name


@dataclass(frozen=True, slots=True, eq=False)
class KubeObject:
    """A Kubernetes object. Equal only to itself."""

    ref: ObjectRef
    body: Mapping[str, Any] = field(repr=False)
    source: Source = field(default_factory=Source, repr=False)
    operator_made: bool = False
    """An operator will create it: its content comes from the operator's source, it was not read."""

    kind: str = field(init=False, repr=False)
    namespace: str = field(init=False, repr=False)
    """The namespace, "" if there is none."""
    name: str = field(init=False, repr=False)
    group: str = field(init=False, repr=False)
    """The API group, "" for the core group."""

    def __post_init__(self) -> None:
        """Take the parts of ``ref``: rules read them so often that properties would take a tenth of the time."""
        for part in ("kind", "namespace", "name"):
            object.__setattr__(self, part, getattr(self.ref, part))
        object.__setattr__(self, "group", self.ref.apiVersion.rpartition("/")[0])

    def get(self, *path: str | int) -> Any:
        """Value at a path; None if a step is missing or has another type."""
        return dig(self.body, *path)

    def mapping(self, *path: str | int) -> Mapping[str, Any]:
        """Mapping at a path; empty if there is none."""
        value = dig(self.body, *path)
        return value if value is not None and isinstance(value, MAPPING) else {}

    def items(self, *path: str | int) -> list[Any]:
        """List at a path; empty if there is none."""
        value = dig(self.body, *path)
        return value if isinstance(value, list) else []

    def mappings(self, *path: str | int) -> list[Mapping[str, Any]]:
        """The mappings in the list at a path."""
        return [item for _, item in mappings_of(dig(self.body, *path))]

    def holds(self, condition: str) -> bool:
        """Whether a condition of this type is True in its status."""
        found = self.mappings("status", "conditions")
        return any(item.get("type") == condition and item.get("status") == "True" for item in found)

    @property
    def labels(self) -> Mapping[str, Any]:
        """metadata.labels."""
        return self.mapping("metadata", "labels")

    @property
    def annotations(self) -> Mapping[str, Any]:
        """metadata.annotations."""
        return self.mapping("metadata", "annotations")


@dataclass(frozen=True, slots=True)
class Setting:
    """A value with its object and key path."""

    value: Any
    obj: KubeObject
    path: KeyPath

    @property
    def key(self) -> str:
        """The key path as text."""
        return show_path(self.path)

    def text(self) -> str:
        """The value as text; "" for None."""
        return "" if self.value is None else str(self.value)


def dig(value: Any, *path: str | int) -> Any:
    """Follow a path through mappings and lists; None if a step is missing or has another type."""
    for step in path:
        if value is None:
            return None
        if isinstance(value, MAPPING):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def show_path(path: KeyPath) -> str:
    """A path as text: ``spec.servers[0].port``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return text


def strings_of(value: Any) -> list[str]:
    """The strings in a list; empty for any other type."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def mappings_of(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Index and value of the mappings in a list; nothing for any other type."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, MAPPING):
                yield index, item
