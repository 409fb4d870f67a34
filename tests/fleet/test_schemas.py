"""The first lines of a fleet's files name the schemas that accept them."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.fleet.conftest import ENVIRONMENTS
from tests.template.test_schemas import LINE, validate

LAYERS = ["answers/defaults.yaml", "answers/stages/prod.yaml", "answers/stages/test.yaml"]


def test_the_files_of_a_fleet_are_of_their_schemas(new_fleet: Path) -> None:
    files = [file for file in new_fleet.rglob("*.y*ml") if LINE.match(file.read_text(encoding="utf-8"))]
    assert sorted(str(file.relative_to(new_fleet)) for file in files) == [".copier-answers.yml", *LAYERS, "fleet.yaml"]
    for file in files:
        validate(file)


def test_the_files_of_environments_are_of_the_schema_of_layers(new_fleet: Path) -> None:
    for name, answers in ENVIRONMENTS.items():
        file = new_fleet / "answers" / "environments" / f"{name}.schema-test.yml"
        line = "# yaml-language-server: $schema=../../schemas/layer.schema.json\n"
        file.write_text(line + yaml.safe_dump(answers), encoding="utf-8")
        try:
            validate(file)
        finally:
            file.unlink()
