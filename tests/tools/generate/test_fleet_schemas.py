"""The schemas of a fleet's files know what the program reads."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from kserve_wiring.fleet.answers import FleetError, read_environment, read_fleet
from tools.generate import fleet_schemas

SCHEMAS = {path.name: schema for path, schema in fleet_schemas.fleet_schemas().items()}
FLEET = "{name: ml, template: https://git.corp.local/template, stages: [test, prod]}"
LAYER = "{stage: test, template_version: v1.0.0, stack: kserve-0.20}"


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (FLEET, True),
        (FLEET.replace("name", "allow: {kinds: [{group: a, kind: B}]}, name"), True),
        (FLEET.replace("name", "cluster_label: corp.example/environment, name"), True),
        (FLEET.replace("name", "cluster_label: '', name"), True),
        (FLEET.replace("name", "cluster_label: corp.example/of/environment, name"), False),
        (FLEET.replace("name", "cluster_label: 'environment: test', name"), False),
        (FLEET.replace("stages", "stage"), False),
        (FLEET.replace("[test", "[Test"), False),
        (FLEET.replace("[test, prod]", "[]"), False),
        (FLEET.replace("name: ml, ", ""), False),
        (FLEET.replace("name", "allow: {kind: []}, name"), False),
    ],
)
def test_the_file_of_the_fleet(text: str, right: bool, tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text(text, encoding="utf-8")
    try:
        accepted = bool(read_fleet(tmp_path))
    except FleetError:
        accepted = False
    assert (accepted, of_schema("fleet.schema.json", text)) == (right, right)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (LAYER, True),
        (LAYER.replace("stage", "region: eu, offline: true, pull_secret: null, stage"), True),
        (LAYER.replace("stage", "environment_name: test, stage"), False),
        (LAYER.replace("v1.0.0", "1.0"), False),
        (LAYER.replace("stage: test", "stage: [test]"), False),
    ],
)
def test_a_layer(text: str, right: bool, tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text(FLEET, encoding="utf-8")
    for name in ("environments/test", "regions/eu"):
        file = tmp_path / "answers" / f"{name}.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(text if name == "environments/test" else "{}", encoding="utf-8")
    try:
        accepted = bool(read_environment(read_fleet(tmp_path), "test"))
    except FleetError:
        accepted = False
    assert (accepted, of_schema("layer.schema.json", text)) == (right, right)


def test_what_the_template_refuses_is_no_answer() -> None:
    """An unknown answer stops Copier, which the program calls later."""
    assert not of_schema("layer.schema.json", "{registry_hots: a}")
    assert not of_schema("layer.schema.json", "{offline: 'yes'}")


def of_schema(name: str, text: str) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMAS[name]).is_valid(yaml.safe_load(text)))
