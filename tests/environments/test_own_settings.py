"""Each line of docs/how-to/your-own-settings.md, in an environment of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import copier
import pytest
import yaml

from kserve_wiring import inspect, read
from kserve_wiring.manifests.load import Loaded
from tools import stacks
from tools.console import ROOT
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

PAGE = ROOT / "docs" / "how-to" / "your-own-settings.md"
HARBOR = ROOT / "examples" / "offline-harbor.yaml"
Read = Callable[[Path], Loaded]


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


CHANGES = [[cell.strip("`") for cell in row] for row in rows("Examples")]
ADDED = [[cell.strip("`") for cell in row] for row in rows("Your own manifests")]
REFUSED = [(row[0].split("`")[3], row[0].split("`")[1], row[1].strip("`")) for row in rows("What is refused")]


@pytest.fixture
def folder(environment: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(shutil.copytree(environment(HARBOR), tmp_path / "harbor"))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def rendered(upstream_charts: Callable[[str], Upstream], newest_helm: Helm) -> Read:
    charts = next(iter(upstream_charts(stacks.DEFAULT).folders.values())).parent
    return lambda folder: read(str(folder), charts=str(charts), helm=newest_helm.path)


def test_every_example_changes_the_object_that_the_page_names(folder: Path, rendered: Read) -> None:
    before = {(obj.ref, obj.source.release): obj.body for obj in rendered(Path()).objects}
    wrong = []
    for what, file, text, kind in CHANGES:
        old = (folder / file).read_text(encoding="utf-8")
        (folder / file).write_text(f"{old}{text}\n", encoding="utf-8")
        loaded = rendered(Path())
        changed = {obj.ref.kind for obj in loaded.objects if before.get((obj.ref, obj.source.release)) != obj.body}
        findings = [finding.message for finding in inspect(loaded).findings]
        if (changed, loaded.problems, findings) != (set(kind.split(", ")), [], []):
            wrong.append((what, changed, loaded.problems, findings))
        (folder / file).write_text(old, encoding="utf-8")
    assert wrong == []
    assert len(CHANGES) == 13


def test_every_refusal_is_the_line_that_the_page_prints(folder: Path, rendered: Read) -> None:
    for file, text, line in REFUSED:
        old = (folder / file).read_bytes() if (folder / file).exists() else None
        (folder / file).write_text(f"{text}\n", encoding="utf-8")
        assert [str(problem) for problem in rendered(Path()).problems] == [line]
        (folder / file).unlink() if old is None else (folder / file).write_bytes(old)
    assert len(REFUSED) == 9


def test_the_reference_of_an_image_is_the_one_that_the_page_prints(template: Path, tmp_path: Path) -> None:
    block = PAGE.read_text(encoding="utf-8").partition("## Your own images\n")[2]
    answers = yaml.safe_load(HARBOR.read_text(encoding="utf-8")) | yaml.safe_load(
        block.split("```")[1].removeprefix("yaml")
    )
    copier.run_copy(str(template), tmp_path / "x", answers, defaults=True, quiet=True)
    (line,) = [
        line
        for line in (tmp_path / "x" / "images" / "images.txt").read_text(encoding="utf-8").splitlines()
        if "redis" in line
    ]
    assert f"such as `{line.split()[1]}`" in block
    assert line.split()[1] in (tmp_path / "x" / "README.md").read_text(encoding="utf-8")


def test_every_manifest_is_an_object_without_a_finding(folder: Path, rendered: Read) -> None:
    for _, file, text in ADDED:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(f"{text}\n", encoding="utf-8")
    loaded = rendered(Path())
    assert [obj.source.file for obj in loaded.objects if obj.source.release == "extra"] == sorted(
        file for _, file, _ in ADDED
    )
    assert (loaded.problems, [finding.message for finding in inspect(loaded).findings]) == ([], [])
    assert len(loaded.releases) == 12
    assert len(ADDED) == 5
