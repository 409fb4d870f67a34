"""Values are those of PyYAML's own constructor with the same resolvers, only sooner."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kserve_wiring.manifests import lines, yamltext
from tools.console import ROOT
from tools.rules import manifests

FILES = [*(fixture.path for fixture in manifests()), *sorted((ROOT / "stacks").glob("*.yaml"))]
WORDS = [
    "a",
    "1",
    "0x1F",
    "0o17",
    "017",
    "1_000",
    "1e3",
    "1.5",
    ".inf",
    "12:34",
    "2001-01-01",
    "yes",
    "Off",
    "~",
    "=",
    "<<",
]
WORDS += [
    "",
    "'1'",
    '"yes"',
    "!!str 1",
    "!!int '1'",
    "!!binary YQ==",
    "!x a",
    "!!str [a]",
    "!!map a",
    "!!seq {a: 1}",
    "é",
]
WORDS += [
    "&a b",
    "*a",
    "&b [1]",
    "*b",
    "!!set {a, b}",
    "!!omap [a: 1]",
    "!!pairs [a: 1]",
    "- a",
    "[",
    "}",
    "? a",
    "|\n  x",
    "@",
]


class Plain(yamltext.Loader):
    """The loader without its shortcuts."""

    resolve = yaml.SafeLoader.resolve
    get_single_data = yaml.SafeLoader.get_single_data


def outcome(text: str, loader: Any) -> str:
    """The value with the types and the sharing that matter, or that it is refused."""
    try:
        return repr(yaml.load(text, Loader=loader))  # noqa: S506 (derived from the safe loader)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError):
        return "refused"


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_manifests(path: Path) -> None:
    for _, text in yamltext.documents(path.read_text(encoding="utf-8")):
        assert outcome(text, yamltext.Loader) == outcome(text, Plain)


def flow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(inner, inner).map(": ".join), max_size=3).map(", ".join)
    return pairs.map("{{{}}}".format) | st.lists(inner, max_size=3).map(", ".join).map("[{}]".format)


@settings(max_examples=2000)
@given(st.recursive(st.sampled_from(WORDS), flow, max_leaves=8))
def test_whatever_is_written(text: str) -> None:
    assert outcome(text, yamltext.Loader) == outcome(text, Plain)
    assert outcome(f"a: {text}\n1: {text}\n", yamltext.Loader) == outcome(f"a: {text}\n1: {text}\n", Plain)


def test_an_anchor_is_one_value() -> None:
    value = yamltext.load("a: &x [1]\nb: *x\n")
    assert value["a"] is value["b"]


def test_an_anchor_may_be_defined_again() -> None:
    text = "a: &x {k: 1}\nb: *x\nc: &x [2]\nd: *x\n"
    assert yamltext.load(text) == {"a": {"k": 1}, "b": {"k": 1}, "c": [2], "d": [2]}
    assert yamltext.load_embedded(text)["d"] == [2]
    assert lines.line_of(text, ("c", 0)) == 3
    with pytest.raises(yamltext.YamlError, match="found undefined alias 'y'"):
        yamltext.load(f"{text}e: *y\n")


# Two documents that yamltext reads in special ways: tags of its own, and an anchor that is defined again.
PLAIN = "kind: Pod\na: [yes, 0o17, 12:34, {<<: {b: 1}}]\n"
REDEFINED = "a: &x 1\nb: &x 2\nc: *x\n"


@pytest.mark.parametrize("text", [PLAIN, REDEFINED])
def test_without_libyaml_the_same_is_read(text: str) -> None:
    """PyYAML has no compiled part where no wheel fits, and in the archive for Krew."""
    read = "from kserve_wiring.manifests import yamltext; print(yamltext.parse(sys.argv[1]))"
    program = f"import sys, yaml; del yaml.CSafeLoader; {read}"
    done = subprocess.run([sys.executable, "-c", program, text], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{yamltext.parse(text)}\n"), done.stderr
