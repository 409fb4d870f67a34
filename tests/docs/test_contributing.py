"""CONTRIBUTING.md: every path and every target of make that it names exists."""

from __future__ import annotations

import re
from itertools import product

import pytest

from tools.console import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TARGETS = re.findall(r"(?m)^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"))
PLACEHOLDER = re.compile(r"<\w+>|KWnnn|^https?:")
# What does not exist before a command has run.
MADE = ("build/", "dist/", ".venv")
CODE = re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^```.*?^```$", "", TEXT))
PATHS = {code for code in CODE if re.fullmatch(r"[\w./<>*{},-]+", code) and re.search(r"/|\.(md|yml|toml)$", code)}
LINKS = set(re.findall(r"\]\(([^)]+)\)", TEXT))
COMMANDS = [target for line in re.findall(r"(?m)(?:^\$ |`)make ([a-z][a-z -]*)", TEXT) for target in line.split()]
ARGUMENTS = {word for text in re.findall(r'ARGS="([^"]*)"', TEXT) for word in text.split() if "/" in word}
EXAMPLES = set(re.findall(r"EXAMPLE=(\S+)", TEXT))


def alternatives(path: str) -> list[str]:
    """A path for each choice of its braces, as in tests/{rules,chart}."""
    parts = [part.split(",") for part in re.split(r"[{}]", path)]
    return ["".join(choice) for choice in product(*parts)]


NAMED = {
    one
    for path in PATHS | LINKS | ARGUMENTS | EXAMPLES
    if not PLACEHOLDER.search(path) and not path.startswith(MADE)
    for one in alternatives(path)
}


@pytest.mark.parametrize("path", sorted(NAMED))
def test_a_path_exists(path: str) -> None:
    assert list(ROOT.glob(path.rstrip("/"))), f"CONTRIBUTING.md names {path}, which does not exist"


@pytest.mark.parametrize("target", sorted(set(COMMANDS)))
def test_a_target_of_make_exists(target: str) -> None:
    assert target in TARGETS


def test_paths_and_targets_are_found() -> None:
    """Else the tests above would pass because they read nothing."""
    assert {"copier.yml", "pyproject.toml", "tests/live/README.md", "tests/chart", "examples/minimal.yaml"} <= NAMED
    assert {"setup", "check", "generate", "test", "test-live", "cluster"} <= set(COMMANDS)


def test_the_folders_of_placeholders_exist() -> None:
    """rules/KWnnn/ and tests/unit/<package>/ have their part before the placeholder."""
    for path in PATHS:
        before = re.split(r"<|KW", path)[0].rpartition("/")[0]
        for one in alternatives(before):
            assert not before or path.startswith(MADE) or (ROOT / one).is_dir(), path
