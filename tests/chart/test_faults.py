"""Whatever is wrong with one value, both helms name its key in one clear line; no template fails on it.

The faults come from the fragments of the schema: an unknown key in every map, a typo of every key, another type for
every value, null for every key of values.yaml, and a malformed text wherever the text has a form.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, Chart, Values
from tools.generate import __main__ as generate
from tools.generate import values_schema
from tools.upstream.helm import Helm

SCHEMA = values_schema.merged_fragments(generate.FRAGMENTS)
DEFAULTS: Values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
# One item of each list, and one key of each free map, so that every schema has a value.
SAMPLE: Values = {
    "tenants": [{"name": "ml", "s3": {"secret": "s3"}}],
    "registry": {"host": "harbor.corp.example", "map": {"gcr.io": "harbor.corp.example/gcr"}},
    "digests": {
        "skipRegistries": ["index.docker.io"],
        "images": {"docker.io/kserve/agent:v0.20.0": "sha256:" + "0" * 64},
    },
    "knative": {"features": {"multi-container": "enabled"}, "config": {"gc": {"min-non-active-revisions": "1"}}},
    "storage": {
        "supportedUriFormats": [{"prefix": "s3://"}],
        "containers": [
            {"name": "own", "supportedUriFormats": [{"prefix": "own://"}], "env": [{"name": "A", "value": "b"}]}
        ],
    },
}
Schema = dict[str, Any]
Steps = tuple[str | int, ...]


def places(schema: Schema, sample: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Schema]]:
    """Every value that the schema describes: its keys and indices, and its schema."""
    yield steps, schema
    for name, child in schema.get("properties", {}).items():
        yield from places(child, sample.get(name) if isinstance(sample, dict) else None, (*steps, name))
    if "items" in schema and sample:
        yield from places(schema["items"], sample[0], (*steps, 0))
    if isinstance(schema.get("additionalProperties"), dict) and sample:
        name = next(iter(sample))
        yield from places(schema["additionalProperties"], sample[name], (*steps, name))


PLACES = dict(places(SCHEMA, SAMPLE))
MAPS = {steps: schema for steps, schema in PLACES.items() if "properties" in schema}
CLOSED = {steps: schema for steps, schema in MAPS.items() if not schema.get("additionalProperties")}


def key(steps: Steps) -> str:
    """As the validation names it: storage.containers[0].name."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def pointer(steps: Steps) -> str:
    """As helm names it: /storage/containers/0/name."""
    return "".join(f"/{step}".replace("/", "~1").replace("~1", "/", 1) for step in steps)


def put(values: Values, steps: Steps, value: Any) -> Values:
    """Set one value; the maps and lists above it are there, or new maps."""
    found: Any = values
    for step in steps[:-1]:
        found = found[step] if isinstance(step, int) else found.setdefault(step, {})
    found[steps[-1]] = value
    return values


def other_type(schema: Schema) -> tuple[Any, str]:
    """A value of another type, and what helm says of it."""
    kind = schema.get("type", "enum")
    wrong: Any = {"string": 5, "boolean": "yes", "object": "text", "array": {"a": "b"}, "integer": "2", "enum": 5}[kind]
    got = {"string": "number", "boolean": "string", "object": "string", "array": "object", "integer": "string"}
    return wrong, f"got {got[kind]}, want {kind}" if kind in got else "value must be one of"


@pytest.fixture(scope="module")
def each_chart(each_helm: Helm) -> Chart:
    """The chart, rendered by either helm."""
    return Chart(each_helm.path)


def failed(chart: Chart, values: Values) -> str:
    """The error; no raw error of a template, and no text of Go's formatting."""
    error = chart.render(values).error
    assert error
    raw = re.search(r"nil pointer|wrong type for value|error calling|%!|can't|incompatible|runtime error", error)
    assert not raw, error
    return error


@pytest.mark.parametrize("steps", CLOSED, ids=key)
def test_an_unknown_key(chart: Chart, steps: Steps) -> None:
    values = put(copy.deepcopy(SAMPLE), (*steps, "zzzunknown"), 1)
    failed(chart, values)
    known = ", ".join(sorted(CLOSED[steps]["properties"]))
    name, whole = key((*steps, "zzzunknown")), key(steps) or "the chart"
    assert chart.render(values).faults == [f"values: {name} is unknown; {whole} has {known}"]


TYPOS: dict[str, Callable[[str], str]] = {
    "without a letter": lambda name: name[: len(name) // 2] + name[len(name) // 2 + 1 :],
    "with two letters swapped": lambda name: name[:1] + name[2:3] + name[1:2] + name[3:],
    "in snake case": lambda name: re.sub("([A-Z])", r"_\1", name).lower(),
}


@pytest.mark.parametrize("steps", CLOSED, ids=key)
def test_a_typo(chart: Chart, steps: Steps) -> None:
    """Each key of the map, in one set of values: the right key is suggested."""
    names = [name for name in CLOSED[steps]["properties"] if len(name) > 2]
    typos = {change(name): name for change in TYPOS.values() for name in names if change(name) not in names}
    values = copy.deepcopy(SAMPLE)
    for typo in typos:
        put(values, (*steps, typo), "x")
    lines = chart.render(values).faults
    for typo, name in typos.items():
        line = next(line for line in lines if line.startswith(f"values: {key((*steps, typo))} is unknown;"))
        assert key((*steps, name)) in line.partition("did you mean ")[2], line


def test_another_type(each_chart: Chart) -> None:
    """Every value that contains no other, all at once: helm lists them."""
    leaves = {
        s: schema for s, schema in PLACES.items() if not any(s == other[: len(s)] for other in PLACES if other != s)
    }
    values = copy.deepcopy(SAMPLE)
    for steps, schema in leaves.items():
        if steps != ("global",):
            put(values, steps, other_type(schema)[0])
    error = failed(each_chart, values)
    for steps, schema in leaves.items():
        if steps != ("global",):
            line = f"at '{pointer(steps)}': {other_type(schema)[1]}"
            assert line in error, error


@pytest.mark.parametrize(
    "steps", [steps for steps, schema in PLACES.items() if steps and schema.get("type") in ("object", "array")], ids=key
)
def test_another_type_of_a_map_or_a_list(chart: Chart, steps: Steps) -> None:
    wrong, message = other_type(PLACES[steps])
    assert f"at '{pointer(steps)}': {message}" in failed(chart, put(copy.deepcopy(SAMPLE), steps, wrong))


def in_values(steps: Steps) -> bool:
    found: Any = DEFAULTS
    for step in steps:
        if not isinstance(found, dict) or step not in found:
            return False
        found = found[step]
    return True


@pytest.mark.parametrize("parent", [steps for steps in MAPS if not steps or in_values(steps)], ids=key)
def test_null(chart: Chart, parent: Steps) -> None:
    """Helm removes the keys, and with them their defaults."""
    names = [name for name in MAPS[parent]["properties"] if in_values((*parent, name))]
    values = copy.deepcopy(SAMPLE)
    for name in names:
        put(values, (*parent, name), None)
    lines = [f"{key((*parent, name))} is null; remove the key to get its default, or give it a value" for name in names]
    if names:
        failed(chart, values)
        assert chart.render(values).faults == [f"values: {line}" for line in lines]


def test_a_malformed_text(each_chart: Chart) -> None:
    """Every text that has a form, all at once."""
    formed = {steps: schema for steps, schema in PLACES.items() if "pattern" in schema}
    values = copy.deepcopy(SAMPLE)
    for steps in formed:
        put(values, steps, "not valid(")
    # A format has one key.
    put(values, ("storage", "supportedUriFormats"), [{"prefix": "not valid("}, {"regex": "("}])
    failed(each_chart, values)
    lines = each_chart.render(values).faults
    for steps, schema in formed.items():
        if steps[-1] != "regex" and "supportedUriFormats" not in steps:
            assert f"values: {key(steps)} is not valid(; write {schema['write']}" in lines
    assert sum(line.startswith("values: storage.supportedUriFormats") for line in lines) == 2


FREE: dict[str, Any] = yaml.safe_load((CHART / "files" / "inferenceservice-config.yaml").read_text("utf-8"))


def below(value: Any, steps: Steps) -> Iterator[tuple[Steps, Any]]:
    yield steps, value
    for name, child in value.items() if isinstance(value, dict) else ():
        yield from below(child, (*steps, name))


@pytest.mark.parametrize("wrong", ["text", None], ids=repr)
def test_another_type_in_a_free_map(chart: Chart, wrong: Any) -> None:
    """Only KServe knows the types of its fields: the chart accepts the value, or names it, and never breaks."""
    fields = [item for name, content in FREE.items() for item in below(content, ("kserve", "config", name))]
    maps = [steps for steps, value in fields if isinstance(value, dict)]
    leaves = {steps for steps, value in fields if not isinstance(value, dict)}
    for steps in maps:
        outcome = chart.render(put({}, steps, wrong))
        if outcome.error:
            error = failed(chart, put({}, steps, wrong))
            assert key(steps) in error or f"at '{pointer(steps)}'" in error
    values: Values = {}
    for steps in leaves:
        put(values, steps, wrong)
    assert wrong is None or "the values disagree" in failed(chart, values)


OFFLINE = "values: offline is true, but registry.host is empty; set registry.host, or set offline to false"
REQUIREMENTS: dict[str, tuple[Values, list[str]]] = {
    "offline without a registry": (
        {"offline": True},
        [OFFLINE],
    ),
    "a typo first, then what follows from it": (
        {"offline": True, "registry": {"hots": "harbor.corp.example"}},
        [
            "values: registry.hots is unknown; did you mean registry.host?",
            OFFLINE,
        ],
    ),
    "a key in the wrong map": (
        {"host": "harbor.corp.example"},
        ["values: host is unknown; did you mean registry.host?"],
    ),
    "a ConfigMap by its whole name": (
        {"knative": {"config": {"config-deployment": {}}}},
        ["values: knative.config.config-deployment is unknown; did you mean knative.config.deployment?"],
    ),
    "a project without a registry": (
        {"registry": {"project": "kserve"}},
        ["values: registry.project is kserve, but registry.host is empty; set registry.host, too"],
    ),
    "an unknown stack": (
        {"stack": "kserve-0.1"},
        ["values: stack is kserve-0.1; choose one of knative-1.23, kserve-0.20"],
    ),
    "a cache of a host without images": (
        {"registry": {"host": "a.b", "map": {"dockr.io": "a.b/hub"}}},
        [
            "values: registry.map has dockr.io, where no image comes from; the hosts are docker.io, gcr.io, "
            "ghcr.io, nvcr.io, quay.io, registry.istio.io"
        ],
    ),
    "an ExternalSecret without names": (
        {"registry": {"pullSecret": {"externalSecret": {"enabled": True, "remoteKey": "a"}}}},
        [
            "values: registry.pullSecret.externalSecret.enabled is true, but "
            "registry.pullSecret.externalSecret.secretStoreRef.name, registry.pullSecret.name are empty; set them"
        ],
    ),
    "a tenant without a name": ({"tenants": [{}]}, ["values: tenants[0] has no name; add it"]),
    "no format": (
        {"storage": {"supportedUriFormats": []}},
        ["values: storage.supportedUriFormats is empty; write at least one format, such as {prefix: s3://}"],
    ),
    "a format of two kinds": (
        {"storage": {"supportedUriFormats": [{"regex": "a", "prefix": "a://"}]}},
        ["values: storage.supportedUriFormats[0] has prefix and regex; give it exactly one of prefix and regex"],
    ),
    "a host with a scheme": (
        {"registry": {"host": "https://a.b"}},
        [
            "values: registry.host is https://a.b; write host[:port] in lower case, without scheme and path, with a "
            "dot or a port, such as harbor.corp.example:8443"
        ],
    ),
    "a name that is too long": (
        {"gateways": {"local": {"name": "a" * 64}}},
        [
            f"values: gateways.local.name is {'a' * 64}; write at most 63 lower-case letters, digits and '-', with a "
            "letter or digit at both ends"
        ],
    ),
}


@pytest.mark.parametrize(("values", "lines"), REQUIREMENTS.values(), ids=REQUIREMENTS)
def test_says_what_is_wrong(each_chart: Chart, values: Values, lines: list[str]) -> None:
    assert each_chart.render(values).faults == lines
