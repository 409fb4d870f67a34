"""Applications of the repository that is read know which of their paths are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from kserve_wiring import inspect, read

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {name}, namespace: argocd}}
spec:
  project: default
  source:
    repoURL: {repository}
    path: {path}
    targetRevision: main
    helm: {{valueFiles: [{values}]}}
  destination: {{server: https://kubernetes.default.svc, namespace: models}}
"""
HERE, ELSEWHERE = "https://git.example.com/models.git", "https://git.example.com/charts.git"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one chart, which an Application names."""
    chart = tmp_path / "charts" / "reader"
    chart.mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: reader\nversion: 1.0.0\n", encoding="utf-8")
    (chart / "values-live.yaml").write_text("a: b\n", encoding="utf-8")
    add(tmp_path, "reader", HERE, "charts/reader", "values-live.yaml")
    return tmp_path


def add(folder: Path, name: str, repository: str, path: str, values: str) -> None:
    text = APPLICATION.format(name=name, repository=repository, path=path, values=values)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def findings(folder: Path) -> list[str]:
    report = inspect(read(str(folder)))
    return [f"{one.object.name} {one.path}" for one in report.findings if one.code == "KW523"]


def test_a_folder_of_the_repository_is_not_there(repository: Path) -> None:
    add(repository, "writer", HERE, "charts/writer", "values.yaml")
    assert findings(repository) == ["writer spec.source.path"]


def test_a_values_file_is_not_there(repository: Path) -> None:
    add(repository, "writer", "git@git.example.com:models", "charts/reader", "values-test.yaml")
    assert findings(repository) == ["writer spec.source.helm.valueFiles[0]"]


@pytest.mark.parametrize(
    ("repository_of_it", "path", "values"),
    [
        (ELSEWHERE, "charts/writer", "values.yaml"),
        (HERE, "charts/{{ name }}", "values.yaml"),
        (HERE, "charts/reader", "../reader/values-live.yaml"),
        (HERE, "charts/reader", "/charts/reader/values-live.yaml"),
        (HERE, "charts/reader", "https://example.com/values.yaml"),
    ],
)
def test_other_places_are_not_judged(repository: Path, repository_of_it: str, path: str, values: str) -> None:
    add(repository, "writer", repository_of_it, path, values)
    assert findings(repository) == []


def test_a_folder_that_is_no_repository(tmp_path: Path) -> None:
    """Nothing shows that the folder is the repository, so its paths may be anywhere."""
    add(tmp_path, "writer", HERE, "charts/writer", "values.yaml")
    assert findings(tmp_path) == []


def test_git_names_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text(f'[remote "origin"]\n\turl = {HERE}\n', encoding="utf-8")
    add(tmp_path, "writer", HERE, "charts/writer", "values.yaml")
    assert findings(tmp_path) == ["writer spec.source.path"]
