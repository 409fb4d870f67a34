# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Duplicate keys of a mapping, which YAML forbids (1.2, 3.2.1.3) and most readers accept silently."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import yaml

from kserve_wiring.manifests import lines, yamltext
from kserve_wiring.manifests.objects import KeyPath

_MERGE = "tag:yaml.org,2002:merge"
_EMPTY = (("tag:yaml.org,2002:null", ""), ("tag:yaml.org,2002:map", ()), ("tag:yaml.org,2002:seq", ()))
_Pair = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A duplicate key with different values.

    value: the last one as written, which is read. lost: an earlier one, not empty. line and lost_line: of the
    keys, from 1.
    """

    path: KeyPath
    value: str
    lost: str
    line: int
    lost_line: int


class RepeatedKeyError(yamltext.YamlError):
    """A duplicate key in a file where even equal values are an error. first_line: of the first one, from 1."""

    def __init__(self, first: Any, last: Any) -> None:
        super().__init__(f"duplicate key {last.value}", _line(last))
        self.first_line = _line(first)


def load_unique(text: str) -> Any:
    """The value of one document. Raises YamlError, and RepeatedKeyError even when both values are the same."""
    value, repeats = yamltext.parse(text)
    if repeats:
        for pairs, _ in _mappings(lines.composed(text)):
            for group in _groups(pairs):
                raise RepeatedKeyError(group[0][0], group[-1][0])
    return value


def repeated_keys(text: str, prefix: KeyPath = ()) -> Iterator[Repeated]:
    """Duplicate keys with different values, below a path of a document that load() has read."""
    for pairs, path in _mappings(_at(text, prefix)):
        for *before, (key, value) in _groups(pairs):
            kept = (*_EMPTY, _shape(value))
            lost = next((pair for pair in reversed(before) if _shape(pair[1]) not in kept), None)
            if lost:
                written, lines = (_written(value, text), _written(lost[1], text)), (_line(key), _line(lost[0]))
                yield Repeated((*path, key.value), *written, *lines)


def repeated_inside(text: str, path: KeyPath) -> Iterator[Repeated]:
    """Duplicate keys in a string that holds JSON. Paths begin in the string, lines count in the whole document."""
    node = _at(text, path)
    if isinstance(node, yaml.ScalarNode):
        start, block = _line(node), node.style in ("|", ">")
        for found in repeated_keys(node.value):
            lines = (start + found.line, start + found.lost_line) if block else (start, start)
            yield replace(found, line=lines[0], lost_line=lines[1])


def _at(text: str, path: KeyPath) -> Any:
    node = lines.composed(text)
    for step in path:
        node = lines.child(node, step)[1]
    return node


def _mappings(node: Any) -> Iterator[tuple[list[_Pair], KeyPath]]:
    """The pairs of every mapping, once each: an anchored mapping occurs in many places."""
    seen: set[int] = set()
    waiting: list[tuple[Any, KeyPath]] = [(node, ())]
    while waiting:
        node, path = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            if isinstance(node, yaml.MappingNode):
                yield node.value, path
                waiting += [(value, (*path, str(key.value))) for key, value in reversed(node.value)]
            elif isinstance(node, yaml.SequenceNode):
                waiting += [(item, (*path, index)) for index, item in reversed(list(enumerate(node.value)))]


def _groups(pairs: list[_Pair]) -> Iterator[list[_Pair]]:
    """Two or more pairs with the same key. Repeated merge keys are no duplicates: they merge several mappings."""
    groups: dict[tuple[str, str], list[_Pair]] = defaultdict(list)
    for key, value in pairs:
        if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
            groups[key.tag, key.value].append((key, value))
    return (group for group in groups.values() if len(group) > 1)


def _shape(node: Any) -> Any:
    """A value by which to compare nodes. load() has refused nodes that expand to too much."""
    if isinstance(node, yaml.MappingNode):
        return node.tag, tuple((_shape(key), _shape(value)) for key, value in node.value)
    return node.tag, tuple(_shape(item) for item in node.value) if isinstance(node.value, list) else node.value


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _written(node: Any, text: str) -> str:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    return text[node.start_mark.index : node.end_mark.index].strip()
