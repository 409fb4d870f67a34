"""The generator of the values schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.generate import __main__ as generate


def fragments(folder: Path, **files: Any) -> Path:
    for name, content in ({"root": {"type": "object"}, "definitions": {}} | files).items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content), "utf-8")
    return folder


def test_types_are_written_where_they_are_used(tmp_path: Path) -> None:
    definitions = {"label": {"type": "string", "maxLength": 63}, "pair": {"properties": {"a": {"use": "label"}}}}
    values = {"x": {"use": "pair", "properties": {"b": {"use": "label", "maxLength": 5}}}}
    assert generate.values_schema(fragments(tmp_path, definitions=definitions, values=values)) == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "x": {
                "additionalProperties": False,
                "properties": {"a": {"type": "string", "maxLength": 63}, "b": {"type": "string", "maxLength": 5}},
            }
        },
    }


def test_objects_are_closed_in_lists_but_not_in_conditions(tmp_path: Path) -> None:
    values = {
        "open": {"properties": {"a": {}}, "additionalProperties": True},
        "list": {"items": {"properties": {"a": {}}}},
        "conditional": {"if": {"properties": {"a": {"const": 1}}}, "then": {"properties": {"b": {"const": 2}}}},
    }
    properties = generate.values_schema(fragments(tmp_path, values=values))["properties"]
    assert properties["open"]["additionalProperties"] is True
    assert properties["list"]["items"]["additionalProperties"] is False
    assert properties["conditional"] == values["conditional"]


def test_a_value_that_is_called_use_is_no_reference(tmp_path: Path) -> None:
    values = {"x": {"properties": {"use": {"type": "string"}}}}
    assert generate.values_schema(fragments(tmp_path, values=values))["properties"]["x"]["properties"] == {
        "use": {"type": "string"}
    }


def test_unknown_type_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="lable"):
        generate.values_schema(fragments(tmp_path, values={"x": {"use": "lable"}}))


def test_a_value_is_defined_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"two\.yaml defines x a second time"):
        generate.values_schema(fragments(tmp_path, one={"x": {}}, two={"x": {}}))


def test_check_names_the_stale_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    stale = tmp_path / "stale.json"
    monkeypatch.setattr(generate, "generated", lambda: {stale: "text"})
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().err == "stale.json is stale: run make generate\n"
    assert not stale.exists()
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
