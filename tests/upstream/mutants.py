"""Break an object at every place: unknown fields, values of another type, nulls, missing fields, slips of a letter."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
Place = tuple[str | int, ...]
UNKNOWN = "bogusField"
# The CRD keeps unknown fields there, and Knative drops them (kserve_wiring.schemas.carried).
DROPPED = {f"unknown Service spec.template.metadata.{UNKNOWN}"}
SAMPLES = Path(__file__).with_name("schema_samples.yaml")


def samples() -> list[Object]:
    """The objects of schema_samples.yaml."""
    return list(yaml.safe_load_all(SAMPLES.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Mutant:
    """A broken copy. operator: unknown, type, null, removed, or slip for a letter too many."""

    operator: str
    path: Place
    body: Object

    def __str__(self) -> str:
        return f"{self.operator} {self.body.get('kind')} {'.'.join(map(str, self.path))}"


def mutants(body: Object) -> Iterator[Mutant]:
    """Every mutant of an object, except of its identity, without which no request can be sent."""
    for path, value in places(body, ()):
        if isinstance(value, dict):
            yield Mutant("unknown", (*path, UNKNOWN), changed(body, (*path, UNKNOWN), "x"))
        if path and path[0] not in ("apiVersion", "kind") and path not in (("metadata",), ("metadata", "namespace")):
            yield Mutant("type", path, changed(body, path, _other(value)))
            if path != ("metadata", "name"):
                yield Mutant("null", path, changed(body, path, None))
                yield Mutant("removed", path, changed(body, path, ...))
                if isinstance(value, str):
                    yield Mutant("slip", path, changed(body, path, f"{value}x"))


def places(value: Any, path: Place) -> Iterator[tuple[Place, Any]]:
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from places(item, (*path, step))


def _other(value: Any) -> Any:
    """A value of another type."""
    if isinstance(value, bool | int | float):
        return "text"
    return 7 if isinstance(value, str) else "text"


def changed(body: Object, path: Place, value: Any) -> Object:
    """A copy with one value set, or removed when the value is `...`."""
    copy = deepcopy(body)
    node: Any = copy
    for step in path[:-1]:
        node = node[step]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return copy
