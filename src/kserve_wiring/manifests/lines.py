# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The line of a key in the text of a document."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import yaml

from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.objects import KeyPath


def line_of(text: str, path: KeyPath) -> int:
    """Line (from 1, inside the document) of the deepest part of the path that the text holds.

    The path may continue inside a string that holds JSON or YAML: the line is then that of the next key in the string.
    """
    node = composed(text)
    line = node.start_mark.line + 1 if node else 1
    for depth, step in enumerate(path):
        if isinstance(node, yaml.ScalarNode):
            return line + _line_inside(node.value, path[depth:], block=node.style in ("|", ">"))
        key, node = child(node, step)
        if node is None or key is None:
            return line
        line = int(key.start_mark.line) + 1
    return line


@lru_cache(maxsize=8)
def composed(text: str) -> Any:
    """The nodes of a document, None if it has none. Cached, because all items of a List share one text."""
    return yamltext.compose(text)


def child(node: Any, step: str | int) -> tuple[Any, Any]:
    """Key and value nodes of a step, None if it is absent. Of a duplicate key the last one, whose value is read."""
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):
            if key.value == str(step):
                return key, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None, None


def _line_inside(text: str, path: KeyPath, *, block: bool) -> int:
    """Lines below the key of a block scalar at which the named steps of the path follow each other."""
    if not block:
        return 0
    position = 0
    for step in path:
        if isinstance(step, str):
            match = re.compile(rf"[\"']?{re.escape(step)}[\"']?\s*:").search(text, position)
            position = match.start() if match else position
    return text.count("\n", 0, position) + 1
