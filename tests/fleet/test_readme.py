"""What the README, and that of a fleet, tell a person to type, in order."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kserve_wiring.fleet.answers import layers, read_fleet
from tests.commands.documents import Command, commands, files
from tests.fleet.conftest import git
from tools import stacks
from tools.console import ROOT
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = "Many environments"
# tests/live/test_fleet.py types those of kubectl; make test-registry those of pipx.
ELSEWHERE = ("kubectl ", "pipx ")

Type = Callable[[str, Path], str]


@pytest.fixture
def type_(upstream_charts: Callable[[str], Upstream], newest_helm: Helm, tmp_path: Path) -> Type:
    """Type a command in a folder: its output. helm fetches nothing; the charts of the Go modules are there."""
    charts = next(iter(upstream_charts(stacks.DEFAULT).folders.values())).parent
    helm = tmp_path / "bin" / "helm"
    helm.parent.mkdir()
    helm.write_text(f'#!/bin/sh\ntest "$1" = pull || exec "{newest_helm.path}" "$@"\n', encoding="utf-8")
    helm.chmod(0o755)
    path = f"{helm.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    names = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    source = {"PYTHONPATH": f"{ROOT / 'src'}", "CHARTS": str(charts)}
    env = os.environ | names | source | {"PATH": path}

    def typed(command: str, folder: Path) -> str:
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    return typed


def typed_in(text: str, heading: str = "") -> list[Command]:
    blocks = [one for one in commands(text) if one.block and heading in ("", one.heading)]
    return [one for one in blocks if not one.text.startswith(ELSEWHERE)]


def test_the_commands_of_the_readme(type_: Type, template_repository: Path, tmp_path: Path) -> None:
    """Three environments in five commands, of which pipx is one."""
    shown = files(README)
    (tmp_path / "prod.yaml").write_text(shown["prod.yaml"], encoding="utf-8")
    copy, *rest = typed_in(README, SECTION)
    assert len(rest) == 3
    type_(copy.text.replace("URL-OF-THIS-REPOSITORY", f"git+{template_repository.as_uri()}"), tmp_path)
    for name, text in shown.items():
        if name.startswith("answers/"):
            (tmp_path / "fleet" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "fleet" / name).write_text(text, encoding="utf-8")
    for command in rest:
        output = type_(command.text, tmp_path / "fleet")
        assert not command.output or output == command.output


def test_the_commands_of_a_fleet(type_: Type, fleet: Path) -> None:
    """Its README.md, with another stack in the first stage before the promotion. It ends as it began: committed."""
    readme = (fleet / "README.md").read_text(encoding="utf-8")
    (fleet / "answers" / "environments" / "edge-7.yaml").write_text(
        files(readme)["answers/environments/edge-7.yaml"], encoding="utf-8"
    )
    before = git(fleet, "rev-list", "--count", "HEAD")
    for command in typed_in(readme):
        if command.heading == "Argo CD":
            command = Command(command.text.replace("NAME", "edge-7"), *[0, "", True])
        if "DRY_RUN" in command.text:
            stage = fleet / "answers" / "stages" / "test.yaml"
            stage.write_text(stage.read_text(encoding="utf-8").replace("v1.0.0", "v1.1.0"), encoding="utf-8")
        if command.text.startswith(("copier update", "git rm")) and git(fleet, "status", "--porcelain"):
            git(fleet, "commit", "--all", "--quiet", "--message", "Before an update")
        type_(command.text, fleet)
    assert int(git(fleet, "rev-list", "--count", "HEAD")) >= int(before) + 2
    assert not (fleet / "environments" / "edge-7").exists()
    assert "v1.1.0" in (fleet / "answers" / "stages" / "prod.yaml").read_text(encoding="utf-8")


def test_the_table_of_files_is_that_of_the_layers(fleet: Path) -> None:
    readme = (fleet / "README.md").read_text(encoding="utf-8")
    named = {"prod-eu": "NAME", "prod": "STAGE", "eu": "REGION"}
    for file in layers(read_fleet(fleet), "prod-eu"):
        assert f"`{file.with_stem(named.get(file.stem, file.stem))}`" in readme


def test_without_copier_the_message_is_what_to_type(
    fleet: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from kserve_wiring.cli import main as cli

    monkeypatch.setitem(sys.modules, "copier", None)
    assert cli.main(["fleet", "-C", str(fleet), "generate"]) == 2
    assert capsys.readouterr().err == "kserve-wiring: copier is missing: run pipx inject kserve-wiring copier\n"
    # What is not changed needs no copy, so the other actions work without it.
    assert cli.main(["fleet", "-C", str(fleet), "status"]) == 0
