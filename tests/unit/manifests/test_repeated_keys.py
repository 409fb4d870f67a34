"""Duplicate keys: the value that is read, the one that is lost, and the lines of both."""

from __future__ import annotations

import pytest

from kserve_wiring import inspect, read
from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.load import load_text
from kserve_wiring.manifests.repeated_keys import (
    Repeated,
    RepeatedKeyError,
    load_unique,
    repeated_inside,
    repeated_keys,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\nb: 2\na: 3\n", [Repeated(("a",), "3", "1", 3, 1)]),
        ("a: 1\na: 1\n", []),
        ("a:\na: {}\na: []\na: 1\n", []),
        ("a: {b: 1}\na:\n", [Repeated(("a",), "", "{b: 1}", 2, 1)]),
        ("a: 1\na: '1'\n", [Repeated(("a",), "1", "1", 2, 1)]),
        ("a: 1\na: 2\na: 1\n", [Repeated(("a",), "1", "2", 3, 2)]),
        ("- {a: {b: [1]}}\n- a: {b: 1, b: [2]}\n", [Repeated((1, "a", "b"), "[2]", "1", 2, 2)]),
        ("a:\n  b: 1\na:\n  c: 2\n", [Repeated(("a",), "c: 2", "b: 1", 3, 1)]),
        ("x: &x {a: 1}\ny: &y {a: 2}\nz:\n  <<: *x\n  <<: *y\n  a: 3\n", []),
        ("x: &x {a: 1, a: 2}\ny: *x\n", [Repeated(("x", "a"), "2", "1", 1, 1)]),
        ("1: a\n1: b\n", [Repeated(("1",), "b", "a", 2, 1)]),
        ("'1': a\n1: b\n", []),
        ("? [a]\n: 1\n? [a]\n: 2\n", []),
        ("# é€😀\na: {é: 1}\na: {b: 2}\n", [Repeated(("a",), "{b: 2}", "{é: 1}", 3, 2)]),
    ],
)
def test_repeated_keys(text: str, found: list[Repeated]) -> None:
    assert list(repeated_keys(text)) == found


@pytest.mark.parametrize(
    ("text", "repeats"),
    [
        ("a: 1\na: 2\n", True),
        ("a: {b: 1, b: 1}\n", True),
        ("x: &x {a: 1, a: 2}\ny: *x\n", True),
        ("1: a\n1: b\n", True),
        ("'1': a\n1: b\n", False),
        ("x: &x {a: 1}\ny:\n  <<: *x\n  a: 2\n", False),
        ("a: 1\nb: {a: 1}\n", False),
    ],
)
def test_the_reader_notices(text: str, repeats: bool) -> None:
    """It looks while it reads, because most manifests have nothing to look for."""
    assert yamltext.read(text)[1] is repeats


def test_below_a_path() -> None:
    text = "items:\n- a: 1\n  a: 2\n- a: 3\n  a: 4\n"
    assert list(repeated_keys(text, ("items", 1))) == [Repeated(("a",), "4", "3", 5, 4)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("data:\n  ingress: |-\n    {\n      'a': 1,\n      'a': 2\n    }\n", (5, 4)),
        ('data:\n  ingress: "{\\"a\\": 1, \\"a\\": 2}"\n', (2, 2)),
    ],
)
def test_inside_a_string(text: str, lines: tuple[int, int]) -> None:
    assert list(repeated_inside(text, ("data", "ingress"))) == [Repeated(("a",), "2", "1", *lines)]


def test_load_unique() -> None:
    assert load_unique("a: 1\nb: 2\n") == {"a": 1, "b": 2}
    with pytest.raises(RepeatedKeyError, match="duplicate key b") as refused:
        load_unique("a: 1\nb: 1\nb: 1\n")
    assert (refused.value.first_line, refused.value.line) == (2, 3)


def test_json_may_be_indented_with_tabs() -> None:
    assert load_unique('{\n\t"a": [1,\n\t2]\n}') == {"a": [1, 2]}


def test_what_a_secret_holds_is_not_shown() -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  p: hunter2\n  p: hunter3\n"
    (finding,) = inspect(read(load_text(text, "secret.yaml").objects)).findings
    assert (finding.code, finding.path, finding.line) == ("KW516", "stringData.p", 6)
    assert "on line 5" in finding.message
    assert "hunter" not in str(finding)


def test_other_findings_point_at_the_value_that_counts() -> None:
    text = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: config-deployment, namespace: knative-serving}
data:
  digest-resolution-timeout: 10s
  digest-resolution-timeout: soon
"""
    report = inspect(read(load_text(text, "config.yaml").objects))
    assert [(finding.code, finding.line) for finding in report.findings] == [("KW103", 6), ("KW516", 6)]
