"""Prune schemas to their structure, share equal parts, and merge those of several releases into one.

A merged schema accepts what any of the releases accepts. `x-versions` has the fields that only some have, as bits by
release.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]
Variant = tuple[int, int]
"""The bits of the releases, and the number of the schema in the pool."""

_KEPT = (
    "type",
    "required",
    "enum",
    "nullable",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-int-or-string",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
)
_FORMATS = ("int32", "int64", "int-or-string", "quantity")
_BRANCHES = ("oneOf", "anyOf", "allOf")
OPEN: Schema = {"x-kubernetes-preserve-unknown-fields": True}


class Pool:
    """Schemas by number. Equal ones have the same number, and the parts of one are numbers themselves."""

    def __init__(self) -> None:
        self.schemas: list[Schema] = []
        self._numbers: dict[str, int] = {}
        self._merged: dict[tuple[Variant, ...], int] = {}

    def number(self, schema: Schema) -> int:
        text = json.dumps(schema, sort_keys=True)
        if text not in self._numbers:
            self._numbers[text] = len(self.schemas)
            self.schemas.append(schema)
        return self._numbers[text]

    def add(self, schema: Schema, resolve: Callable[[str], int] | None = None) -> int:
        """Prune a schema with all its parts. resolve: gives the number of what a `$ref` names."""
        if "$ref" in schema and resolve:
            return resolve(schema["$ref"])
        kept = {key: schema[key] for key in _KEPT if schema.get(key) not in (None, False, [])}
        if schema.get("format") in _FORMATS:
            kept["format"] = schema["format"]
        if resolve:
            kept |= _as_kubernetes_reads(schema)
        for key in ("items", "not"):
            if isinstance(schema.get(key), dict):
                kept[key] = self.add(schema[key], resolve)
        for key in _BRANCHES:
            if key in schema and not kept.get("x-kubernetes-int-or-string"):
                kept[key] = [self.add(branch, resolve) for branch in schema[key]]
        if schema.get("properties"):
            kept["properties"] = {name: self.add(part, resolve) for name, part in schema["properties"].items()}
        if "additionalProperties" in schema:
            more = schema["additionalProperties"]
            kept["additionalProperties"] = self.add(more, resolve) if isinstance(more, dict) else more
        return self.number(_with_key_defaults(kept, schema, self))

    def merge(self, variants: tuple[Variant, ...]) -> int:
        """The schema that accepts what any of the variants accepts."""
        numbers = {number for _, number in variants}
        if len(numbers) == 1:
            return numbers.pop()
        if variants not in self._merged:
            self._merged[variants] = self.number(self._union(variants))
        return self._merged[variants]

    def _union(self, variants: tuple[Variant, ...]) -> Schema:
        parts = [(bits, self.schemas[number]) for bits, number in variants]
        schemas = [schema for _, schema in parts]
        types = {schema.get("type") for schema in schemas}
        if len(types) > 1:
            return dict(OPEN)
        merged = _common(schemas)
        for key in ("items", "additionalProperties"):
            of_key = [(bits, schema[key]) for bits, schema in parts if key in schema]
            if of_key:
                is_open = any(value is True for _, value in of_key)
                numbered = tuple((bits, value) for bits, value in of_key if value is not False)
                merged[key] = True if is_open else self.merge(numbered) if numbered else False
        self._properties(merged, parts)
        return merged

    def _properties(self, merged: Schema, parts: list[tuple[int, Schema]]) -> None:
        everywhere = sum(bits for bits, _ in parts)
        names = dict.fromkeys(name for _, schema in reversed(parts) for name in schema.get("properties", ()))
        properties, only = {}, {}
        for name in names:
            found = [
                (bits, schema["properties"][name]) for bits, schema in parts if name in schema.get("properties", ())
            ]
            properties[name] = self.merge(tuple(found))
            bits = sum(bits for bits, _ in found)
            if bits != everywhere:
                only[name] = bits
        if properties:
            merged["properties"] = properties
        if only:
            merged["x-versions"] = only


def _common(schemas: list[Schema]) -> Schema:
    """What holds in all variants; of what loosens a schema, what holds in any."""
    first = schemas[0]
    merged = {}
    for key in (*_KEPT, "format", *_BRANCHES, "not"):
        if key in first and all(schema.get(key) == first[key] for schema in schemas):
            merged[key] = first[key]
    for key in ("nullable", "x-kubernetes-preserve-unknown-fields"):
        if any(schema.get(key) for schema in schemas):
            merged[key] = True
    required = [name for name in first.get("required", ()) if all(name in s.get("required", ()) for s in schemas)]
    merged.pop("required", None)
    if required:
        merged["required"] = required
    if all("enum" in schema for schema in schemas):
        merged["enum"] = list({json.dumps(value): value for schema in schemas for value in schema["enum"]}.values())
    return merged


def _with_key_defaults(kept: Schema, schema: Schema, pool: Pool) -> Schema:
    """Keep the defaults of the keys of a list: two entries are equal with them."""
    items = schema.get("items")
    keys = schema.get("x-kubernetes-list-map-keys", ())
    if not isinstance(items, dict) or not keys or "items" not in kept:
        return kept
    part = dict(pool.schemas[kept["items"]])
    defaults = {key: items.get("properties", {}).get(key, {}).get("default") for key in keys}
    defaults = {key: value for key, value in defaults.items() if value is not None}
    if defaults and "properties" in part:
        with_default = {key: {**pool.schemas[part["properties"][key]], "default": v} for key, v in defaults.items()}
        part["properties"] = part["properties"] | {key: pool.number(field) for key, field in with_default.items()}
        return kept | {"items": pool.number(part)}
    return kept


def _as_kubernetes_reads(schema: Schema) -> Schema:
    """What the OpenAPI of Kubernetes itself says in its own way."""
    extra: Schema = {}
    if schema.get("type") == "object" and not schema.get("properties") and "additionalProperties" not in schema:
        extra = dict(OPEN)
    return extra
