# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The values that the templates of a chart name, such as ``.Values.image.tag``.

This follows what ``.`` is inside ``with`` and ``range``, and variables that are one value. It errs on the side of a
value that is read: whatever is passed to a function as a whole may have any key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kserve_wiring.manifests.objects import KeyPath

_ACTION = re.compile(r"\{\{-?\s*(?!/\*)(.*?)\s*-?\}\}", re.DOTALL)
_COMMENT = re.compile(r"\{\{-?\s*/\*.*?\*/\s*-?\}\}", re.DOTALL)
_REFERENCE = re.compile(r"(?<![\w)\].\"])(\$\w*)?((?:\.[A-Za-z_][\w]*)+|\.(?![\w.]))")
_GROUPED = re.compile(r"\(\s*(\$?\w*(?:\.\w+)+)\s*\)(?=\.)")
_INDEX = re.compile(r"\b(?:index|get|hasKey|dig)\s+(\$?\w*(?:\.\w+)+)((?:\s+\"[^\"]+\")+)")
_TEXT = re.compile(r"\"(?:\\.|[^\"\\])*\"|`[^`]*`")
_ASSIGNED = re.compile(r"^(?:with\s+|if\s+|range\s+)?(\$\w+)\s*:?=\s*(.*)$", re.DOTALL)
# What writes or reads all keys of a mapping.
_WHOLE = re.compile(r"\b(?:range|keys|values|tpl|to(?:Raw|Pretty)?Json|toYaml(?:Pretty)?)\b")
# A mapping that another one gets as a whole, as istiod's mesh configuration gets meshConfig (templates/configmap.yaml).
_MERGED = re.compile(r"\bmerge\w*\s+\$\w+\s+(\$?\w*(?:\.\w+)+)$", re.IGNORECASE)

_Dot = KeyPath | None
"""Path of the value that ``.`` or a variable is; None if it is something else."""

Use = tuple[KeyPath, bool]
"""Path of a value, and whether the template passes on all that is below it."""


def uses(text: str) -> Iterator[Use]:
    """Every value that templates name."""
    scopes: list[tuple[str, _Dot, _Dot]] = [("define", None, None)]
    variables: dict[str, KeyPath] = {}
    for match in _ACTION.finditer(_COMMENT.sub("", text)):
        body = _ungrouped(match[1])
        verb = body.split(None, 1)[0] if body else ""
        found = list(_uses(body, scopes[-1][1], variables))
        yield from found
        assigned = _ASSIGNED.match(body)
        only = found[0][0] if len({path for path, _ in found}) == 1 else None
        if assigned and only and not verb.startswith("range"):
            variables[assigned[1]] = only
        _move(scopes, verb, only)


def _ungrouped(body: str) -> str:
    """The text of an action with ``((.Values.a).b).c`` as ``.Values.a.b.c``."""
    before = ""
    while body != before:
        before, body = body, _GROUPED.sub(r"\1", body)
    return body


def _move(scopes: list[tuple[str, _Dot, _Dot]], verb: str, only: _Dot) -> None:
    """Enter or leave a block. Each scope is its verb, its ``.``, and the ``.`` around it."""
    dot = scopes[-1][1]
    if verb in ("with", "range", "if", "define", "block"):
        inner = {"with": only, "if": dot}.get(verb)
        scopes.append((verb, inner, dot))
    elif verb == "else" and len(scopes) > 1:
        scopes[-1] = (scopes[-1][0], scopes[-1][2], scopes[-1][2])
    elif verb == "end" and len(scopes) > 1:
        scopes.pop()


def _uses(body: str, dot: _Dot, variables: dict[str, KeyPath]) -> Iterator[Use]:
    for holder in _MERGED.findall(body):
        for path in _resolved(holder, dot, variables):
            yield path, True
    for holder, keys in _INDEX.findall(body):
        for path in _resolved(holder, dot, variables):
            yield (*path, *re.findall(r"\"([^\"]+)\"", keys)), True
    body = _TEXT.sub(" ", _INDEX.sub("", body))
    whole = _WHOLE.search(body) is not None
    for match in _REFERENCE.finditer(body):
        for path in _resolved(match[0], dot, variables):
            if path:
                yield path, whole


def _resolved(reference: str, dot: _Dot, variables: dict[str, KeyPath]) -> Iterator[KeyPath]:
    """The path of a reference below .Values; nothing if it is something else."""
    holder, _, rest = reference.partition(".")
    steps = tuple(step for step in rest.split(".") if step)
    if holder in variables:
        yield (*variables[holder], *steps)
    elif holder in ("", "$") and steps[:1] == ("Values",):
        yield steps[1:]
    elif holder == "" and dot is not None:
        yield (*dot, *steps)
