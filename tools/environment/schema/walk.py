"""Walk a value along a schema and report, strictly, what does not fit.

Supports two dialects of OpenAPI v3: the structural schemas of CustomResourceDefinitions and the published OpenAPI of
Kubernetes. Walks both directly: compiling the 2 MB schema of an InferenceService for a general JSON Schema validator
takes longer than validating a whole environment this way.

Does not evaluate rules in CEL (x-kubernetes-validations).
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

Schema = dict[str, Any]
Path = tuple[str | int, ...]

_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "string": ("a string", lambda v: isinstance(v, str)),
    "integer": ("an integer", lambda v: isinstance(v, int) and not isinstance(v, bool)),
    "number": ("a number", lambda v: isinstance(v, int | float) and not isinstance(v, bool)),
    "boolean": ("a boolean", lambda v: isinstance(v, bool)),
    "array": ("a list", lambda v: isinstance(v, list)),
    "object": ("an object", lambda v: isinstance(v, dict)),
}
_RANGES = {"int32": 2**31, "int64": 2**63}
# The same pattern that controller-gen writes into CRDs for a resource.Quantity.
_QUANTITY = re.compile(r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?[0-9]+))?$")


@dataclass(frozen=True)
class Dialect:
    """How to read schemas of one origin.

    resolve: the schema that a `$ref` names. metadata: the schema of `metadata` at the root and in embedded resources.
    bare_object_is_open: an object without properties may hold anything (Kubernetes: RawExtension), else nothing (CRD:
    the API server prunes it). null_is_absent: null equals an absent field (Kubernetes' own types).
    """

    resolve: Callable[[str], Schema]
    metadata: Schema | None = None
    bare_object_is_open: bool = False
    null_is_absent: bool = False


@dataclass(frozen=True)
class Misfit:
    """A value that does not fit. path: such as spec.containers[0].image, empty for the object itself."""

    path: str
    text: str


def _misfit(path: Path, text: str) -> Misfit:
    return Misfit("".join(map(_step, path)).removeprefix("."), text)


def _step(step: str | int) -> str:
    if isinstance(step, str) and re.fullmatch(r"[\w-]+", step):
        return f".{step}"
    return f"[{step!r}]"


def misfits(value: Any, schema: Schema, dialect: Dialect, path: Path = (), strict: bool = True) -> Iterator[Misfit]:
    """Everything in the value that does not fit the schema.

    value: parsed YAML or JSON. strict: report unknown fields; False inside anyOf, oneOf and not, which only restrict
    values.
    """
    schema = _expand(schema, dialect)
    if value is None:
        if not (schema.get("nullable") or dialect.null_is_absent or not _wanted(schema)):
            yield _misfit(path, f"is null but must be {_wanted(schema)}")
        return
    wrong = _wrong_type(value, schema)
    if wrong:
        yield _misfit(path, wrong)
        return
    yield from _by_shape(value, schema, dialect, path, strict)
    yield from _combinations(value, schema, dialect, path)


def _by_shape(value: Any, schema: Schema, dialect: Dialect, path: Path, strict: bool) -> Iterator[Misfit]:
    if "enum" in schema and value not in schema["enum"]:
        yield _misfit(path, f"is {_shown(value)} but must be one of {', '.join(map(_shown, schema['enum']))}")
    if isinstance(value, dict):
        yield from _object(value, schema, dialect, path, strict)
    elif isinstance(value, list):
        yield from _list(value, schema, dialect, path, strict)
    elif isinstance(value, str):
        yield from _string(value, schema, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number(value, schema, path)


def _expand(schema: Schema, dialect: Dialect) -> Schema:
    """Follow $ref, also inside the allOf of one with which Kubernetes adds a default."""
    while True:
        if "$ref" in schema:
            schema = dialect.resolve(schema["$ref"])
        elif "type" not in schema and len(schema.get("allOf", ())) == 1:
            schema = schema["allOf"][0]
        else:
            return schema


def _wrong_type(value: Any, schema: Schema) -> str | None:
    if _is_int_or_string(schema):
        fits = isinstance(value, str | int) and not isinstance(value, bool)
        return None if fits else f"is {_shown(value)} but must be an integer or a string"
    wanted = schema.get("type")
    if wanted not in _TYPES or _TYPES[wanted][1](value):
        return None
    return f"is {_shown(value)} but must be {_TYPES[wanted][0]}"


def _wanted(schema: Schema) -> str:
    return "an integer or a string" if _is_int_or_string(schema) else _TYPES.get(schema.get("type", ""), ("",))[0]


def _is_int_or_string(schema: Schema) -> bool:
    return bool(schema.get("x-kubernetes-int-or-string")) or schema.get("format") == "int-or-string"


# Objects ------------------------------------------------------------------------------------------


def _object(value: dict[Any, Any], schema: Schema, dialect: Dialect, path: Path, strict: bool) -> Iterator[Misfit]:
    properties = _properties(schema, dialect)
    for name in schema.get("required", ()):
        if value.get(name) is None:
            yield _misfit((*path, name), "is required but missing")
    for name, item in value.items():
        known = properties.get(name, _additional(schema, properties, dialect, strict))
        if not isinstance(name, str):
            yield _misfit(path, f"has the key {_shown(name)}, which must be a string")
        elif known is None:
            yield _misfit((*path, name), f"is an unknown field{_suggestion(name, properties)}")
        else:
            yield from misfits(item, known, dialect, (*path, name), strict)
    yield from _size(len(value), schema, path, "Properties", "fields")


def _properties(schema: Schema, dialect: Dialect) -> dict[str, Schema]:
    properties: dict[str, Schema] = schema.get("properties", {})
    if schema.get("x-kubernetes-embedded-resource"):
        implied = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": dialect.metadata or {}}
        return {**properties, **implied}
    return properties


def _additional(schema: Schema, properties: dict[str, Schema], dialect: Dialect, strict: bool) -> Schema | None:
    """The schema of an unlisted field; None if no such field is allowed."""
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict):
        return additional
    bare = not properties and additional is None and (dialect.bare_object_is_open or "type" not in schema)
    return (
        {} if additional is True or bare or not strict or schema.get("x-kubernetes-preserve-unknown-fields") else None
    )


def _suggestion(name: str, properties: dict[str, Schema]) -> str:
    near = difflib.get_close_matches(name, properties, n=1)
    return f"; did you mean {near[0]}?" if near else ""


# Lists --------------------------------------------------------------------------------------------


def _list(value: list[Any], schema: Schema, dialect: Dialect, path: Path, strict: bool) -> Iterator[Misfit]:
    items = schema.get("items", {})
    for index, item in enumerate(value):
        yield from misfits(item, items, dialect, (*path, index), strict)
    yield from _size(len(value), schema, path, "Items", "entries")
    if schema.get("x-kubernetes-list-type") in ("map", "set"):
        yield from _duplicates(value, schema, dialect, path)


def _duplicates(value: list[Any], schema: Schema, dialect: Dialect, path: Path) -> Iterator[Misfit]:
    """Server-side apply refuses two entries with the same key (sigs.k8s.io/structured-merge-diff)."""
    keys = schema.get("x-kubernetes-list-map-keys", ())
    properties = _expand(schema.get("items", {}), dialect).get("properties", {})
    seen = set()
    for index, item in enumerate(value):
        if keys and not isinstance(item, dict):
            continue
        parts = {key: item.get(key, properties.get(key, {}).get("default")) for key in keys} if keys else item
        identity = json.dumps(parts, sort_keys=True, default=str)
        if identity in seen:
            yield _misfit((*path, index), f"is a second entry with {identity}")
        seen.add(identity)


def _size(size: int, schema: Schema, path: Path, suffix: str, what: str) -> Iterator[Misfit]:
    if size < schema.get(f"min{suffix}", 0):
        yield _misfit(path, f"has {size} {what} but must have at least {schema[f'min{suffix}']}")
    if size > schema.get(f"max{suffix}", size):
        yield _misfit(path, f"has {size} {what} but must have at most {schema[f'max{suffix}']}")


# Strings and numbers ------------------------------------------------------------------------------


def _string(value: str, schema: Schema, path: Path) -> Iterator[Misfit]:
    yield from _size(len(value), schema, path, "Length", "characters")
    pattern = schema.get("pattern")
    if pattern and not _matches(pattern, value):
        yield _misfit(path, f"is {_shown(value)} but must match {pattern}")
    if schema.get("format") == "quantity" and not _QUANTITY.match(value):
        yield _misfit(path, f"is {_shown(value)} but must be a quantity such as 500m or 1Gi")


def _number(value: float, schema: Schema, path: Path) -> Iterator[Misfit]:
    limit = _RANGES.get(schema.get("format", ""))
    if limit and not -limit <= value < limit:
        yield _misfit(path, f"is {value}, out of range for {schema['format']}")
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and (value <= low if schema.get("exclusiveMinimum") else value < low):
        yield _misfit(path, f"is {value} but the minimum is {low}")
    if high is not None and (value >= high if schema.get("exclusiveMaximum") else value > high):
        yield _misfit(path, f"is {value} but the maximum is {high}")


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.search(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile a pattern; None for syntax that only Go's regular expressions have, such as \\z."""
    try:
        return re.compile(pattern)
    except re.error:
        return None


# Combinations -------------------------------------------------------------------------------------


def _combinations(value: Any, schema: Schema, dialect: Dialect, path: Path) -> Iterator[Misfit]:
    """Check allOf, anyOf, oneOf and not. The two types of an int-or-string in anyOf are already checked."""

    def fits(branch: Schema) -> bool:
        return next(misfits(value, branch, dialect, path, strict=False), None) is None

    for branch in schema.get("allOf", ()):
        yield from misfits(value, branch, dialect, path, strict=False)
    if "anyOf" in schema and not any(map(fits, schema["anyOf"])):
        yield _misfit(path, f"must have at least one of {_branches(schema['anyOf'])}")
    if "oneOf" in schema and sum(map(fits, schema["oneOf"])) != 1 and not _same_number(value, schema):
        yield _misfit(path, f"must have exactly one of {_branches(schema['oneOf'])}")
    if "not" in schema and fits(schema["not"]):
        yield _misfit(path, f"must not have {_branches([schema['not']])}")


def _same_number(value: Any, schema: Schema) -> bool:
    """1 is both an integer and a number; Kubernetes writes oneOf but means anyOf."""
    return isinstance(value, int) and any(branch.get("type") == "number" for branch in schema["oneOf"])


def _branches(branches: list[Schema]) -> str:
    """Describe the branches by their required fields, or by their types."""
    words = []
    for branch in branches:
        if "required" in branch:
            words.append(" and ".join(branch["required"]))
        elif "not" not in branch:
            words.append(_wanted(branch) or json.dumps(branch)[:60])
    return ", ".join(words) or "these forms"


# Words --------------------------------------------------------------------------------------------


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
