"""The generator of the chart's schema and of the limits that its validation checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.generate.values_schema import UNKNOWN, limits, merged_fragments, places, types


def fragments(folder: Path, **files: Any) -> Path:
    for name, content in ({"root": {"type": "object"}, "definitions": {}} | files).items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content), "utf-8")
    return folder


def test_types_are_written_where_they_are_used(tmp_path: Path) -> None:
    definitions = {"label": {"type": "string", "maxLength": 63}, "pair": {"properties": {"a": {"use": "label"}}}}
    values = {"x": {"use": "pair", "properties": {"b": {"use": "label", "maxLength": 5}}}}
    assert merged_fragments(fragments(tmp_path, definitions=definitions, values=values)) == {
        "type": "object",
        "properties": {
            "x": {"properties": {"a": {"type": "string", "maxLength": 63}, "b": {"type": "string", "maxLength": 5}}}
        },
    }


def test_a_value_that_is_called_use_is_no_reference(tmp_path: Path) -> None:
    values = {"x": {"properties": {"use": {"type": "string"}}}}
    assert merged_fragments(fragments(tmp_path, values=values))["properties"]["x"]["properties"] == {
        "use": {"type": "string"}
    }


def test_unknown_type_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="lable"):
        merged_fragments(fragments(tmp_path, values={"x": {"use": "lable"}}))


def test_a_value_is_defined_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"two\.yaml defines x a second time"):
        merged_fragments(fragments(tmp_path, one={"x": {}}, two={"x": {}}))


WHOLE: dict[str, Any] = {
    "properties": {
        "name": {"type": "string", "description": "Its name.", "pattern": "^a", "write": "a name with a"},
        "open": {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True},
        "free": {"type": "object", "additionalProperties": {"type": "string", "pattern": "^b", "write": "b"}},
        "list": {"type": "array", "minItems": 1, "write": "one", "items": {"required": ["a"], "properties": {"a": {}}}},
    }
}


def test_the_schema_has_types_and_marks_unknown_keys() -> None:
    assert types(WHOLE) == {
        "additionalProperties": UNKNOWN,
        "properties": {
            "name": {"type": "string", "description": "Its name."},
            "open": {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True},
            "free": {"type": "object", "additionalProperties": {"type": "string"}},
            "list": {"type": "array", "items": {"properties": {"a": {}}, "additionalProperties": UNKNOWN}},
        },
    }


def test_the_limits_have_everything_else() -> None:
    assert limits(WHOLE, {"name": "a", "open": {}}) == {
        "always": ["name", "open"],
        "keys": {
            "name": {"pattern": "^a", "write": "a name with a"},
            "open": {"keys": {"a": {}}, "open": True},
            "free": {"items": {"pattern": "^b", "write": "b"}},
            "list": {"minItems": 1, "write": "one", "items": {"required": ["a"], "keys": {"a": {}}}},
        },
    }


def test_places_are_keys_outside_of_lists() -> None:
    found = dict(places(WHOLE))
    assert found == {"name": "name", "open": "open", "a": "open.a", "free": "free", "list": "list"}
