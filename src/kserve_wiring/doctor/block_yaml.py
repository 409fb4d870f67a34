# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""YAML as kubectl writes it, item by item and in a fifth of the time that libyaml needs.

kubectl writes block mappings and lists with scalars. A document or item with anything else, such as a literal block, is
left to libyaml.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from kserve_wiring.manifests import yamltext

_ITEMS = re.compile(r"^items:[ \t]*\r?\n(?=- )", re.MULTILINE)
_KEY = re.compile(r"([A-Za-z_./$]\S*?):(?:[ ]+(.*))?$")
_END = re.compile(r"^(?![ -])", re.MULTILINE)
_SPECIAL = "|>&*!%@`#?,:]}"


class _OtherError(ValueError):
    """The text has another form."""


def values(text: str) -> Iterator[Any]:
    """The value of each document; of a list, a list for each item, which has the kind of the whole.

    Raises yamltext.YamlError.
    """
    for _, document in yamltext.documents(text):
        items = _ITEMS.search(document)
        if items is None:
            yield _value(document)
            continue
        end = _END.search(document, items.end())
        stop = end.start() if end else len(document)
        head = _value(document[: items.start()] + document[stop:])
        for item in re.split(r"^- ", document[items.end() : stop], flags=re.MULTILINE)[1:]:
            yield {**(head if isinstance(head, dict) else {}), "items": [_value(f"  {item}")]}


def _value(text: str) -> Any:
    try:
        # Of a CRD, yamltext drops what is large and wires nothing.
        return yamltext.load(text) if "kind: CustomResourceDefinition" in text else _Reader(text).value()
    except _OtherError:
        return yamltext.load(text)


class _Reader:
    """One document. Each line is its indentation and its content."""

    # Most scalars of a cluster are the same few, and each reader of a process may use those of the others.
    _scalars: dict[str, Any] = {}  # noqa: RUF012 - shared on purpose
    _keys: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, text: str) -> None:
        self._lines = [
            (len(line) - len(content), content.rstrip())
            for line in text.splitlines()
            if (content := line.lstrip(" ")) and not content.startswith("---")
        ]
        self._lines.append((-1, ""))
        self._at = 0

    def value(self) -> Any:
        """The whole document."""
        found = self._node(self._lines[0][0]) if len(self._lines) > 1 else None
        if self._at != len(self._lines) - 1:
            raise _OtherError
        return found

    def _node(self, indent: int) -> Any:
        content = self._lines[self._at][1]
        return self._list(indent) if content.startswith("- ") else self._mapping(indent)

    def _mapping(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            column, content = self._lines[self._at]
            if column != indent or content.startswith("- "):
                if column > indent:
                    raise _OtherError
                return found
            match = _KEY.match(content)
            if match is None:
                raise _OtherError
            key, rest = self._key(match[1]), match[2]
            self._at += 1
            found[key] = self._scalar(rest, indent) if rest else self._below(indent)

    def _below(self, indent: int) -> Any:
        """The value of a key that ends its line."""
        column, content = self._lines[self._at]
        if column > indent or (column == indent and content.startswith("- ")):
            return self._node(column)
        return None

    def _list(self, indent: int) -> list[Any]:
        found: list[Any] = []
        while True:
            column, content = self._lines[self._at]
            if column != indent or not content.startswith("- "):
                if column > indent:
                    raise _OtherError
                return found
            inner = content[2:].lstrip(" ")
            if inner.startswith("- ") or (inner[:1] not in "\"'" and _KEY.match(inner)):
                deeper = indent + len(content) - len(inner)
                self._lines[self._at] = (deeper, inner)
                found.append(self._node(deeper))
            else:
                self._at += 1
                found.append(self._scalar(inner, indent))

    def _key(self, text: str) -> str:
        """A key that is no boolean, number or null."""
        known = self._keys.get(text)
        if known is None:
            if not isinstance(_plain(text), str):
                raise _OtherError
            known = self._keys[text] = text
        return known

    def _scalar(self, text: str, indent: int) -> Any:
        """A scalar, with the lines into which it is folded."""
        if self._lines[self._at][0] > indent:
            parts = [text]
            while self._lines[self._at][0] > indent:
                parts.append(self._lines[self._at][1])
                self._at += 1
            if any(part.endswith("\\") for part in parts) or text[:1] in "|>":
                raise _OtherError
            text = " ".join(parts)
        if text in ("{}", "[]"):
            return {} if text == "{}" else []
        if text not in self._scalars:
            self._scalars[text] = _scalar(text)
        return self._scalars[text]


def _scalar(text: str) -> Any:
    if text[0] == "'":
        inner = text[1:-1]
        if len(text) < 2 or text[-1] != "'" or "'" in inner.replace("''", ""):
            raise _OtherError
        return inner.replace("''", "'")
    if text[0] == '"':
        try:
            return json.loads(text)
        except ValueError:
            raise _OtherError from None
    return _plain(text)


def _plain(text: str) -> Any:
    if text[0] in _SPECIAL or text[0] in "[{" or text[:2] in ("- ", "-") or ": " in text or " #" in text:
        raise _OtherError
    if text[-1] == ":" or "\t" in text:
        raise _OtherError
    if any(pattern.match(text) for _, pattern in yamltext.Loader.yaml_implicit_resolvers.get(text[0], ())):
        return yamltext.load(text)
    return text
