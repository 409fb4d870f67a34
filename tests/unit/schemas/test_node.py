"""The walk along a schema: types, nulls, keys that are not text, and what is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from kserve_wiring.schemas.node import Dialect, Schemas

SCHEMA = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 5},
        "count": {"type": "integer", "format": "int32"},
        "share": {"type": "number", "minimum": 0, "maximum": 1},
        "on": {"type": "boolean"},
        "port": {"x-kubernetes-int-or-string": True},
        "size": {"format": "quantity"},
        "mode": {"type": "string", "enum": ["A", "B"]},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "few": {"type": "object", "maxProperties": 1, "additionalProperties": {"type": "string"}},
        "any": {"x-kubernetes-preserve-unknown-fields": True},
        "empty": {"type": "object"},
        "list": {"type": "array", "items": {"type": "string"}},
        "keyed": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["port", "protocol"],
            "items": {"properties": {"port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}}},
        },
        "new": {"type": "string"},
    },
    "x-versions": {"new": 0b10},
}
FITS: list[Mapping[Any, Any]] = [
    {},
    {"count": 1.0, "share": 1, "on": True, "port": "http", "size": 0.5},
    {"port": 80, "size": "1Gi", "labels": {"a": "b", 2: "c", True: "d"}, "mode": "A"},
    {"count": None, "labels": None, "list": None, "any": {"x": [None]}, "empty": {}},
    {"labels": MappingProxyType({"a": "b"})},
    {"keyed": [{"port": 1}, {"port": 1, "protocol": "UDP"}]},
    {"new": "in some release"},
]
MISFITS: dict[str, tuple[Mapping[Any, Any], list[str]]] = {
    "type": ({"count": "1"}, ['count is "1" but must be an integer']),
    "no boolean": (
        {"count": True, "port": True},
        ["count is true but must be an integer", "port is true but must be an integer or a string"],
    ),
    "fraction": (
        {"count": 1.5, "port": 1.5},
        ["count is 1.5 but must be an integer", "port is 1.5 but must be an integer or a string"],
    ),
    "range": (
        {"count": 2**31, "share": 2},
        ["count is 2147483648, out of range for int32", "share is 2 but the maximum is 1"],
    ),
    "length": ({"name": "abcdef"}, ["name has 6 characters but must have at most 5"]),
    "quantity": ({"size": "1GB"}, ['size is "1GB" but must be a quantity such as 500m or 1Gi']),
    "enumeration": ({"mode": "a"}, ['mode is "a" but must be one of "A", "B"']),
    "map": ({"labels": {"a": 1}}, ["labels.a is 1 but must be a string"]),
    "size of a map": ({"few": {"a": "b", "c": "d"}}, ["few has 2 fields but must have at most 1"]),
    "unknown null": ({"bogus": None}, ["bogus is an unknown field"]),
    "null in a list": ({"list": ["a", None]}, ["list[1] is null but must be a string"]),
    "unknown": ({"cout": 1}, ["cout is an unknown field; did you mean count?"]),
    "closed": ({"empty": {"x": 1}}, ["empty.x is an unknown field"]),
    "key": ({True: 1}, ["[True] is an unknown field"]),
    "duplicate": (
        {"keyed": [{"port": 1}, {"port": 1, "protocol": "TCP"}]},
        ['keyed[1] is a second entry with {"port": 1, "protocol": "TCP"}'],
    ),
    "list": ({"list": "a"}, ['list is "a" but must be a list']),
}


def texts(value: Any, **dialect: Any) -> list[str]:
    node = Schemas(Dialect(lambda reference: {}, **dialect)).node(SCHEMA)
    return [f"{misfit.shown_path} {misfit.text}" for misfit in node.misfits(value)]


@pytest.mark.parametrize("value", FITS)
def test_what_fits(value: Mapping[Any, Any]) -> None:
    assert texts({"name": "x", **value}) == []


@pytest.mark.parametrize(("value", "expected"), MISFITS.values(), ids=MISFITS.keys())
def test_what_does_not_fit(value: Mapping[Any, Any], expected: list[str]) -> None:
    assert texts({"name": "x", **value}) == expected


@pytest.mark.parametrize("value", [{}, {"name": None}])
def test_a_required_field(value: Mapping[Any, Any]) -> None:
    assert texts(value) == ["name is required but missing"]


def test_the_types_of_kubernetes_read_a_null_in_a_list() -> None:
    assert texts({"name": "x", "list": [None]}, null_is_absent=True) == []


def test_a_field_that_the_release_lacks() -> None:
    node = Schemas(Dialect(lambda reference: {}, absent=lambda releases: releases == 0b10)).node(SCHEMA)
    (misfit,) = node.misfits({"name": "x", "new": "y"})
    assert (misfit.path, misfit.releases) == (("new",), 0b10)


def test_a_reference_is_compiled_once() -> None:
    schema = {"type": "object", "properties": {"a": 1, "b": {"$ref": 1}, "c": {"allOf": [{"$ref": 1}]}}}
    node = Schemas(Dialect(lambda reference: {"type": "string"})).node(schema)
    assert len(node.misfits({"a": 1, "b": 2, "c": 3})) == 3
    assert node.fields is not None
    assert node.fields["a"] is node.fields["b"]
