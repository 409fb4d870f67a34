"""`make lock` turns the digests in the registry into answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import copier
import pytest
import yaml

from kserve_wiring.manifests.environment import plan
from tests.mirror.registry import FIRST, Registry, pull_secret
from tests.mirror.state import error_of, references, wanted
from tests.mirror.world import STACK, World
from tools.environment import render
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm


def test_the_lock_pins_an_environment_that_skips_no_registry(
    world: World, mirrored: Registry, upstream_charts: Callable[[str], Upstream], newest_helm: Helm, tmp_path: Path
) -> None:
    assert world.make_target(world.environment, "lock").returncode == 0
    lock = yaml.safe_load((world.environment / "images.lock.yaml").read_text(encoding="utf-8"))
    tagged = {source: digest for source, digest in wanted(world.environment, world).items() if "@" not in source}
    assert lock["image_digests"] == tagged
    assert lock["_platforms"] == {source: world.images[source].platforms for source in tagged}

    pinned = world.generate(tmp_path / "pinned", **lock)

    images = references(pinned, upstream_charts(STACK), newest_helm)
    assert [image for image in images if "@sha256:" not in image] == []
    assert "registries-skipping-tag-resolving" not in "".join(
        one.text
        for one in render.render(plan(pinned, upstream_charts(STACK).folder)[0], newest_helm)
        if one.release == "kserve-environment"
    )
    secret = pull_secret(world.host, FIRST)
    assert [mirrored.pull(image, secret, world.keys / "ca.crt") for image in images] == [
        image.partition("@")[2] for image in images
    ]
    assert world.make_target(pinned, "verify-mirror").returncode == 0
    again = world.make_target(pinned, "mirror")
    assert (again.returncode, again.stderr) == (0, "")
    assert world.make_target(pinned, "lock").returncode == 0
    locked = yaml.safe_load((pinned / "images.lock.yaml").read_text(encoding="utf-8"))
    assert locked["image_digests"].items() <= lock["image_digests"].items()


@pytest.fixture
def project(world: World, mirrored: Registry, tmp_path: Path) -> Path:
    """An environment in a git repository of its own, made from a tagged version of the template."""
    return made(world, tmp_path)


def made(world: World, tmp_path: Path, **more: str) -> Path:
    template = shutil.copytree(world.folder / "template", tmp_path / "template", symlinks=True)
    commit(template)
    subprocess.run(["git", "tag", "v1.0.0"], cwd=template, check=True)
    answers = yaml.safe_load((world.environment / ".copier-answers.yml").read_text(encoding="utf-8"))
    answers = {key: value for key, value in answers.items() if not key.startswith("_")}
    project = tmp_path / "project"
    copier.run_copy(str(template), project, answers | more, defaults=True, quiet=True)
    commit(project)
    return project


@pytest.mark.parametrize("locked_before", [False, True], ids=["clean tree", "locked tree"])
def test_pin_locks_and_updates(world: World, project: Path, *, locked_before: bool) -> None:
    if locked_before:
        assert world.make_target(project, "lock").returncode == 0

    done = pin(world, project)

    assert done.returncode == 0, done.stderr
    lock = yaml.safe_load((project / "images.lock.yaml").read_text(encoding="utf-8"))

    updated = yaml.safe_load((project / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert updated["digest_policy"] == "pinned"
    assert updated["image_digests"] == lock["image_digests"]
    assert "_platforms" not in updated
    assert [target for _, target, *_ in world.lines(project) if "@sha256:" not in target] == []


def test_pin_without_knative(world: World, mirrored: Registry, tmp_path: Path) -> None:
    project = made(world, tmp_path, deployment_mode="standard", standard_ingress="ingress", digest_policy="skip")
    done = pin(world, project)
    assert done.returncode == 0, done.stderr
    lines = world.lines(project)
    assert [target for _, target, *_ in lines if "@sha256:" not in target] == []
    assert {source for source, *_ in lines} & {source for source in world.images if "/knative/" in source} == set()


def test_pin_refuses_a_dirty_tree_and_changes_nothing(world: World, project: Path) -> None:
    (project / "README.md").write_text("mine\n", encoding="utf-8")
    assert error_of(pin(world, project)) == "error: commit your changes first: copier update needs a clean git tree"
    assert not (project / "images.lock.yaml").exists()


def test_pin_refuses_a_folder_without_git(world: World, project: Path) -> None:
    shutil.rmtree(project / ".git")
    reason = "this folder is in no git repository: commit it first, copier update needs one"
    assert error_of(pin(world, project)) == f"error: {reason}"
    assert not (project / "images.lock.yaml").exists()


def test_pin_without_copier(world: World, project: Path) -> None:
    reason = "nowhere/copier is not on PATH: install it with pipx install copier, or set COPIER"
    assert error_of(pin(world, project, "COPIER=nowhere/copier")) == f"error: {reason}"
    assert not (project / "images.lock.yaml").exists()


def pin(world: World, project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return world.make_target(project, "pin", *words, PATH=path)


def commit(folder: Path) -> None:
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com"]
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "all"]):
        subprocess.run([*git, *words], cwd=folder, check=True)
