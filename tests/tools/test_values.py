"""VALUES.md of the chart has every key and every description; tests/packages compares it with what helm-docs writes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from tools.values.__main__ import CHART, PAGE

TEXT = PAGE.read_text(encoding="utf-8")
VALUES = (CHART / "values.yaml").read_text(encoding="utf-8")
SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
ROWS = {row[1]: row for row in re.finditer(r"(?m)^\| `(\S+)` \| (.*?) ?\| (.+) \|$", TEXT)}
# A key of the first level that has others below it is a section; its description is the paragraph below the heading.
SECTIONS = dict(re.findall(r"(?m)^## (\w+)\n\n(\w.*)$", TEXT))
# Helm passes it to every chart, so values.yaml has no such key.
HELM = "global"


def of_schema(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The path of each key with its parent, the entries of a list as `list[]`."""
    for name, child in schema.get("properties", {}).items():
        path = f"{prefix}.{name}" if prefix else name
        yield path, prefix
        yield from of_schema(child, path)
        yield from of_schema(child.get("items", {}), f"{path}[]")


def of_values(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        yield prefix + name, value
        if isinstance(value, dict):
            yield from of_values(value, f"{prefix}{name}.")


def is_there(path: str, parent: str) -> bool:
    """A key has a row, is a section, or is named by the row of its parent."""
    name = path.rpartition(".")[2]
    listed = parent in ROWS and f"`{name}`" in ROWS[parent][3].partition("Keys: ")[2]
    return path in ROWS or path in SECTIONS or listed


def test_each_key_of_the_schema_is_there() -> None:
    keys = dict(of_schema(SCHEMA))
    assert len(keys) > 180
    assert [path for path, parent in keys.items() if not is_there(path, parent)] == [HELM]
    assert f"`{HELM}`" in TEXT.partition("\n| ")[0]


def test_each_value_has_its_default() -> None:
    for path, value in of_values(yaml.safe_load(VALUES)):
        if path not in SECTIONS:
            shown = "" if isinstance(value, dict) and value else f"`{json.dumps(value, separators=(',', ':'))}`"
            assert ROWS[path][2] == shown, path


def test_each_key_has_its_description() -> None:
    commented = re.findall(r"(?m)^ *# -- (.*(?:\n *# .*)*)\n *([\w-]+):", VALUES)
    keys = [path.rpartition(".")[2] for path, _ in of_values(yaml.safe_load(VALUES))]
    assert [key for _, key in commented] == keys
    texts = [" ".join(re.sub(r"\n *# ", "\n", comment).split()).replace("<", "&lt;") for comment, _ in commented]
    assert [text for text in texts if f"| {text}" not in TEXT and f"\n{text}\n" not in TEXT] == []


def test_markup_is_text() -> None:
    assert re.findall(r"`[^`|]*&lt;[^`|]*`", TEXT) == [], "code has no escapes"
    assert "<" not in TEXT.partition("\n")[2]
