"""The texts of the table of symptoms are in the pinned sources of the programs that print them."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from kserve_wiring.doctor.symptoms import symptoms
from tools.upstream import golang, modules

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="Go is missing, which downloads the sources")

SOURCES = sorted({tuple(source.values()) for _, symptom in symptoms() for source in symptom.sources})


@cache
def folder(module: str) -> Path:
    if module == "go":
        answer = subprocess.run([golang.find_go(), "env", "GOROOT"], check=True, capture_output=True, text=True)
        return Path(answer.stdout.strip())
    return modules.folder("symptoms", module)


@pytest.mark.parametrize(("module", "file", "text"), SOURCES, ids=lambda value: str(value)[:60])
def test_upstream_has_the_text(module: str, file: str, text: str) -> None:
    assert text in (folder(module) / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("row", [pytest.param(symptom, id=symptom.id) for _, symptom in symptoms()])
def test_each_source_belongs_to_its_pattern(row) -> None:
    """Each row has a source with a text that its patterns look for, or names the program that is not pinned."""
    assert bool(row.program) or any(_searched(row, source["text"]) for source in row.sources)


def _searched(row, text: str) -> bool:
    words = {word.strip(".,:'\"()").lower() for word in text.split() if len(word) > 3}
    wanted = " ".join(pattern.pattern for pattern in row.patterns).lower()
    return any(word in wanted for word in words) or any(text.lower() in example.lower() for example in row.examples)
