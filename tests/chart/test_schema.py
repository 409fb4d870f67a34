"""values.schema.json is up to date, complete and strict, and helm's errors from it are readable."""

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


def test_generated_files_are_fresh() -> None:
    stale = [
        str(path.relative_to(ROOT)) for path, text in generate.generated().items() if path.read_text("utf-8") != text
    ]
    assert stale == []


def test_is_a_valid_schema_that_the_values_meet() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.Draft7Validator(SCHEMA).validate(VALUES)


def test_says_nothing_of_other_files() -> None:
    assert "$ref" not in json.dumps(SCHEMA)


def test_every_value_is_described_by_both() -> None:
    """Only the schema has free maps, list items and Helm's `global`."""
    in_values = set(keys(VALUES))
    in_schema = {path for path, _ in paths(SCHEMA) if "[]" not in path and path != "global"}
    free = ("knative.config.", "kserve.config.", "storage.containerSecurityContext.", "tenants")
    below_free = {path for path in in_values | in_schema if path.startswith(free)} - {"tenants"}
    assert in_schema - below_free == in_values - below_free


def test_every_value_has_a_description() -> None:
    bare = {"namespaces", "gateways"}
    missing = [path for path, schema in paths(SCHEMA) if "description" not in schema]
    assert [path for path in missing if path.split(".")[0] not in bare] == []


def test_unknown_keys_are_refused_at_every_level(chart: Chart) -> None:
    objects = ["", *(path for path, schema in paths(SCHEMA) if schema.get("additionalProperties") is False)]
    for path in objects:
        if "[]" in path:
            continue
        values: dict[str, Any] = {"unknown-key": 1}
        for name in reversed(path.split(".") if path else []):
            values = {name: values}
        assert "additional properties 'unknown-key' not allowed" in chart.render(values).error, path


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/tenants/0", {"tenants": [{"name": "a", "unknown-key": 1}]}),
        ("/tenants/0/s3", {"tenants": [{"name": "a", "s3": {"secret": "s", "unknown-key": 1}}]}),
        (
            "/storage/containers/0",
            {"storage": {"containers": [{"name": "a", "supportedUriFormats": [{"prefix": "a://"}], "unknown-key": 1}]}},
        ),
    ],
)
def test_unknown_keys_are_refused_in_lists(chart: Chart, path: str, values: dict[str, Any]) -> None:
    assert f"at '{path}': additional properties 'unknown-key' not allowed" in chart.render(values).error


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown part": ({"part": "some"}, "at '/part': value must be one of 'prerequisites', 'wiring', 'patches', 'all'"),
    "host with a scheme": ({"registry": {"host": "https://a.b"}}, "at '/registry/host': 'https://a.b' does not match"),
    "host with a path": ({"registry": {"host": "a.b/c"}}, "at '/registry/host': 'a.b/c' does not match"),
    "host without dot and port": ({"registry": {"host": "harbor"}}, "at '/registry/host': 'harbor' does not match"),
    "timeout as a number": ({"digests": {"timeout": 30}}, "at '/digests/timeout': got number, want string"),
    "quantity as a number": (
        {"storage": {"resources": {"limits": {"cpu": 1}}}},
        "at '/storage/resources/limits/cpu': got number, want string",
    ),
    "capitals in a namespace": (
        {"namespaces": {"kserve": "KServe"}},
        "at '/namespaces/kserve': 'KServe' does not match",
    ),
    "dots in a gateway's name": (
        {"gateways": {"local": {"name": "a.b"}}},
        "at '/gateways/local/name': 'a.b' does not match pattern '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'",
    ),
    "tenant without a name": ({"tenants": [{}]}, "at '/tenants/0': missing property 'name'"),
    "S3 without a Secret": ({"tenants": [{"name": "a", "s3": {}}]}, "at '/tenants/0/s3': missing property 'secret'"),
    "Knative's version with a v": (
        {"versions": {"knative": "v1.21.1"}},
        "at '/versions/knative': 'v1.21.1' does not match pattern '^[0-9]+\\\\.[0-9]+\\\\.[0-9]+$'",
    ),
    "CA that is not PEM": (
        {"registry": {"ca": {"bundle": "MIIB"}}},
        "at '/registry/ca/bundle': 'MIIB' does not match pattern '^\\\\s*(-----BEGIN CERTIFICATE-----|$)'",
    ),
    "boolean as a setting of Knative": (
        {"knative": {"features": {"multi-container": True}}},
        "at '/knative/features/multi-container': got boolean, want string",
    ),
    "unknown ConfigMap of Knative": (
        {"knative": {"config": {"config-deployment": {}}}},
        "at '/knative/config': additional properties 'config-deployment' not allowed",
    ),
    "unknown key of inferenceservice-config": (
        {"kserve": {"config": {"storageinitializer": {}}}},
        "at '/kserve/config': additional properties 'storageinitializer' not allowed",
    ),
    "malformed regular expression": (
        {"storage": {"supportedUriFormats": [{"regex": "("}]}},
        "at '/storage/supportedUriFormats/0/regex': '(' is not valid regex",
    ),
    "URI format of two kinds": (
        {"storage": {"supportedUriFormats": [{"regex": "a", "prefix": "a://"}]}},
        "at '/storage/supportedUriFormats/0': maxProperties: got 2, want 1",
    ),
    "offline without a registry": ({"offline": True}, "at '/registry/host': minLength: got 0, want 1"),
    "ExternalSecret without names": (
        {"registry": {"pullSecret": {"externalSecret": {"enabled": True}}}},
        "at '/registry/pullSecret/name': minLength: got 0, want 1",
    ),
}


@pytest.mark.parametrize(("values", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(chart: Chart, values: dict[str, Any], message: str) -> None:
    assert message in chart.render(values).error


def test_global_is_accepted_for_use_as_a_subchart(chart: Chart) -> None:
    assert chart.render(named("minimal", **{"global": {"anything": 1}})).objects
