# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What a schema asks of a value besides its type and fields: enumerations, patterns, sizes, ranges, alternatives."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any, Protocol

from kserve_wiring.schemas.misfit import TYPE, VALUE, Misfit, shown

Schema = dict[str, Any]
Misfits = Iterable[Misfit]
Check = Callable[[Any], Misfits]

WORDS = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "a boolean",
    "array": "a list",
    "object": "an object",
}


class Branch(Protocol):
    """A compiled schema."""

    def misfits(self, value: Any) -> list[Misfit]:
        """What does not fit."""
        ...


class Schemas(Protocol):
    """Compiles the parts of a schema."""

    def node(self, schema: Any, strict: bool = True) -> Branch:
        """Compile a schema."""
        ...

    def expanded(self, schema: Any) -> Schema:
        """A schema without references at its root."""
        ...


_RANGES = {"int32": 2**31, "int64": 2**63}
# The same pattern that controller-gen writes into CRDs for a resource.Quantity.
_QUANTITY = re.compile(r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?[0-9]+))?$")
_SIZES = (
    (dict, "Properties", "fields"),
    (list, "Items", "entries"),
    (str, "Length", "characters"),
)


def of(schema: Schema, schemas: Schemas) -> tuple[Check, ...]:
    """The checks of a schema, without the types of int-or-string in anyOf, which its node checks."""
    found: list[Check] = []
    if "enum" in schema:
        found.append(partial(_enum, schema["enum"]))
    for cls, suffix, what in _SIZES:
        low, high = schema.get(f"min{suffix}", 0), schema.get(f"max{suffix}")
        if low or high is not None:
            found.append(partial(_size, cls, low, high, what))
    if schema.get("pattern"):
        found.append(partial(_pattern, schema["pattern"]))
    if schema.get("format") == "quantity":
        found.append(_quantity)
    if schema.get("format") in _RANGES:
        found.append(partial(_bits, _RANGES[schema["format"]]))
    if "minimum" in schema or "maximum" in schema:
        found.append(partial(_range, schema))
    if schema.get("x-kubernetes-list-type") in ("map", "set"):
        found.append(_duplicates(schema, schemas))
    return (*found, *_combinations(schema, schemas))


def _enum(allowed: list[Any], value: Any) -> Misfits:
    if value in allowed:
        return ()
    listed = ", ".join(shown(one) for one in allowed if one != "")
    return (Misfit((), f"is {shown(value)} but must be one of {listed}", VALUE, value),)


def _size(cls: type, low: int, high: int | None, what: str, value: Any) -> Iterator[Misfit]:
    if not isinstance(value, cls):
        return
    size = len(value)  # type: ignore[arg-type]
    if size < low:
        yield Misfit((), f"has {size} {what} but must have at least {low}", VALUE, value)
    if high is not None and size > high:
        yield Misfit((), f"has {size} {what} but must have at most {high}", VALUE, value)


def _pattern(pattern: str, value: Any) -> Misfits:
    compiled = _compiled(pattern)
    if not isinstance(value, str) or compiled is None or compiled.search(value):
        return ()
    return (Misfit((), f"is {shown(value)} but must match {pattern}", VALUE, value),)


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile a pattern; None for syntax that only Go's regular expressions have, such as \\z."""
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _quantity(value: Any) -> Misfits:
    if isinstance(value, str):
        fits = _QUANTITY.match(value) is not None
    else:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    wanted = "a quantity such as 500m or 1Gi"
    return () if fits else (Misfit((), f"is {shown(value)} but must be {wanted}", TYPE, value, wanted),)


def _bits(limit: int, value: Any) -> Misfits:
    if value.__class__ is not int or -limit <= value < limit:
        return ()
    return (Misfit((), f"is {shown(value)}, out of range for int{limit.bit_length()}", VALUE, value),)


def _range(schema: Schema, value: Any) -> Iterator[Misfit]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and (value <= low if schema.get("exclusiveMinimum") else value < low):
        yield Misfit((), f"is {shown(value)} but the minimum is {low}", VALUE, value)
    if high is not None and (value >= high if schema.get("exclusiveMaximum") else value > high):
        yield Misfit((), f"is {shown(value)} but the maximum is {high}", VALUE, value)


# Lists --------------------------------------------------------------------------------------------


def _duplicates(schema: Schema, schemas: Schemas) -> Check:
    """Two entries with the same key: the API server refuses them, or server-side apply does."""
    keys = schema.get("x-kubernetes-list-map-keys", ())
    items = schemas.expanded(schema.get("items", {}))
    fields = {key: schemas.expanded(items.get("properties", {}).get(key, {})) for key in keys}
    defaults = {key: field.get("default") for key, field in fields.items()}

    def check(value: Any) -> Iterator[Misfit]:
        seen = set()
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if keys and not isinstance(item, dict):
                continue
            parts = {key: item.get(key, default) for key, default in defaults.items()} if keys else item
            identity = json.dumps(parts, default=str)
            if identity in seen:
                yield Misfit((index,), f"is a second entry with {identity}", VALUE, item)
            seen.add(identity)

    return check


# Alternatives -------------------------------------------------------------------------------------


def _combinations(schema: Schema, schemas: Schemas) -> Iterator[Check]:
    """allOf, anyOf, oneOf and not, which only restrict values."""
    if schema.get("x-kubernetes-int-or-string"):
        return
    for part in schema.get("allOf", ()):
        yield schemas.node(part, strict=False).misfits
    for key in ("anyOf", "oneOf", "not"):
        if key in schema:
            parts = schema[key] if key != "not" else [schema[key]]
            branches = [schemas.node(part, strict=False) for part in parts]
            yield partial(_COUNTED[key], branches, _described([schemas.expanded(part) for part in parts]))


def _fitting(branches: list[Branch], value: Any) -> int:
    return sum(not branch.misfits(value) for branch in branches)


def _any(branches: list[Branch], described: str, value: Any) -> Iterator[Misfit]:
    if not _fitting(branches, value):
        yield Misfit((), f"must have at least one of {described}", VALUE, value)


def _one(branches: list[Branch], described: str, value: Any) -> Iterator[Misfit]:
    if _fitting(branches, value) != 1 and not (isinstance(value, int) and described.endswith("a number")):
        # 1 is both an integer and a number; Kubernetes writes oneOf but means anyOf.
        yield Misfit((), f"must have exactly one of {described}", VALUE, value)


def _not(branches: list[Branch], described: str, value: Any) -> Iterator[Misfit]:
    if _fitting(branches, value):
        yield Misfit((), f"must not have {described}", VALUE, value)


_COUNTED = {"anyOf": _any, "oneOf": _one, "not": _not}


def _described(branches: list[Schema]) -> str:
    """The branches by their required fields, or by their types."""
    words = []
    for branch in branches:
        if "required" in branch:
            words.append(" and ".join(branch["required"]))
        elif "not" not in branch:
            words.append(WORDS.get(branch.get("type", ""), "") or json.dumps(branch)[:60])
    return ", ".join(words) or "these forms"
