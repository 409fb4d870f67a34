"""values.schema.json is up to date, complete, and has types only; helm's errors from it name the value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from tests.chart.conftest import CHART, Chart, named
from tools.console import ROOT
from tools.generate import __main__ as generate

SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text("utf-8"))
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
# What helm says of these is readable: `got string, want object`, `value must be one of 'keep', 'flatten', 'prefix'`.
TYPES = {"$schema", "title", "description", "deprecationMessage"} | {
    "type",
    "enum",
    "properties",
    "items",
    "additionalProperties",
}


def paths(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The schema of each value, with its key in values.yaml."""
    for name, child in schema.get("properties", {}).items():
        yield f"{path}.{name}".strip("."), child
        yield from paths(child, f"{path}.{name}")
        yield from paths(child.get("items", {}), f"{path}.{name}[]")


def keys(values: Any, path: str = "") -> Iterator[str]:
    """Every key of values.yaml, which does not list the keys of free maps."""
    for name, child in values.items() if isinstance(values, dict) else ():
        yield f"{path}.{name}".strip(".")
        yield from keys(child, f"{path}.{name}")


def keywords(schema: Any) -> Iterator[str]:
    """The keywords of a schema and of all schemas in it."""
    if not isinstance(schema, dict):
        return
    yield from schema
    for child in (*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")):
        yield from keywords(child)


def test_generated_files_are_fresh() -> None:
    stale = [
        str(path.relative_to(ROOT)) for path, text in generate.generated().items() if path.read_text("utf-8") != text
    ]
    assert stale == []


def test_is_a_valid_schema_that_the_values_meet() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.Draft7Validator(SCHEMA).validate(VALUES)


def test_has_types_only() -> None:
    """Helm prints any other keyword as it is; the chart's validation explains in words."""
    assert set(keywords(SCHEMA)) <= TYPES


def test_every_value_is_described_by_both() -> None:
    """Only the schema has free maps, list items and Helm's `global`."""
    in_values = set(keys(VALUES))
    in_schema = {path for path, _ in paths(SCHEMA) if "[]" not in path and path != "global"}
    free = ("knative.config.", "knative.spec.", "kserve.config.", "storage.containerSecurityContext.", "tenants")
    free = (*free, "gateways.local.existing.", "gateways.ingress.existing.")
    below_free = {path for path in in_values | in_schema if path.startswith(free)} - {"tenants"}
    assert in_schema - below_free == in_values - below_free


def test_every_value_has_a_description() -> None:
    bare = {"namespaces", "gateways"}
    missing = [path for path, schema in paths(SCHEMA) if "description" not in schema]
    assert [path for path in missing if path.split(".")[0] not in bare] == []


def test_an_editor_finds_the_schema() -> None:
    """The line that yaml-language-server reads, with a path relative to the file."""
    first = (CHART / "values.yaml").read_text("utf-8").splitlines()[0]
    path = first.removeprefix("# yaml-language-server: $schema=")
    assert (CHART / path).resolve() == CHART / "values.schema.json"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown part": (
        {"part": "some"},
        "at '/part': value must be one of 'prerequisites', 'wiring', 'patches', 'knative', 'presets', 'all'",
    ),
    "timeout as a number": ({"digests": {"timeout": 30}}, "at '/digests/timeout': got number, want string"),
    "quantity as a number": (
        {"storage": {"resources": {"limits": {"cpu": 1}}}},
        "at '/storage/resources/limits/cpu': got number, want string",
    ),
    "boolean as a setting of Knative": (
        {"knative": {"features": {"multi-container": True}}},
        "at '/knative/features/multi-container': got boolean, want string",
    ),
}


@pytest.mark.parametrize(("values", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(chart: Chart, values: dict[str, Any], message: str) -> None:
    assert message in chart.render(values).error


def test_global_is_accepted_for_use_as_a_subchart(chart: Chart) -> None:
    assert chart.render(named("minimal", **{"global": {"anything": 1}})).objects
