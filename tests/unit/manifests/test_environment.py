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


def test_a_release_without_its_chart_is_a_note_if_no_folder_of_charts_is_named(
    environment: Path, newest_helm: Helm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KSERVE_CHARTS", raising=False)
    report = inspect(read(str(environment), helm=str(newest_helm.path)))
    assert report.objects == 2, "the release of our own chart, and its patches"
    assert report.problems == []
    assert report.notes == [
        f"not rendered, because their charts are not in {environment}/build/charts: upstream; "
        "`make charts` fetches the charts"
    ]
    assert (report.releases, report.unread) == (["kserve-environment", "upstream"], ["upstream"])
    chart(environment / "build" / "charts" / "base-1.27.1", "base")
    assert inspect(read(str(environment), helm=str(newest_helm.path))).unread == []


@pytest.mark.parametrize("by", ["charts", "KSERVE_CHARTS"])
def test_a_chart_missing_from_a_named_folder_is_a_problem(
    by: str, environment: Path, tmp_path: Path, newest_helm: Helm, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    if by == "KSERVE_CHARTS":
        monkeypatch.setenv(by, str(store))
    named = str(store) if by == "charts" else None
    loaded = read(str(environment), charts=named, helm=str(newest_helm.path))
    assert [str(problem) for problem in loaded.problems] == [f"{store}: no such folder of charts"]
    store.mkdir()
    loaded = read(str(environment), charts=named, helm=str(newest_helm.path))
    assert [str(problem) for problem in loaded.problems] == [
        f"{store}: no chart base-1.27.1 of release upstream; get it from https://example.com"
    ]
    assert (len(loaded.objects), loaded.unread) == (2, ["upstream"])


def test_a_release_that_helm_refuses_is_a_problem(environment: Path, newest_helm: Helm) -> None:
    """Once, although the patches are a second call with the same error."""
    (environment / "charts" / "kserve-environment" / "templates" / "config.yaml").write_text('{{ fail "no" }}')
    report = inspect(read(str(environment), helm=str(newest_helm.path)))
    (problem,) = report.problems
    assert "helm template kserve-environment failed" in problem.message
    assert report.unread == ["upstream", "kserve-environment"]


def test_a_values_file_with_a_key_twice_is_a_problem(environment: Path, newest_helm: Helm) -> None:
    """Helm silently uses the last one, and the manifests no longer show it."""
    file = environment / "values" / "kserve-environment.yaml"
    file.write_text("text: one\npart: x\ntext: two\n")
    report = inspect(read(str(environment), helm=str(newest_helm.path)))
    assert [str(problem) for problem in report.problems] == [
        f"{file}:3: duplicate key text, first on line 1: helm would use the last"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a: 1\n<<<<<<< before\nb: 1\n=======\nb: 2\n>>>>>>> after\n", ":2: git conflict markers; resolve them"),
        (b"b: 2\n>>>>>>> after updating\n", ":2: git conflict markers; resolve them"),
        (b"a: b: c\n", ":1: not YAML: mapping values are not allowed in this context"),
        (b"a: \xff\n", ": not UTF-8 text"),
        (None, ": No such file or directory"),
    ],
)
def test_a_values_file_that_cannot_be_read_is_one_line(
    text: bytes | None, said: str, environment: Path, newest_helm: Helm
) -> None:
    file = environment / "values" / "kserve-environment.yaml"
    file.unlink()
    if text is not None:
        file.write_bytes(text)
    loaded = read(str(environment), helm=str(newest_helm.path))
    assert [str(problem) for problem in loaded.problems] == [f"{file}{said}"]
    assert loaded.unread == ["upstream", "kserve-environment"]


@pytest.mark.parametrize(
    ("releases", "said"),
    [
        ("[]\n", "{}: no release was rendered"),
        ("- {name: x, chart: {name: y, version: 1.0.0}}\n", "{}: no release was rendered"),
        ("- {name: x, chart: {name: y, path: charts/gone}}\n", "{}/charts/gone: no such chart"),
    ],
)
def test_an_environment_of_which_nothing_is_rendered_is_a_problem(releases: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "releases.yaml").write_text(releases)
    assert [str(problem) for problem in read(str(tmp_path)).problems] == [said.format(tmp_path)]


def test_conflict_markers_in_the_lists_of_answers_and_releases(environment: Path, newest_helm: Helm) -> None:
    for name in (".copier-answers.yml", "releases.yaml"):
        (environment / name).write_text("a: 1\n<<<<<<< before updating\n")
        loaded = read(str(environment), helm=str(newest_helm.path))
        assert f"{environment}/{name}:2: git conflict markers; resolve them" in map(str, loaded.problems)
    assert loaded.environment == str(environment)


def test_without_helm(environment: Path, tmp_path: Path) -> None:
    report = inspect(read(str(environment), helm=str(tmp_path / "helm")))
    assert [problem.message for problem in report.problems] == [
        f"cannot run {tmp_path}/helm: No such file or directory"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n", "not a list of releases"),
        ("- name: x\n", "entry 1 is not a release"),
        ("- {name: x, chart: {name: y}, values: a.yaml}\n", "values of entry 1 is not a list of files"),
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
