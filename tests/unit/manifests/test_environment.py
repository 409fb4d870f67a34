"""An environment folder: the charts that are used, the calls of helm, and the report of what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from kserve_wiring import inspect, read
from kserve_wiring.manifests.environment import find_chart, read_releases, render_environment
from tools.upstream.helm import Helm

RELEASES = """\
- name: kserve-environment
  namespace: kserve
  needs: []
  chart:
    name: kserve-environment
    path: charts/kserve-environment
  values: [values/kserve-environment.yaml]
- name: upstream
  namespace: istio-system
  needs: [kserve-environment]
  chart:
    name: base
    version: 1.27.1
    repository: https://example.com
  values: [values/upstream.yaml]
  patch: true
"""
CHART = "apiVersion: v2\nname: {}\nversion: 0.1.0\n"
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-{{ .Values.part | default "none" }}
data:
  text: {{ .Values.text | quote }}
"""


def chart(folder: Path, name: str) -> None:
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(CHART.format(name))
    (folder / "templates" / "config.yaml").write_text(TEMPLATE)


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    folder = tmp_path / "environment"
    chart(folder / "charts" / "kserve-environment", "kserve-environment")
    (folder / "values").mkdir()
    (folder / "releases.yaml").write_text(RELEASES)
    for name in ("kserve-environment", "upstream"):
        (folder / "values" / f"{name}.yaml").write_text(f"text: {name}\n")
    return folder


def test_releases_and_patches(environment: Path, tmp_path: Path, newest_helm: Helm) -> None:
    chart(tmp_path / "store" / "base-1.27.1", "base")
    loaded = render_environment(environment, charts=str(tmp_path / "store"), helm=str(newest_helm.path))
    assert loaded.problems == []
    assert [(str(obj.ref), obj.source.release, obj.source.partial) for obj in loaded.objects] == [
        ("ConfigMap kserve/kserve-environment-none", "kserve-environment", False),
        ("ConfigMap istio-system/upstream-none", "upstream", False),
        ("ConfigMap kserve/kserve-environment-patches", "kserve-environment", True),
    ]
    assert loaded.objects[2].get("data", "text") == "kserve-environment", "patches come from our chart and values"


def test_a_release_without_its_chart_is_a_note(environment: Path, tmp_path: Path, newest_helm: Helm) -> None:
    report = inspect(read(str(environment), charts=str(tmp_path / "nothing"), helm=str(newest_helm.path)))
    assert report.objects == 2, "the release of our own chart, and its patches"
    assert report.problems == []
    assert "release upstream is not checked: no chart base-1.27.1" in report.notes[0]


def test_a_release_that_helm_refuses_is_a_problem(environment: Path, tmp_path: Path, newest_helm: Helm) -> None:
    (environment / "charts" / "kserve-environment" / "templates" / "config.yaml").write_text('{{ fail "no" }}')
    report = inspect(read(str(environment), charts=str(tmp_path), helm=str(newest_helm.path)))
    assert "helm template kserve-environment failed" in report.problems[0].message


def test_a_values_file_with_a_key_twice_is_a_problem(environment: Path, tmp_path: Path, newest_helm: Helm) -> None:
    """Helm silently uses the last one, and the manifests no longer show it."""
    file = environment / "values" / "kserve-environment.yaml"
    file.write_text("text: one\npart: x\ntext: two\n")
    report = inspect(read(str(environment), charts=str(tmp_path), helm=str(newest_helm.path)))
    assert [str(problem) for problem in report.problems] == [
        f"{file}:3: duplicate key text, first on line 1: helm would use the last"
    ]


def test_without_helm(environment: Path, tmp_path: Path) -> None:
    report = inspect(read(str(environment), charts=str(tmp_path), helm=str(tmp_path / "helm")))
    assert "cannot run" in report.problems[0].message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n", "not a list of releases"),
        ("- name: x\n", "entry 1 is not a release"),
        ("[", "did not find expected node content"),
    ],
)
def test_a_broken_list_of_releases(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "releases.yaml").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_releases(tmp_path / "releases.yaml")
    assert message in str(inspect(read(str(tmp_path))).problems[0])


@pytest.mark.parametrize("name", ["base-1.27.1", "base-v1.27.1", "base"])
def test_names_of_chart_folders(name: str, tmp_path: Path) -> None:
    chart(tmp_path / name, "base")
    assert find_chart(tmp_path, "base", "1.27.1") == tmp_path / name
    assert find_chart(tmp_path, "istiod", "1.27.1") is None


def test_the_folder_of_a_chart_is_rendered(environment: Path, newest_helm: Helm) -> None:
    folder = environment / "charts" / "kserve-environment"
    loaded = read(str(folder), helm=str(newest_helm.path))
    assert [str(obj.ref) for obj in loaded.objects] == ["ConfigMap default/release-name-none"]
    assert loaded.notes == [f"{folder} is a Helm chart: checked as rendered with its default values"]
    (folder / "templates" / "config.yaml").write_text('{{ fail "no" }}')
    (problem,) = read(str(folder), helm=str(newest_helm.path)).problems
    assert str(problem).startswith(f"{folder}: helm template release-name failed: Error: ")
    assert "--debug" not in str(problem)
    assert (
        str(read(str(folder), helm="nowhere").problems[0]) == f"{folder}: cannot run nowhere: No such file or directory"
    )
