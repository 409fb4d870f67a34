"""Finding helm: what is used, and the one line that a person gets when there is none that fits."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.tools.upstream.conftest import command
from tools.console import Stop
from tools.upstream import golang, helm


@pytest.mark.parametrize(
    ("output", "version"),
    [("v3.16.2+g13654a5", (3, 16)), ("v4.3", (4, 3)), ("Client: v2.17.0+ga690bad", (2, 17)), ("v4.10.0", (4, 10))],
)
def test_version_is_read_as_each_helm_says_it(tmp_path: Path, output: str, version: tuple[int, int]) -> None:
    assert helm.version_of(command(tmp_path, "helm", output)) == version


def test_helm_on_path_is_used(empty_path: Path) -> None:
    path = command(empty_path, "helm", "v3.16.0")
    assert helm.find() == helm.Helm(path, (3, 16))


def test_named_helm_goes_before_path(empty_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command(empty_path, "helm", "v3.17.0")
    monkeypatch.setenv("HELM", command(empty_path, "helm-of-mine", "v4.1.0"))
    assert helm.find().version == (4, 1)


def test_named_helm_too_old(empty_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = command(empty_path, "old", "v3.15.4")
    monkeypatch.setenv("HELM", path)
    with pytest.raises(Stop) as stop:
        helm.find()
    assert str(stop.value) == f"HELM is {path}, version 3.15: unset HELM or set it to a helm >= 3.16"


def test_named_helm_missing(empty_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM", "helm5")
    with pytest.raises(Stop) as stop:
        helm.find()
    assert str(stop.value) == "HELM is helm5 but there is no such command: unset HELM or set it to a helm >= 3.16"


def test_no_helm_and_no_go(empty_path: Path) -> None:
    with pytest.raises(Stop) as stop:
        helm.find()
    assert str(stop.value) == f"there is no helm on PATH and there is no Go to build one: {helm.INSTALL}"


def test_helm_on_path_too_old_and_no_go(empty_path: Path) -> None:
    command(empty_path, "helm", "v3.6.2+gee407bd")
    with pytest.raises(Stop) as stop:
        helm.find()
    assert str(stop.value) == (f"helm on PATH is too old (version 3.6) and there is no Go to build one: {helm.INSTALL}")


def test_something_else_called_helm(tmp_path: Path) -> None:
    path = command(tmp_path, "helm", "usage: helm [-n]")
    with pytest.raises(Stop) as stop:
        helm.version_of(path)
    assert str(stop.value) == f"{path} is not helm: `version --short` prints 'usage: helm [-n]'"


def test_too_old_helm_on_path_is_replaced_by_a_built_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    built = helm.build(4)
    command(tmp_path, "helm", "v3.6.2")
    go = Path(shutil.which("go") or "").parent
    monkeypatch.delenv("HELM", raising=False)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), str(go)]))
    assert helm.find() == built
    assert "helm on PATH is too old (version 3.6): using another one" in capfd.readouterr().err


def test_each_helm_has_its_major_version(each_helm: helm.Helm) -> None:
    assert each_helm.version >= helm.MINIMUM
    assert each_helm.version[0] in helm.MAJORS


@pytest.mark.parametrize("major", helm.MAJORS)
def test_pinned_helm_has_its_hash(major: int) -> None:
    module = helm.ROOT / "tools" / "upstream" / f"helm{major}"
    path = f"helm.sh/helm/v{major}"
    version = golang.pinned(module / "go.mod")[path]
    assert golang.sums(module / "go.sum")[path, version].startswith("h1:")
