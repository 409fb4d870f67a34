"""The schema for SchemaStore judges as the one of an environment, in the draft and the style that is taken there."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from tests.tools.generate.test_configuration_schema import BAD, GOOD
from tools.generate import schemastore
from tools.generate.configuration_schema import configuration_schema

SCHEMA = schemastore.schema()


@pytest.mark.parametrize("text", [*GOOD, *BAD])
def test_both_schemas_judge_alike(text: str) -> None:
    value = yaml.safe_load(text)
    validators = (jsonschema.Draft7Validator(SCHEMA), jsonschema.Draft202012Validator(configuration_schema()))
    assert [validator.is_valid(value) for validator in validators] == [text in GOOD] * 2


def test_it_is_a_schema_of_draft_7() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert lists_of_types(SCHEMA) == []


def test_the_entry_names_the_schema_and_the_file() -> None:
    entry = schemastore.entry()
    assert set(entry) == {"name", "description", "fileMatch", "url"}
    assert (entry["url"], entry["fileMatch"]) == (SCHEMA["$id"], [".kserve-wiring.yaml"])


def lists_of_types(part: Any) -> list[Any]:
    if isinstance(part, list):
        return [found for item in part for found in lists_of_types(item)]
    if not isinstance(part, dict):
        return []
    own = [part["type"]] if isinstance(part.get("type"), list) else []
    return own + [found for value in part.values() for found in lists_of_types(value)]
