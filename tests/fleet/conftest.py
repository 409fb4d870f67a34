"""A fleet of three environments, made from a template in git, once per session."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import copier
import pytest
import yaml

from kserve_wiring.cli import main as cli
from tests.commands.clone import GIT
from tests.template.conftest import copy_template

ANSWERS = {
    "environment_name": "ml",
    "kind": "fleet",
    "registry_host": "harbor.corp.local:8443",
    "offline": True,
    "digest_policy": "skip",
    "ingress_domain": "ml.corp.local",
    "tenants": ["vision", {"name": "speech", "service_account": "inference"}],
    "chart_source": "oci",
    "gitops": "argocd",
    "argocd_repo_url": "https://git.corp.local/ml/clusters.git",
    "argocd_path": "ml",
}
ENVIRONMENTS = {
    "test": {"stage": "test"},
    "prod-eu": {"stage": "prod", "region": "eu"},
    "prod-us": {"stage": "prod", "tenants": ["vision"]},
}
Run = Callable[..., tuple[int, str]]


def git(folder: Path, *words: str) -> str:
    env = os.environ | {"GIT_COMMITTER_DATE": "2026-11-01T12:00:00Z"}
    done = subprocess.run([*GIT, *words], cwd=folder, env=env, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def write(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def template_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template of the working tree with the tags v1.0.0 and, with another README, v1.1.0."""
    folder = copy_template(tmp_path_factory.mktemp("fleet-template") / "template")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for version in ("v1.0.0", "v1.1.0"):
        readme = folder / "template" / "README.md.jinja"
        readme.write_text(readme.read_text(encoding="utf-8") + f"\n<!-- {version} -->\n", encoding="utf-8")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", version)
        git(folder, "tag", version)
    return folder


@pytest.fixture(scope="session")
def new_fleet(template_repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As copier writes it, with the files of three environments, of which none is generated."""
    folder = tmp_path_factory.mktemp("fleet") / "ml"
    url = f"git+{template_repository.as_uri()}"
    copier.run_copy(url, folder, ANSWERS, vcs_ref="v1.0.0", defaults=True, quiet=True)
    write(folder / "answers" / "regions" / "eu.yaml", {"ingress_domain": "eu.corp.local"})
    for name, answers in ENVIRONMENTS.items():
        write(folder / "answers" / "environments" / f"{name}.yaml", answers)
    return folder


@pytest.fixture(scope="session")
def generated(new_fleet: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fleet with all environments generated, in a git repository."""
    folder = tmp_path_factory.mktemp("generated") / "ml"
    shutil.copytree(new_fleet, folder)
    assert cli.main(["fleet", "-C", str(folder), "generate"]) == 0
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "The fleet")
    return folder


@pytest.fixture
def fleet(generated: Path, tmp_path: Path) -> Path:
    """A copy of that fleet for one test."""
    shutil.copytree(generated, tmp_path / "ml")
    return tmp_path / "ml"


@pytest.fixture
def run(fleet: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run an action of the fleet: exit code, and what it prints."""

    def action(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = cli.main(["fleet", "-C", str(fleet), *words])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return action
