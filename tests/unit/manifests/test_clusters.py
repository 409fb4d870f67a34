"""Which paths are one cluster together."""

from __future__ import annotations

from pathlib import Path

import pytest

from kserve_wiring import read
from kserve_wiring.manifests.clusters import clusters

MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Environments at two depths, and what a repository has besides."""
    monkeypatch.chdir(tmp_path)
    for name in ("clusters/prod", "clusters/eu/dev", "clusters/.git/old", "clusters/prod/charts/inner", "clusters/c/x"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "releases.yaml").write_text("[]\n")
    (tmp_path / "clusters" / "c" / "Chart.yaml").write_text("name: c\n")
    (tmp_path / "clusters" / "prod.answers.yaml").write_text("stack: a\n")
    return tmp_path / "clusters"


def found(*paths: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.environment, one.paths) for one in clusters(paths)]


DEV, PROD = ("clusters/eu/dev", ("clusters/eu/dev",)), ("clusters/prod", ("clusters/prod",))


def test_each_environment_below_a_folder_is_a_cluster(parent: Path) -> None:
    assert found("clusters") == [DEV, PROD]
    assert found(".") == [DEV, PROD]
    assert found("clusters", "clusters/prod", "./clusters/prod") == [PROD, DEV]
    assert found("clusters/eu") == [DEV]


def test_each_named_environment_is_a_cluster(parent: Path) -> None:
    assert found("clusters/prod", "clusters/eu/dev") == [PROD, DEV]


def test_other_manifests_are_one_cluster_of_their_own(parent: Path) -> None:
    (parent / "model.yaml").write_text(MANIFEST)
    assert found("clusters") == [DEV, PROD, ("", ("clusters",))]
    loaded = read("clusters")
    assert (len(loaded.objects), loaded.problems) == (1, [])
    assert found("clusters/eu", "clusters/model.yaml", "-") == [DEV, ("", ("clusters/model.yaml", "-"))]


def test_one_environment_and_manifests_are_one_cluster(parent: Path) -> None:
    assert found("clusters/prod", "model.yaml") == [("clusters/prod", ("clusters/prod", "model.yaml"))]


def test_paths_without_an_environment_are_one_cluster(parent: Path) -> None:
    assert found("clusters/c", "-", "nowhere") == [("", ("clusters/c", "-", "nowhere"))]


def test_a_list_of_flux_releases_is_no_environment(tmp_path: Path) -> None:
    (tmp_path / "releases.yaml").write_text(MANIFEST)
    assert found(str(tmp_path)) == [("", (str(tmp_path),))]
    loaded = read(str(tmp_path))
    assert (len(loaded.objects), loaded.problems, loaded.environment) == (1, [], "")


@pytest.mark.parametrize("text", ["[", "<<<<<<< a\n", "a: b\n"])
def test_a_broken_list_of_releases_hides_no_environment(text: str, parent: Path) -> None:
    (parent / "prod" / "releases.yaml").write_text(text)
    assert found("clusters") == [DEV, PROD]
    assert read("clusters/prod").problems[0].file == "clusters/prod/releases.yaml"
