# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Objects in text that is no clean file: JSON values one after the other, a prompt or an error between, a cut end."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any

_DECODER = json.JSONDecoder()
_VALUE = re.compile(r"^[\[{]", re.MULTILINE)
_ITEMS = re.compile(r'"items"\s*:\s*\[')
_HEAD = re.compile(r'"(kind|apiVersion)"\s*:\s*"([^"]{1,200})"')
_NEXT = re.compile(r"[\s,]*")
# kubectl sorts keys, so apiVersion is the first one of an object, and writes the items of a list without indentation.
_BEGIN = re.compile(r"^(?=(?:- )?apiVersion:)", re.MULTILINE)
_OF_YAML = re.compile(r"^(?:[ \t#-]|[A-Za-z]\w*:(?:\s|$)|\s*$)")
YAML = re.compile(rb"^(?:- )?apiVersion:", re.MULTILINE)
"""Text with a line of this form has objects as YAML."""
_LISTS = re.compile(rb"^items:", re.MULTILINE)


def json_values(text: str) -> Iterator[Any]:
    """The JSON values that begin a line, whatever is between them, and the whole items of a list that is cut."""
    place = 0
    while match := _VALUE.search(text, place):
        try:
            value, place = _DECODER.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            yield from _cut(text[match.start() :])
            return
        yield from value if isinstance(value, list) else [value]


def _cut(text: str) -> Iterator[Any]:
    """A list with the items before the end of the text. A list of one kind has that kind before its items."""
    start = _ITEMS.search(text)
    if start is None:
        return
    items, place = [], start.end()
    while True:
        try:
            item, place = _DECODER.raw_decode(text, _NEXT.match(text, place).end())  # type: ignore[union-attr]
        except (ValueError, RecursionError):
            break
        items.append(item)
    yield {"kind": "List", **dict(_HEAD.findall(text[: start.start()])), "items": items}


def yaml_parts(text: str) -> Iterator[str]:
    """The text of each object, without prompts, fences and error messages between them."""
    lines = (line for line in text.splitlines(keepends=True) if _OF_YAML.match(line))
    for part in _BEGIN.split("".join(lines))[1:]:
        if part.startswith("- "):
            # The rest of a list after its items, such as its kind, is no part of the last item.
            part = textwrap.dedent(re.sub(r"(?ms)^(?!  ).*", "", f"  {part[2:]}"))
        yield part


def has_more(text: bytes, objects: int) -> bool:
    """Whether text has more objects as YAML than were read: lists without a separator overwrite each other."""
    return len(YAML.findall(text)) > objects + len(_LISTS.findall(text))
