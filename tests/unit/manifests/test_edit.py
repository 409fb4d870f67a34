"""One value or key changes, and no other character."""

from __future__ import annotations

import difflib
from typing import Any

import pytest

from kserve_wiring.manifests.edit import EditError, rename_key, replace_documents, set_value
from kserve_wiring.manifests.yamltext import documents, load
from tools.rules import manifests

TEXT = """\
# top
apiVersion: v1  # the version
metadata:
  name: x
  labels: {a: b, "c": d}
data:
  deploy: |
    {
      "defaultDeploymentMode": "RawDeploymnt",
      "n": 1
    }
  flat: '{"a": "b", "c": true}'
  yaml: |-
    - {name: ml, namespace: ü}
  folded: >
    {"a": 1}
spec:
  list:
    - name: q   # keep
      value: "1"
      enabled: false
    - &anchor {name: z}
    - *anchor
  twice: 1
  twice: 2
"""


def difference(before: str, after: str) -> list[str]:
    """The removed and the added lines."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[0] in "+-" and not line.startswith(("---", "+++"))]


@pytest.mark.parametrize(
    ("path", "value", "lines"),
    [
        (("apiVersion",), "v2", ["-apiVersion: v1  # the version", "+apiVersion: v2  # the version"]),
        (("metadata", "name"), "true", ["-  name: x", "+  name: 'true'"]),
        (("metadata", "labels", "a"), "x y", ['-  labels: {a: b, "c": d}', '+  labels: {a: "x y", "c": d}']),
        (("metadata", "labels", "a"), "y", ['-  labels: {a: b, "c": d}', '+  labels: {a: "y", "c": d}']),
        (("metadata", "labels", "e"), "1", ['-  labels: {a: b, "c": d}', '+  labels: {"e": "1", a: b, "c": d}']),
        (
            ("data", "deploy", "defaultDeploymentMode"),
            "Standard",
            ['-      "defaultDeploymentMode": "RawDeploymnt",', '+      "defaultDeploymentMode": "Standard",'],
        ),
        (("data", "deploy", "n"), 2, ['-      "n": 1', '+      "n": 2']),
        (("data", "flat", "a"), "c", ["""-  flat: '{"a": "b", "c": true}'""", """+  flat: '{"a": "c", "c": true}'"""]),
        (
            ("data", "yaml", 0, "namespace"),
            "other",
            ["-    - {name: ml, namespace: ü}", "+    - {name: ml, namespace: other}"],
        ),
        (("spec", "list", 0, "value"), "2", ['-      value: "1"', '+      value: "2"']),
        (("spec", "list", 0, "enabled"), True, ["-      enabled: false", "+      enabled: true"]),
        (
            ("spec", "list", 0, "x", "y"),
            True,
            ["-    - name: q   # keep", "+    - x:", "+        y: true", "+      name: q   # keep"],
        ),
        (("spec", "twice"), 3, ["-  twice: 2", "+  twice: 3"]),
    ],
)
def test_a_value_is_set(path: tuple[Any, ...], value: Any, lines: list[str]) -> None:
    assert difference(TEXT, set_value(TEXT, path, value)) == lines


@pytest.mark.parametrize(
    "path",
    [
        ("spec", "list", 1, "name"),  # the alias would change, too
        ("spec", "list"),
        ("spec", "list", 7),
        ("metadata", "name", "x"),
        ("data", "folded", "a"),
    ],
)
def test_a_value_that_cannot_change_alone_is_refused(path: tuple[Any, ...]) -> None:
    with pytest.raises(EditError):
        set_value(TEXT, path, "v")


def test_a_key_is_renamed() -> None:
    assert difference(TEXT, rename_key(TEXT, ("metadata", "labels", "a"), "b/c")) == [
        '-  labels: {a: b, "c": d}',
        '+  labels: {b/c: b, "c": d}',
    ]
    changed = rename_key(TEXT, ("data", "deploy", "n"), "m")
    assert difference(TEXT, changed) == ['-      "n": 1', '+      "m": 1']


@pytest.mark.parametrize("path", [("metadata", "labels", "a"), ("metadata", "labels", "z"), ("spec", "twice")])
def test_a_key_is_not_renamed_to_one_that_is_there(path: tuple[Any, ...]) -> None:
    with pytest.raises(EditError):
        rename_key(TEXT, path, "c" if path[-1] != "twice" else "list")


def test_carriage_returns_stay() -> None:
    text = "a: 1\r\nb:\r\n  c: x\r\n"
    assert set_value(text, ("b", "c"), "z") == "a: 1\r\nb:\r\n  c: z\r\n"


def test_the_other_documents_of_a_file_stay() -> None:
    text = "# head\na: 1\n---\nb: 2\n--- # tail\nc: 3\n"
    pieces = dict(documents(text))
    line, chunk = next((line, chunk) for line, chunk in pieces.items() if "b: 2" in chunk)
    assert replace_documents(text, {line: (chunk, chunk.replace("2", "4\nd: 5"))}) == (
        "# head\na: 1\n---\nb: 4\nd: 5\n--- # tail\nc: 3\n"
    )
    with pytest.raises(EditError):
        replace_documents(text, {line + 1: (chunk, "x")})


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all texts, numbers and booleans."""
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, item in enumerate(value) for leaf in leaves(item, (*path, index))]
    return [] if value is None else [path]


def test_any_leaf_of_the_fixtures_is_set() -> None:
    """set_value reads the result and compares all values itself."""
    tried, refused = 0, []
    for number, fixture in enumerate(manifests()[::5]):
        for _, chunk in documents(fixture.path.read_text(encoding="utf-8")):
            for path in leaves(load(chunk))[number % 9 :: 9]:
                tried += 1
                try:
                    set_value(chunk, path, "changed")
                except EditError:
                    refused.append((fixture.code, fixture.name, path))
    assert tried > 200
    assert refused == []
