"""`copier update` over releases of the template, with files that are the user's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import copier
import pytest
import yaml

from tests.template.conftest import copy_template
from tests.template.test_update import GIT, commit, copy, git
from tools.console import ROOT

OWN = {
    "extra_releases": [{"name": "web", "namespace": "web", "chart": "own/web", "values": "own/web.local.yaml"}],
    "extra_images": ["docker.io/library/redis:7.4"],
    "common_labels": {"team": "ml"},
    "common_annotations": {"a": "b"},
}
MINE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine, namespace: models}\n"
RELEASES = 10 if os.environ.get("KSERVE_TEST_SPACE") else 3


def with_local_values() -> set[str]:
    """The releases of charts that are not ours, and the one of ours that has values of its own."""
    text = (ROOT / "stacks" / "common" / "releases.yaml").read_text(encoding="utf-8")
    return {one["name"] for one in yaml.safe_load(text) if "repository" in one["chart"]} | {"kserve-environment"}


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """A template with tags. Each changes values, a local file, local.mk and extra/; the first has only values."""
    template = copy_template(tmp_path / "template")
    local = next((template / "template" / "values").glob("*.local.yaml*"))
    text = local.read_text(encoding="utf-8")
    istiod = template / "includes" / "values" / "istiod.yaml.jinja"
    values = istiod.read_text(encoding="utf-8")
    makefile = (template / "template" / "local.mk").read_text(encoding="utf-8")
    extra = template / "template" / "extra"
    shutil.move(extra, tmp_path / "extra")
    git(template, "init", "--quiet")
    for number in range(1, RELEASES + 1):
        if number == 1:
            local.unlink()
            (template / "template" / "local.mk").unlink()
        else:
            shutil.copytree(tmp_path / "extra", extra, dirs_exist_ok=True)
            with (extra / "Chart.yaml").open("a", encoding="utf-8") as chart:
                chart.write(f"# v1.{number}.0\n")
            local.write_text(f"{text}# Text of v1.{number}.0.\n", encoding="utf-8")
            (template / "template" / "local.mk").write_text(f"{makefile}# v1.{number}.0\n", encoding="utf-8")
        istiod.write_text(f"# As of v1.{number}.0.\n{values}", encoding="utf-8")
        commit(template, f"v1.{number}.0")
    return template


def test_releases_keep_what_is_the_users_own(releases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Local files, two of them new in the second release, manifests, changed after each update; answers change, too."""
    project = copy(releases, tmp_path / "project", "v1.1.0")
    assert not (project / "local.mk").exists()
    for name, value in GIT.items():
        monkeypatch.setenv(name, value)
    own = {project / "extra" / name: MINE for name in ("mine.yaml", "team/a/mine.json", "crds/mine.yaml")}
    own |= {project / "own" / name: MINE for name in ("web/Chart.yaml", "web/templates/web.yaml", "web.local.yaml")}
    for path in own:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(MINE, encoding="utf-8")
    commit(project)
    for number in range(2, RELEASES + 1):
        data = {"pull_secret": f"pull-{number}"} if number % 3 == 0 else OWN if number == 2 else {}
        copier.run_update(project, data, vcs_ref=f"v1.{number}.0", defaults=True, overwrite=True, quiet=True)
        names = [project / "local.mk", *sorted((project / "values").glob("*.local.yaml"))]
        assert {path.name for path in names[1:]} == {f"{name}.local.yaml" for name in with_local_values()}
        names += [path for path in own if path not in names]
        assert {path: path.read_text(encoding="utf-8") for path in own} == own
        assert f"# As of v1.{number}.0.\n" in (project / "values" / "istiod.yaml").read_text(encoding="utf-8")
        own = {path: f"{path.read_text(encoding='utf-8')}# mine, {number}\n" for path in names}
        for path, text in own.items():
            path.write_text(text, encoding="utf-8")
        commit(project)
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert OWN.items() <= answers.items()
    assert "library/redis:7.4\n" in (project / "images" / "images.txt").read_text(encoding="utf-8")
    last = yaml.safe_load((project / "releases.yaml").read_text(encoding="utf-8"))[-1]
    assert (last["name"], last["values"]) == ("web", ["own/web.local.yaml"])
    values = yaml.safe_load((project / "values" / "kserve-environment.yaml").read_text(encoding="utf-8"))
    assert (values["commonLabels"], values["commonAnnotations"]) == (OWN["common_labels"], OWN["common_annotations"])
    assert not [path for path in project.rglob("*.rej") if path.is_file()]
    text = subprocess.run(["git", "grep", "-c", "<<<<<<<"], cwd=project, capture_output=True, text=True, check=False)
    assert text.stdout == ""
