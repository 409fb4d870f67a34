"""What is refused in the folder extra/ of an environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from kserve_wiring.manifests.extra import doubled, load_extra
from kserve_wiring.manifests.load import load_text

MINE = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: mine\n  namespace: models\n"
HOMELESS = "ConfigMap mine without a namespace; write metadata.namespace"
PART = "helm reads this as a part of the chart; move it or rename it"


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / "extra" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("name", ["mine.yaml", "team/a/mine.yml", "crds/mine.yaml", "values/values.yaml"])
def test_a_manifest_at_any_depth_is_one_more_release(tmp_path: Path, name: str) -> None:
    file = write(tmp_path, name, MINE)
    loaded = load_extra(tmp_path)
    assert ([str(obj.ref) for obj in loaded.objects], loaded.problems) == (["ConfigMap models/mine"], [])
    assert (loaded.releases, loaded.unread) == (["extra"], [])
    assert (loaded.objects[0].source.file, loaded.objects[0].source.release) == (str(file), "extra")


def test_without_manifests_there_is_no_release(tmp_path: Path) -> None:
    assert load_extra(tmp_path).releases == []
    for name in ("Chart.yaml", "templates/manifests.yaml", ".mine.yaml", ".git/mine.yaml", "README.md", "mine.yaml~"):
        write(tmp_path, name, "a: b\n")
    loaded = load_extra(tmp_path)
    assert (loaded.releases, loaded.objects, loaded.problems) == ([], [], [])


@pytest.mark.parametrize(
    ("name", "text", "line", "message"),
    [
        ("a.yaml", "replicas: 2\n", 1, "not a Kubernetes object; write apiVersion and kind"),
        ("a.yaml", f"{MINE}---\n- a\n", 6, "not a Kubernetes object; write apiVersion and kind"),
        ("a.yaml", MINE.replace("  namespace: models\n", ""), 1, HOMELESS),
        ("a.yaml", MINE.replace("  name: mine\n", ""), 1, "a ConfigMap without a name; write metadata.name"),
        ("a.yaml", MINE.replace("name:", "generateName:", 1), 1, "a ConfigMap without a name; write metadata.name"),
        ("a.yaml", f"{MINE}<<<<<<< HEAD\n", 6, "git conflict markers; resolve them"),
        ("values.yaml", MINE, 0, PART),
        ("values.schema.json", "{}", 0, PART),
        ("requirements.yaml", MINE, 0, PART),
        ("templates/a.yaml", MINE, 0, PART),
        ("charts/a/b.yaml", MINE, 0, PART),
    ],
)
def test_what_the_chart_would_not_apply_is_a_problem(
    tmp_path: Path, name: str, text: str, line: int, message: str
) -> None:
    file = write(tmp_path, name, text)
    loaded = load_extra(tmp_path)
    (problem,) = loaded.problems
    assert (problem.file, problem.line, problem.message) == (str(file), line, message)
    assert (loaded.releases, loaded.unread) == (["extra"], ["extra"])


def test_an_object_that_helm_would_refuse_is_a_problem(tmp_path: Path) -> None:
    """The second of two, and one of another release; a patch owns no object."""
    file = write(tmp_path, "a.yaml", f"{MINE}---\n{MINE.replace('mine', 'other')}")
    second = write(tmp_path, "b.yaml", MINE)
    rendered = load_text(MINE.replace("mine", "other"), "rendered/a.yaml", release="istiod").objects
    patch = load_text(MINE, "rendered/b.yaml", release="istiod", partial=True).objects
    problems = list(doubled([*rendered, *patch, *load_extra(tmp_path).objects]))
    assert [str(problem) for problem in problems] == [
        f"{file}:6: ConfigMap models/other is in release istiod, too; remove one of them",
        f"{second}:1: ConfigMap models/mine is in {file}, too; remove one of them",
    ]


@pytest.mark.parametrize("kind", ["v1/Namespace", "resource.k8s.io/v1/DeviceClass", "example.com/v1/Team"])
def test_a_kind_without_namespaces_or_of_an_unknown_group_needs_none(tmp_path: Path, kind: str) -> None:
    version, _, kind = kind.rpartition("/")
    write(tmp_path, "a.yaml", f"apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: a\n")
    assert load_extra(tmp_path).problems == []
