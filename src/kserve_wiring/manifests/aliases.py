# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Refuse YAML documents whose aliases expand to too much.

A dozen lines of anchors that refer to each other make a value of billions of nodes, or one that contains itself.
go-yaml, which reads manifests for Kubernetes, refuses both (decode.go: "document contains excessive aliasing", "anchor
value contains itself"). After this check no other module needs to guard against them.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from kserve_wiring.grammar.go_json import DEEPEST

_ANCHOR = re.compile(r"""(?:^|[\s\[\]{},:?"'-])&""")
_SMALL = 100_000
_OPEN = (0, 0)


class AliasError(ValueError):
    """A document whose aliases expand to too much. ``line`` counts from 1 inside the document."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def may_share(text: str) -> bool:
    """False if a document certainly has no aliases."""
    return "*" in text and _ANCHOR.search(text) is not None


def refuse_expansion(root: Any, length: int) -> None:
    """Raises AliasError when the nodes expand to more than a document of that length holds without aliases."""
    _measure(root, 0, max(_SMALL, length), {})


def _measure(node: Any, depth: int, most: int, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Count the nodes of a subtree, its root included, and its levels. An alias counts as what it refers to."""
    if isinstance(node, yaml.ScalarNode):
        return 1, 1
    line = int(node.start_mark.line) + 1
    measured = known.get(id(node))
    if measured is _OPEN:
        raise AliasError("an anchor contains itself", line)
    if measured is None:
        if depth > DEEPEST:
            raise AliasError(f"nested deeper than {DEEPEST} levels", line)
        known[id(node)] = _OPEN
        size, levels = 1, 1
        for child in _children(node):
            child_size, child_levels = _measure(child, depth + 1, most, known)
            size, levels = size + child_size, max(levels, child_levels + 1)
        measured = known[id(node)] = (size, levels)
    if measured[0] > most:
        raise AliasError("its aliases expand to too much", line)
    if depth + measured[1] > DEEPEST:
        raise AliasError(f"nested deeper than {DEEPEST} levels", line)
    return measured


def _children(node: Any) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value)
