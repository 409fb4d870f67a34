"""The chart's values.schema.json and files/values.yaml, from the fragments in schemas/values/.

The schema has the types, which helm and editors check. Everything else that a fragment requires of a single value goes
into files/values.yaml: helm prints a pattern as its error, so the chart's own validation checks these and says in words
what to write (key `write`). The schema allows unknown keys, because the validation suggests the right one; editors mark
them by `deprecationMessage`, which helm ignores.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Schema = dict[str, Any]

# What the validation checks of a single value, and how it words it.
LIMITS = ("pattern", "maxLength", "minItems", "oneKey", "regex", "required", "write")
UNKNOWN = {"deprecationMessage": "Unknown key"}


def merged_fragments(fragments: Path) -> Schema:
    """Everything that a folder of fragments says of the values, as one schema.

    root.yaml is the head, definitions.yaml holds the types for `use`, every other file holds top-level values. Raises
    KeyError for an undefined type and ValueError for a value that two files define.
    """
    definitions = load(fragments / "definitions.yaml")
    properties: Schema = {}
    for path in sorted(fragments.glob("*.yaml")):
        if path.stem in ("root", "definitions"):
            continue
        for name, schema in load(path).items():
            if name in properties:
                raise ValueError(f"{path.name} defines {name} a second time")
            properties[name] = schema
    whole: Schema = inlined({**load(fragments / "root.yaml"), "properties": properties}, definitions)
    return whole


def inlined(node: Any, definitions: Schema) -> Any:
    """Replace every `use: <name>` by the definition, and merge the keys next to it over the definition."""
    if isinstance(node, list):
        return [inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    name = node.get("use")
    if not isinstance(name, str):
        return {key: inlined(value, definitions) for key, value in node.items()}
    own = {key: inlined(value, definitions) for key, value in node.items() if key != "use"}
    return _merged(inlined(definitions[name], definitions), own)


def types(schema: Schema) -> Schema:
    """The schema for helm and editors: without the limits, and with a mark for unknown keys."""
    result = {key: value for key, value in schema.items() if key not in LIMITS}
    for key, child in _children(schema):
        result[key] = child if key == "additionalProperties" and child is True else types(child)
    if "properties" in schema:
        result["properties"] = {name: types(child) for name, child in schema["properties"].items()}
        result.setdefault("additionalProperties", UNKNOWN)
    return result


def limits(schema: Schema, defaults: Any) -> Schema:
    """The limits for the chart's validation. `always` lists the keys of values.yaml, which only `null` removes."""
    result = {key: schema[key] for key in LIMITS if key in schema}
    if "properties" in schema:
        default = defaults if isinstance(defaults, dict) else {}
        result["keys"] = {name: limits(child, default.get(name)) for name, child in schema["properties"].items()}
        result |= {"always": always} if (always := [name for name in schema["properties"] if name in default]) else {}
        result |= {"open": True} if schema.get("additionalProperties") else {}
    for _, child in _children(schema):
        if isinstance(child, dict) and (found := limits(child, None)):
            result["items"] = found
    return result


def places(schema: Schema, path: str = "") -> Iterator[tuple[str, str]]:
    """Every key that is not in a list: its name and its path."""
    for name, child in schema.get("properties", {}).items():
        yield name, f"{path}{name}"
        yield from places(child, f"{path}{name}.")


def load(path: Path) -> Schema:
    """A fragment."""
    loaded: Schema = yaml.safe_load(path.read_text("utf-8"))
    return loaded


def _children(schema: Schema) -> Iterator[tuple[str, Any]]:
    """The schemas of list items and of the values of a free map."""
    for key in ("items", "additionalProperties"):
        if schema.get(key):
            yield key, schema[key]


def _merged(base: Any, over: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return base | {key: _merged(base[key], value) if key in base else value for key, value in over.items()}
