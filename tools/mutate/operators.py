"""Mistakes that people make: each function takes the value of a leaf and returns a wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Object = dict[str, Any]
Place = tuple[str | int, ...]
_HOST = re.compile(r"[a-z0-9*]([-a-z0-9]*)(\.[-a-z0-9]+)+(:\d+)?(/\S*)?")
_VERSION = re.compile(r"\bv?(\d+)\.(\d+)\.(\d+)\b")


OPERATORS = {
    "misspell": "a letter less in the middle of a text",
    "misspell key": "a letter less in the middle of a key",
    "case": "the other case for the first letter",
    "empty": "an empty text",
    "delete": "the key is not there",
    "wrong type": "text for a number, a list for a text",
    "level up": "the key next to its parent",
    "level down": "the key in a mapping next to it",
    "swap": "two texts of a mapping in each other's place",
    "other namespace": "another namespace of the set",
    "add scheme": "https:// before a host",
    "add port": "port 9443 behind a host",
    "trailing dot": "a dot at the end of a host",
    "trailing slash": "a slash at the end of a host",
    "stale version": "a version that is four minor releases older",
}
"""What each operator does."""


@dataclass(frozen=True)
class Mutant:
    """A broken copy of an object."""

    operator: str
    path: Place
    body: Object
    shown: str


def mutants(body: Object, namespaces: list[str]) -> Iterator[Mutant]:
    """Every mutant of an object: each leaf with each operator that fits. namespaces: those of the set."""
    for path, value in leaves(body, ()):
        for operator, new in _values(value, namespaces):
            yield Mutant(operator, path, _with(body, path, new), f"{value!r} to {new!r}")
        if isinstance(path[-1], str):
            yield Mutant("delete", path, _without(body, path), f"{value!r} deleted")
            for key in misspelled(path[-1]):
                yield Mutant("misspell key", path, _renamed(body, path, key), f"key {key}")
            yield from _moved(body, path, value)
    yield from _swapped(body)


def leaves(value: Any, path: Place) -> Iterator[tuple[Place, Any]]:
    """Path and value of all scalars, except the kind and API version."""
    if isinstance(value, dict):
        for key, item in value.items():
            if path or key not in ("apiVersion", "kind", "status"):
                yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    elif value is not None:
        yield path, value


def _values(value: Any, namespaces: list[str]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, bool):
        yield "wrong type", str(value).lower()
        return
    if isinstance(value, int | float):
        yield "wrong type", f"{value}x"
        return
    for slip in misspelled(value):
        yield "misspell", slip
    if value.lower() != value.upper():
        yield "case", value[:1].swapcase() + value[1:] if value[:1].isalpha() else value.swapcase()
    yield "wrong type", [value]
    yield "empty", ""
    yield from _texts(value, namespaces)


def _texts(value: str, namespaces: list[str]) -> Iterator[tuple[str, Any]]:
    for namespace in (name for name in namespaces if name in re.split(r"[./]", value)):
        other = next(name for name in [*namespaces, "default"] if name != namespace)
        yield "other namespace", value.replace(namespace, other, 1)
    if _HOST.fullmatch(value):
        yield "add scheme", f"https://{value}"
        yield "add port", re.sub(r"(:\d+)?(/|$)", r":9443\2", value, count=1)
        yield "trailing dot", f"{value}."
        yield "trailing slash", f"{value}/"
    if _VERSION.search(value):
        yield "stale version", _VERSION.sub(lambda found: f"v{found[1]}.{max(0, int(found[2]) - 4)}.{found[3]}", value)


def misspelled(text: str) -> Iterator[str]:
    """One letter less, in the middle, where a name has more than three."""
    middle = len(text) // 2
    if len(text) > 3 and text[middle].isalpha():
        yield text[:middle] + text[middle + 1 :]


def _moved(body: Object, path: Place, value: Any) -> Iterator[Mutant]:
    """A key one level up, beside its parent, and one level down, in a mapping beside it."""
    if len(path) > 2 and isinstance(path[-2], str):
        up = _without(body, path)
        _at(up, path[:-2]).setdefault(path[-1], value)
        yield Mutant("level up", path, up, "one level up")
    siblings = _at(body, path[:-1])
    inner = next((key for key, item in siblings.items() if isinstance(item, dict)), None)
    if inner is not None:
        down = _without(body, path)
        _at(down, (*path[:-1], inner)).setdefault(path[-1], value)
        yield Mutant("level down", path, down, f"into {inner}")


def _swapped(body: Object) -> Iterator[Mutant]:
    """Two texts of one mapping, each in the place of the other."""
    for path, mapping in _mappings(body, ()):
        texts = [key for key, item in mapping.items() if isinstance(item, str) and key not in ("apiVersion", "kind")]
        for one, other in pairwise(texts):
            if mapping[one] != mapping[other]:
                new = _with(_with(body, (*path, one), mapping[other]), (*path, other), mapping[one])
                yield Mutant("swap", (*path, one), new, f"swapped with {other}")


def _mappings(value: Any, path: Place) -> Iterator[tuple[Place, Object]]:
    if isinstance(value, dict):
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from _mappings(item, (*path, step))


def _at(body: Any, path: Place) -> Any:
    for step in path:
        body = body[step]
    return body


def _with(body: Object, path: Place, value: Any) -> Object:
    copy = deepcopy(body)
    _at(copy, path[:-1])[path[-1]] = value
    return copy


def _without(body: Object, path: Place) -> Object:
    copy = deepcopy(body)
    del _at(copy, path[:-1])[path[-1]]
    return copy


def _renamed(body: Object, path: Place, key: str) -> Object:
    copy = deepcopy(body)
    parent = _at(copy, path[:-1])
    renamed = {key if name == path[-1] else name: item for name, item in parent.items()}
    parent.clear()
    parent.update(renamed)
    return copy
