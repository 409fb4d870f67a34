"""A finding on an environment names the value to change: its file, line and key, and the answers that make it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from kserve_wiring import Finding, Options
from kserve_wiring.checker.many import inspect_clusters
from kserve_wiring.cli import main as cli
from kserve_wiring.manifests.clusters import clusters
from kserve_wiring.manifests.environment import answers_of
from kserve_wiring.manifests.lines import line_of
from kserve_wiring.manifests.objects import KeyPath, dig, show_path
from kserve_wiring.manifests.wired_values import answers_for
from tools import stacks
from tools.console import ROOT
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

EVERYTHING = ROOT / "examples" / "everything.yaml"
STACK = str(yaml.safe_load(EVERYTHING.read_text("utf-8")).get("stack", stacks.DEFAULT))
OWN = ("kserve-environment", "kserve-prerequisites")


@dataclass(frozen=True)
class Bed:
    """An environment that a test may change, and how it is checked."""

    folder: Path
    charts: str
    helm: str

    def findings(self) -> list[Finding]:
        (report,) = inspect_clusters(
            clusters([str(self.folder)]), Options(level="warning"), charts=self.charts, helm=self.helm
        )
        return [finding for finding in report.findings if finding.code != "KW513"]

    @property
    def files(self) -> list[Path]:
        return sorted((self.folder / "values").iterdir())


@pytest.fixture
def bed(
    environment: Callable[[Path], Path],
    tmp_path: Path,
    upstream_charts: Callable[[str], Upstream],
    newest_helm: Helm,
) -> Bed:
    folder = Path(shutil.copytree(environment(EVERYTHING), tmp_path / "environment"))
    charts = next(iter(upstream_charts(STACK).folders.values())).parent
    return Bed(folder, str(charts), newest_helm.path)


def leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every text in a values file."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in steps:
        if isinstance(item, str):
            yield (*path, step), item
        yield from leaves(item, (*path, step))


def changes(bed: Bed) -> Iterator[tuple[Path, KeyPath, str]]:
    tried = set()
    for file in bed.files:
        if file.stem in OWN:
            continue  # the chart refuses what disagrees
        for path, _ in leaves(yaml.safe_load(file.read_text("utf-8"))):
            # The images of a file have the same keys and answers.
            alike = (file, path[-1], *answers_for(file.stem, path))
            if alike not in tried:
                tried.add(alike)
                text = file.read_text("utf-8")
                lines = text.splitlines(keepends=True)
                number = line_of(text, path) - 1
                old = str(dig(yaml.safe_load(text), *path))
                if old in lines[number]:
                    head, _, tail = lines[number].rpartition(old)
                    lines[number] = f"{head}{other(old)}{tail}"
                    yield file, path, "".join(lines)


def other(text: str) -> str:
    """Another host for an image, another name for a name."""
    return text.replace("harbor.corp.example:8443/", "docker.io/", 1) if "/" in text else f"{text}2"


def test_a_finding_names_the_value_that_was_changed(bed: Bed) -> None:
    """Texts in the values files of upstream's charts, of every kind, changed in turn."""
    named, unnamed = [], []
    answers = answers_of(bed.folder)
    for file, path, text in changes(bed):
        before = file.read_text("utf-8")
        file.write_text(text, encoding="utf-8")
        findings = bed.findings()
        key, line = show_path(path), line_of(text, path)
        made_from = tuple(name for name in answers_for(file.stem, path) if name in answers)
        origins = {origin for finding in findings for origin in finding.origins}
        for origin in origins:
            assert_exists(origin.file, origin.line, origin.key)
            assert set(origin.answers) <= answers
        hits = [one for one in origins if (one.file, one.line, one.key) == (str(file), line, key)]
        if findings:
            # The name of a gateway's Service: only the setting that refers to it is there, with the same answer.
            right = hits or (key == "name" and any(one.answers == made_from for one in origins))
            (named if right else unnamed).append(f"{file.name} {key} {[one.code for one in findings]}")
        assert [one.answers for one in hits] == [made_from] * len(hits)
        file.write_text(before, encoding="utf-8")
    assert unnamed == [], f"{len(named)} named"
    assert len(named) > 12


def assert_exists(file: str, line: int, key: str) -> None:
    text = Path(file).read_text("utf-8")
    if line:
        paths = {show_path(path): path for path, _ in leaves(yaml.safe_load(text))}
        assert line_of(text, paths[key]) == line


def test_a_value_that_was_removed_is_named_by_its_file(bed: Bed) -> None:
    file = bed.folder / "values" / "kserve-resources.yaml"
    text = file.read_text("utf-8")
    start = text.index("    imagePullSecrets:")
    file.write_text(text[:start], encoding="utf-8")
    findings = bed.findings()
    assert {finding.code for finding in findings} == {"KW203"}
    for finding in findings:
        first, second = finding.origins
        assert (first.file, first.line, first.key) == (str(file), 0, "")
        assert (Path(second.file).name, second.key, second.answers) == (
            "kserve-environment.yaml",
            "registry.pullSecret.name",
            ("pull_secret",),
        )


def test_the_example_of_the_documents(
    bed: Bed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "docs" / "kserve-wiring.md").read_text("utf-8")
    shown = text.partition("```text\n  KW411")[2].partition("```")[0]
    file = bed.folder / "values" / "istiod.yaml"
    file.write_text(file.read_text("utf-8").replace("k8s.corp", "k8s.orp"), encoding="utf-8")
    monkeypatch.chdir(bed.folder)
    assert cli.main(["check", ".", "--charts", bed.charts, "--helm", bed.helm]) == 1
    assert f"  KW411{shown}" in capsys.readouterr().out
