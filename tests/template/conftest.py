"""Environments generated from the examples, once per test session, without git."""

from __future__ import annotations
from tools.console import ROOT

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import copier
import pytest
import yaml

# Situations that a user may start from, and answers that are valid but awkward.
EXAMPLES = [*sorted((ROOT / "examples").glob("*.yaml")), *sorted((ROOT / "tests" / "answers" / "valid").glob("*.yaml"))]
# The fast one, where PyYAML has it.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What Copier reads of the repository.
TEMPLATE_PARTS = ("copier.yml", "includes", "stacks", "charts", "template", "fleet")


def copy_template(target: Path) -> Path:
    """Copies the template from the working tree to a plain folder, and keeps its symbolic link."""
    target.mkdir(parents=True)
    for name in TEMPLATE_PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target / name)
    return target


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_template(tmp_path_factory.mktemp("template") / "template")


@pytest.fixture(scope="session")
def environment(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """The environment of an answers file."""

    @cache
    def generate(answers: Path) -> Path:
        target = tmp_path_factory.mktemp("environments") / answers.stem
        data = yaml.safe_load(answers.read_text(encoding="utf-8"))
        copier.run_copy(str(template), target, data, defaults=True, quiet=True)
        return target

    return generate
