# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Tables with a row for each place in a kind of object, and one walk of an object that follows all its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, dig

POD = "Pod"
"""Rows with this kind hold for the pod spec in any object; their paths begin there."""


class Placed(Protocol):
    """A row. kind: of the object. path: dotted; ``*`` is any item of a list or mapping."""

    @property
    def kind(self) -> str: ...

    @property
    def path(self) -> str: ...


Row = TypeVar("Row", bound=Placed)


class Place(NamedTuple, Generic[Row]):
    """A text at the place of a row. holder: the mapping around it."""

    row: Row
    path: KeyPath
    holder: Mapping[str, Any]
    text: str


@dataclass(slots=True)
class _Step(Generic[Row]):
    """The rows whose paths share a beginning."""

    rows: list[Row] = field(default_factory=list)
    named: dict[str, _Step[Row]] = field(default_factory=dict)

    def add(self, row: Row, steps: tuple[str, ...]) -> None:
        """Add a row with the rest of its path."""
        if steps:
            self.named.setdefault(steps[0], _Step()).add(row, steps[1:])
        else:
            self.rows.append(row)


class PathTable(Generic[Row]):
    """The rows of a table by kind."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._kinds: dict[str, _Step[Row]] = {}
        for row in rows:
            self._kinds.setdefault(row.kind, _Step()).add(row, _steps(row.path))

    def texts(self, obj: KubeObject, kind: str, start: KeyPath = ()) -> list[Place[Row]]:
        """The texts of an object at the places of a kind, whose paths begin at ``start``."""
        step = self._kinds.get(kind)
        found: list[Place[Row]] = []
        if step is not None:
            _follow(dig(obj.body, *start), step, start, {}, found)
        return found


def _steps(path: str) -> tuple[str, ...]:
    """The steps of a dotted path; the name of an annotation is one step."""
    head, found, annotation = path.partition("metadata.annotations.")
    return ("metadata", "annotations", annotation) if found and not head else tuple(path.split("."))


def _follow(value: Any, step: _Step[Row], path: KeyPath, holder: Mapping[str, Any], found: list[Place[Row]]) -> None:
    """Collect the texts below a value. A generator for each level takes twice as long."""
    if isinstance(value, str):
        if value:
            found += [Place(row, path, holder, value) for row in step.rows]
        return
    entries = step.named.get("*")
    if isinstance(value, list):
        if entries is not None:
            for index, item in enumerate(value):
                _follow(item, entries, (*path, index), holder, found)
    elif isinstance(value, MAPPING):
        for key, item in value.items():
            below = step.named.get(key) if key != "*" else None
            if below is not None:
                _follow(item, below, (*path, key), value, found)
            if entries is not None:
                _follow(item, entries, (*path, str(key)), holder, found)
