# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Change one value or one key in the text of a YAML or JSON document, and leave every other character as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.lines import child
from kserve_wiring.manifests.objects import KeyPath, dig

_Edit = tuple[int, int, str]
"""Begin and end of what is replaced, counted in characters, and the new text."""

_WIDEST = 2**31 - 1


class EditError(ValueError):
    """The text cannot be changed at this path without a change elsewhere."""


def set_value(text: str, path: KeyPath, value: Any) -> str:
    """The document with another scalar at a path, which is added if its last keys are absent. Raises EditError.

    The path may continue inside a string that holds JSON or YAML.
    """
    return _changed(text, _set(text, path, value), lambda body: _put(body, path, value))


def rename_key(text: str, path: KeyPath, name: str) -> str:
    """The document with another name for the last key of a path. Raises EditError."""
    return _changed(text, _rename(text, path, name), lambda body: _renamed(body, path, name))


def replace_documents(text: str, documents: Mapping[int, tuple[str, str]]) -> str:
    """A stream with other documents. documents: by first line, the text before and after. Raises EditError."""
    for line, (before, after) in sorted(documents.items(), reverse=True):
        place = sum(map(len, text.split("\n")[: line - 1])) + line - 1
        if not text.startswith(before, place):
            raise EditError(f"line {line} is not where its document begins")
        text = text[:place] + after + text[place + len(before) :]
    return text


def _changed(text: str, edit: _Edit, expected: Callable[[Any], Any]) -> str:
    """Apply an edit, and read the result: an alias or a duplicate key may have changed more than the path."""
    begin, end, new = edit
    changed = text[:begin] + new + text[end:]
    try:
        before, after = _without_aliases(text), _without_aliases(changed)
    except yamltext.YamlError as error:
        raise EditError(str(error)) from None
    if after != expected(before):
        raise EditError("another value would change")
    return changed


def _without_aliases(text: str) -> Any:
    """The value of a document in which nothing is shared: what an alias repeats is another copy."""
    return json.loads(json.dumps(yamltext.parse(text)[0]))


def _set(text: str, path: KeyPath, value: Any) -> _Edit:
    node, depth = _deepest(text, path)
    if isinstance(node, yaml.ScalarNode):
        if depth < len(path):
            return *_span(text, node), _text(text, node, set_value(node.value, path[depth:], value))
        return *_span(text, node), _scalar(text, node, value)
    if isinstance(node, yaml.MappingNode) and node.value and all(isinstance(key, str) for key in path[depth:]):
        return _added(text, node, path[depth:], value) if path[depth:] else _refuse()
    return _refuse()


def _rename(text: str, path: KeyPath, name: str) -> _Edit:
    node, depth = _deepest(text, path[:-1])
    if isinstance(node, yaml.ScalarNode):
        return *_span(text, node), _text(text, node, rename_key(node.value, path[depth:], name))
    key, _ = child(node, path[-1])
    if depth < len(path) - 1 or not isinstance(key, yaml.ScalarNode):
        return _refuse()
    return *_span(text, key), _scalar(text, key, name)


def _refuse() -> _Edit:
    raise EditError("no value that can be changed alone")


def _deepest(text: str, path: KeyPath) -> tuple[Any, int]:
    """The deepest node of a path, and how many of its steps lead there."""
    node = yamltext.compose(text)
    for depth, step in enumerate(path):
        _, below = child(node, step)
        if below is None:
            return node, depth
        node = below
    return node, len(path)


def _span(text: str, node: Any) -> tuple[int, int]:
    return _offset(text, node.start_mark), _offset(text, node.end_mark)


def _offset(text: str, mark: Any) -> int:
    """The place of a mark. Its index counts bytes or characters, depending on the parser; line and column do not."""
    lines = text.splitlines(keepends=True)
    return sum(map(len, lines[: mark.line])) + int(mark.column)


def _scalar(text: str, node: Any, value: Any) -> str:
    """A scalar in the style of the one that it replaces."""
    if node.style in ("|", ">"):
        return f"{_dumped(value)}\n"
    if _is_flow(text, node) and (node.style or not _is_word(value)):
        return _quoted(value)
    style = node.style if isinstance(value, str) and node.style in ("'", '"') else None
    return _dumped(value, style)


def _dumped(value: Any, style: str | None = None) -> str:
    """A scalar outside brackets, on one line."""
    text = yaml.safe_dump(value, default_style=style, width=_WIDEST, allow_unicode=True).removesuffix("...\n").strip()
    is_kept = not isinstance(value, str) or (style and "\n" not in text) or yamltext.load_embedded(text) == value
    return text if is_kept and "\n" not in text else _quoted(value)


def _is_word(value: Any) -> bool:
    """Whether a text needs no quotes, not even inside brackets."""
    return (
        isinstance(value, str)
        and re.fullmatch(r"[\w./-]+", value) is not None
        and yamltext.load_embedded(value) == value
    )


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _text(text: str, node: Any, value: str) -> str:
    """A text in which something was changed: a block stays one."""
    return _block(text, node, value) if node.style in ("|", ">") else _scalar(text, node, value)


def _block(text: str, node: Any, value: str) -> str:
    """A literal block with another text: its header and its indentation stay."""
    if node.style == ">":
        raise EditError("a folded block")
    begin, end = _span(text, node)
    header, *lines = text[begin:end].splitlines(keepends=True)
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" "))]
    if not indent or re.search(r"[0-9]", header) or "\r" in header:
        raise EditError("a block with an indentation of its own")
    written = "".join(indent + line if line.strip() else line for line in value.splitlines(keepends=True))
    return header + written + ("" if written.endswith("\n") else "\n")


def _is_flow(text: str, node: Any) -> bool:
    """Whether the scalar is inside brackets, where JSON is valid YAML and other text may not be."""
    before = text[: _offset(text, node.start_mark)]
    for opening in ("{", "["):
        if opening in before:
            break
    else:
        return False
    depth = 0
    for event in yaml.parse(text, Loader=yamltext.Loader):
        if event.start_mark and (event.start_mark.line, event.start_mark.column) >= (
            node.start_mark.line,
            node.start_mark.column,
        ):
            return depth > 0
        if isinstance(event, yaml.CollectionStartEvent):
            depth += bool(depth or event.flow_style)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= bool(depth)
    return False


def _added(text: str, node: Any, path: KeyPath, value: Any) -> _Edit:
    """Absent keys, written before the first key of the deepest mapping that is there."""
    first = node.value[0][0]
    place = _offset(text, first.start_mark)
    for key in reversed(path[1:]):
        value = {key: value}
    if node.flow_style:
        return place, place, f"{_quoted(path[0])}: {_quoted(value)}, "
    indent = " " * int(first.start_mark.column)
    lines = yaml.safe_dump({path[0]: value}, width=_WIDEST, allow_unicode=True, sort_keys=False).splitlines()
    return place, place, "".join(f"{line}\n{indent}" for line in lines)


def _put(body: Any, path: KeyPath, value: Any) -> Any:
    """The value of a document after set_value."""
    place = body
    for depth, step in enumerate(path[:-1]):
        key = _key(place, step)
        below = dig(place, key)
        if below is None:
            below = place[key] = {}
        if isinstance(below, str):
            place[key] = set_value(below, path[depth + 1 :], value)
            return body
        place = below
    place[_key(place, path[-1])] = value
    return body


def _key(place: Any, step: str | int) -> str | int:
    """A key that is a number, as in portLevelMtls, is a text in JSON."""
    return str(step) if isinstance(place, Mapping) else step


def _renamed(body: Any, path: KeyPath, name: str) -> Any:
    """The value of a document after rename_key."""
    place = body
    for depth, step in enumerate(path[:-1]):
        below = dig(place, step)
        if isinstance(below, str):
            place[step] = rename_key(below, path[depth + 1 :], name)
            return body
        place = below
    if not isinstance(place, dict) or name in place:
        raise EditError(f"the key {name} is there already")
    place[name] = place.pop(path[-1])
    return body
