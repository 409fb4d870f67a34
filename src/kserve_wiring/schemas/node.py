# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Schemas of OpenAPI v3, compiled for a quick walk: one node per schema, made when a value first needs it.

Two dialects: the structural schemas of CustomResourceDefinitions and the published OpenAPI of Kubernetes. Rules in CEL
(x-kubernetes-validations) are not evaluated.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kserve_wiring.manifests.objects import MAPPING
from kserve_wiring.schemas import checks
from kserve_wiring.schemas.checks import WORDS, Check, Schema
from kserve_wiring.schemas.misfit import MISSING, TYPE, UNKNOWN, Misfit, shown

Reference = str | int
"""What a `$ref` names, or the number of a schema in the package's data."""

_CLASSES = {"string": str, "integer": int, "number": float, "boolean": bool, "array": list, "object": dict}
_INT_OR_STRING = "an integer or a string"


class _Nothing:
    """No value has this class."""


@dataclass(frozen=True)
class Dialect:
    """How to read schemas of one origin.

    resolve: the schema that a reference names. metadata: the schema of `metadata` in embedded resources.
    bare_object_is_open: an object without properties may hold anything (Kubernetes: RawExtension), else nothing (CRD:
    the API server prunes it). null_is_absent: null equals an absent value in lists, too (Kubernetes' own types).
    absent: of the bits of the releases that have a field, whether the cluster's release certainly lacks it.
    """

    resolve: Callable[[Reference], Schema]
    metadata: Schema | None = None
    bare_object_is_open: bool = False
    null_is_absent: bool = False
    absent: Callable[[int], bool] = lambda releases: False


class Node:
    """A compiled schema, which accepts any value until it is restricted.

    cls: the class that a value must have, None for any. wanted: the type in words. plain: the class of values that need
    no further look. fields: the nodes of an object's fields. entry_class: of a plain map, the class of its values.
    items: the node of the entries of a list.
    """

    __slots__ = ("checks", "cls", "entry_class", "fields", "items", "nullable", "plain", "required", "wanted")

    def __init__(self) -> None:
        self.cls: type | None = None
        self.wanted = ""
        self.plain: type = _Nothing
        self.fields: Fields | None = None
        self.entry_class: type | None = None
        self.items: Node | None = None
        self.required: tuple[str, ...] = ()
        self.checks: tuple[Check, ...] = ()
        self.nullable = False

    def misfits(self, value: Any) -> list[Misfit]:
        """Everything in a value that does not fit. value: parsed YAML or JSON."""
        if self.cls is not None and value.__class__ is not self.cls and not self._converts(value):
            words = "is null" if value is None else f"is {shown(value)}"
            return [] if value is None and self.nullable else [self._wrong(value, words)]
        found: list[Misfit] = []
        if self.entry_class is not None and set(map(type, value.values())) <= {self.entry_class}:
            return found  # labels and the like
        if self.fields is not None and isinstance(value, MAPPING):
            found += self._object(value, self.fields)
        elif self.items is not None and isinstance(value, list):
            found += self._list(value, self.items)
        for check in self.checks:
            found += check(value)
        return found

    def _wrong(self, value: Any, words: str) -> Misfit:
        return Misfit((), f"{words} but must be {self.wanted}", TYPE, value, self.wanted)

    def _converts(self, value: Any) -> bool:
        """True for a value of another class that the type includes. YAML's 1.0 reaches the API server as 1."""
        if isinstance(value, bool):
            return False
        is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if self.wanted == _INT_OR_STRING:
            return is_whole or isinstance(value, str)
        return is_whole if self.cls in (int, float) else self.cls is dict and isinstance(value, Mapping)

    def _object(self, value: Mapping[Any, Any], fields: Fields) -> list[Misfit]:
        found: list[Misfit] = []
        for name, item in value.items():
            node = fields[name]
            if item.__class__ is node.plain or (item is None and node.__class__ is Node):
                continue  # the API server drops a null
            for misfit in node.misfits(item):
                found.append(replace(misfit, path=(name, *misfit.path)))
        for name in self.required:
            if value.get(name) is None and not (name in value and fields[name].nullable):
                found.append(Misfit((name,), "is required but missing", MISSING))
        return found

    def _list(self, value: list[Any], node: Node) -> list[Misfit]:
        found: list[Misfit] = []
        for index, item in enumerate(value):
            if item.__class__ is not node.plain:
                for misfit in node.misfits(item):
                    found.append(replace(misfit, path=(index, *misfit.path)))
        return found


class _Stranger(Node):
    """The node of a field that the schema lacks."""

    __slots__ = ("name", "neighbours", "releases")

    def __init__(self, name: str, neighbours: Mapping[str, Any], releases: int) -> None:
        super().__init__()
        self.name = name
        self.neighbours = neighbours
        self.releases = releases

    def misfits(self, value: Any) -> list[Misfit]:
        """That the field is unknown."""
        near = difflib.get_close_matches(self.name, self.neighbours, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        return [Misfit((), f"is an unknown field{meant}", UNKNOWN, value, releases=self.releases)]


class Fields(dict[Any, Node]):
    """The nodes of an object's fields, compiled on first use."""

    def __init__(self, schemas: Schemas, schema: Schema, strict: bool) -> None:
        super().__init__()
        self._schemas = schemas
        self._strict = strict
        self.properties = _properties(schema, schemas.dialect)
        self._some: Mapping[str, int] = schema.get("x-versions", {}) if strict else {}
        self._more = self._additional(schema)

    def __missing__(self, name: Any) -> Node:
        """The node of a field, also of one that the schema lacks."""
        text = name if isinstance(name, str) else _as_json(name)
        listed = text in self.properties
        releases = self._some.get(text, 0)
        if releases and self._schemas.dialect.absent(releases):
            return _Stranger(text, self.properties, releases)
        if listed:
            self[name] = node = self._schemas.node(self.properties[text], self._strict)
            return node
        return self._more or _Stranger(text, self.properties, 0)

    @property
    def entry_class(self) -> type | None:
        """The class of the values of a plain map, such as labels."""
        is_map = self._more is not None and not self.properties and self._more.plain is not _Nothing
        return self._more.plain if is_map and self._more is not None else None

    def _additional(self, schema: Schema) -> Node | None:
        """The node of an unlisted field; None if no such field is allowed."""
        more = schema.get("additionalProperties")
        if more is not None and not isinstance(more, bool):
            return self._schemas.node(more, self._strict)
        bare = not self.properties and more is None
        is_open = bare and (self._schemas.dialect.bare_object_is_open or "type" not in schema)
        preserved = schema.get("x-kubernetes-preserve-unknown-fields")
        return Node() if is_open or more is True or not self._strict or preserved else None


def _as_json(key: Any) -> str:
    """A key of YAML that is not text, as the clients convert it to JSON."""
    return str(key).lower() if isinstance(key, bool) else str(key)


def _properties(schema: Schema, dialect: Dialect) -> Mapping[str, Any]:
    properties: dict[str, Any] = schema.get("properties", {})
    if schema.get("x-kubernetes-embedded-resource"):
        implied = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": dialect.metadata or {}}
        return {**properties, **implied}
    return properties


class Schemas:
    """Compiles the schemas of one origin, each of them once."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._known: dict[tuple[Reference, bool], Node] = {}

    def node(self, schema: Schema | Reference, strict: bool = True) -> Node:
        """The node of a schema. strict: unknown fields are misfits; not inside anyOf, oneOf, allOf and not."""
        reference = self._reference(schema)
        if reference is None:
            return self._compile(self.expanded(schema), strict)
        key = (reference, strict)
        if key not in self._known:
            self._known[key] = self.node(self.dialect.resolve(reference), strict)
        return self._known[key]

    def root(self, schema: Schema, metadata: Node | None = None) -> Node:
        """The node of an object as a whole. metadata: its node, which CRDs omit."""
        implied = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
        node = self.node({**schema, "properties": {"metadata": {}, **schema.get("properties", {}), **implied}})
        if metadata is not None and node.fields is not None:
            node.fields["metadata"] = metadata
        return node

    def expanded(self, schema: Schema | Reference) -> Schema:
        """Follow references, also inside the allOf of one with which Kubernetes adds a default."""
        while True:
            reference = self._reference(schema)
            if reference is not None:
                schema = self.dialect.resolve(reference)
            elif isinstance(schema, dict) and "type" not in schema and len(schema.get("allOf", ())) == 1:
                schema = schema["allOf"][0]
            else:
                assert isinstance(schema, dict)
                return schema

    @staticmethod
    def _reference(schema: Schema | Reference) -> Reference | None:
        return schema.get("$ref") if isinstance(schema, dict) else schema

    def _compile(self, schema: Schema, strict: bool) -> Node:
        node = Node()
        if schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string":
            node.cls, node.wanted = _Nothing, _INT_OR_STRING
        elif schema.get("type") in _CLASSES:
            node.cls, node.wanted = _CLASSES[schema["type"]], WORDS[schema["type"]]
        if node.cls is dict or (node.cls is None and "properties" in schema):
            node.fields = Fields(self, schema, strict)
            node.required = tuple(schema.get("required", ()))
        elif node.cls is None and "required" in schema:
            node.fields = Fields(self, schema, strict=False)
            node.required = tuple(schema["required"])
        if "items" in schema:
            node.items = self.node(schema["items"], strict)
        # Go reads a null in a list as an empty value.
        node.nullable = bool(schema.get("nullable")) or self.dialect.null_is_absent
        node.checks = checks.of(schema, self)
        if not node.checks:
            node.plain = node.cls if node.cls in (str, bool, int) else _Nothing
            node.entry_class = node.fields.entry_class if node.fields is not None else None
        return node
