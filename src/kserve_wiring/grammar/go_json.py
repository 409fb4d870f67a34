# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""JSON inside ConfigMap values, as Go's encoding/json reads it into a struct."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

DEEPEST = 300
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def parse_json(text: str) -> Any:
    """Value of a JSON text. Raises ValueError, also for NaN and Infinity, which only Python accepts."""
    if is_too_deep(text):
        raise ValueError(f"nested deeper than {DEEPEST} levels")
    return json.loads(text, parse_constant=_refuse)


def is_too_deep(text: str) -> bool:
    """True for a JSON text that nests too deep for a recursive parser."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    depth = 0
    for match in _STRUCTURE.finditer(text):
        if match.group() in "[{":
            depth += 1
            if depth > DEEPEST:
                return True
        elif match.group() in "]}":
            depth -= 1
    return False


def has_repeats(text: str) -> bool:
    """True if some object of a JSON text that parse_json() accepts has a duplicate key."""
    found = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len({key for key, _ in pairs}) != len(pairs)

    json.loads(text, object_pairs_hook=look)
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def field(value: Any, name: str) -> Any:
    """A field of an object: the exact name, else one that differs only in case; None if there is none.

    encoding/json: "preferring an exact match but also accepting a case-insensitive match".
    """
    if not isinstance(value, Mapping):
        return None
    if name in value:
        return value[name]
    folded = name.lower()
    for key, item in value.items():
        if isinstance(key, str) and key.lower() == folded:
            return item
    return None
