# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Where an unknown field belongs: at another place of the same kind, or under another name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from kserve_wiring.manifests.objects import KeyPath, dig
from kserve_wiring.schemas.misfit import TYPE
from kserve_wiring.schemas.node import Node

_DEEPEST = 4
_MOST = 3
Place = tuple[KeyPath, Node]


def meant(root: Node, path: KeyPath) -> str:
    """The field at the same place that an unknown name is a slip of: its case, or one letter. "" if there is none."""
    name = str(path[-1])
    names = _names(_along(root, path)[-1][1])
    same = [other for other in names if other.lower() == name.lower()]
    return same[0] if same else next(iter(difflib.get_close_matches(name, names, n=1, cutoff=0.9)), "")


def similar(root: Node, path: KeyPath) -> str:
    """The field at the same place whose name is nearest; "" if none is near."""
    names = _names(_along(root, path)[-1][1])
    return next(iter(difflib.get_close_matches(str(path[-1]), names, n=1)), "")


def belongs(root: Node, body: Any, path: KeyPath) -> list[KeyPath]:
    """The places of the kind that have a field of this name for this value, the nearest ones only.

    Looks at what surrounds the field first, from the inside out, then into what that contains.
    """
    name, value = str(path[-1]), dig(body, *path)
    around = _along(root, path)[:-1][::-1]
    for place, node in around:
        if _takes(node, name, value):
            return [(*place, name)]
    for place, node in _along(root, path)[::-1]:
        found = _inside(place, node, body, name, value)
        if found:
            return found[:_MOST]
    return []


def _along(root: Node, path: KeyPath) -> list[Place]:
    """The nodes from the root to the one that should have the last step."""
    places: list[Place] = [((), root)]
    for index, step in enumerate(path[:-1]):
        node = places[-1][1]
        inner = node.items if isinstance(step, int) else node.fields[step] if node.fields is not None else None
        if inner is None:
            break
        places.append((path[: index + 1], inner))
    return places


def _names(node: Node) -> list[str]:
    return [name for name in node.fields.properties if isinstance(name, str)] if node.fields is not None else []


def _takes(node: Node, name: str, value: Any) -> bool:
    """True if a node has a field for a value of this type."""
    if node.fields is None or name not in node.fields.properties:
        return False
    return not any(misfit.problem == TYPE and not misfit.path for misfit in node.fields[name].misfits(value))


def _inside(place: KeyPath, node: Node, body: Any, name: str, value: Any) -> list[KeyPath]:
    """The least deep places below a node; of several, those that the object has already."""
    level: list[Place] = [(place, node)]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _children(outer, body)]
        found = [(*inner, name) for inner, part in level if _takes(part, name, value)]
        if found:
            return [there for there in found if dig(body, *there[:-1]) is not None] or found
    return []


def _children(place: Place, body: Any) -> Iterator[Place]:
    path, node = place
    if node.fields is None:
        return
    for name in _names(node):
        if name == "status" and not path:
            continue
        inner, below = (*path, name), node.fields[name]
        if below.items is not None:
            inner, below = (*inner, 0), below.items
        yield inner, below
