"""Every line that names a schema for editors names one that exists and accepts the file, and the examples answer all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.template.conftest import EXAMPLES, ROOT
from tests.template.test_prompts import load, recorded
from tools.generate import answers_schema

LINE = re.compile(r"# yaml-language-server: \$schema=(.*)\n")
EVERYTHING = ROOT / "examples" / "everything.yaml"


def schema_of(path: Path) -> dict[str, Any] | None:
    """The schema that the first line of a file names."""
    found = LINE.match(path.read_text(encoding="utf-8"))
    schema: dict[str, Any] | None = json.loads((path.parent / found[1]).read_text(encoding="utf-8")) if found else None
    return schema


def validate(path: Path) -> None:
    schema = schema_of(path)
    assert schema, path
    # A file with nothing but comments has no value; an editor offers the keys of its schema.
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    jsonschema.validators.validator_for(schema)(schema).validate({} if value is None else value)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.stem)
def test_an_example_is_of_its_schema(path: Path) -> None:
    validate(path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_files_of_an_environment_are_of_their_schemas(environment: Callable[[Path], Path], path: Path) -> None:
    folder = environment(path)
    named = {str(file.relative_to(folder)) for file in folder.rglob("*.y*ml") if LINE.match(file.read_text("utf-8"))}
    assert named >= {".copier-answers.yml", "values/kserve-environment.yaml", "values/kserve-environment.local.yaml"}
    for name in named:
        validate(folder / name)


def test_the_configuration_in_the_manual_is_of_its_schema(environment: Callable[[Path], Path], tmp_path: Path) -> None:
    manual = (ROOT / "docs" / "kserve-wiring.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(# yaml-language-server.*?)```", manual, re.DOTALL)
    file = tmp_path / ".kserve-wiring.yaml"
    file.write_text(text, encoding="utf-8")
    (tmp_path / "schemas").symlink_to(environment(EVERYTHING) / "schemas")
    validate(file)


def test_a_wrong_answer_is_not_of_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(answers_schema.answers_schema())
    for wrong in ({"registry_hots": "a"}, {"offline": "yes"}, {"stack": "x"}, {"tenants": {"name": "a"}}):
        assert not validator.is_valid(wrong), wrong


def test_everything_answers_every_question_that_it_is_asked(environment: Callable[[Path], Path]) -> None:
    assert set(recorded(environment(EVERYTHING))) == set(load(EVERYTHING))


def test_each_question_is_answered_in_an_example() -> None:
    given = {name for path in EXAMPLES for name in yaml.safe_load(path.read_text(encoding="utf-8"))}
    assert given == set(answers_schema.asked())
