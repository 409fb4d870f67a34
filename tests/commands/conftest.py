"""Registries, a template with a URL, and a person's machine on which nothing is configured."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands.clone import published, repository
from tests.commands.internet import Internet
from tests.commands.session import Session
from tests.mirror.conftest import world
from tests.mirror.registry import FIRST, USER
from tests.mirror.world import STACK, World
from tests.template.conftest import environment, template
from tests.template.dialogue import PROMPTS
from tools.upstream import helm
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

# What a person types at the prompts of `copier copy` for an environment with internet access.
DIALOGUE = {
    PROMPTS["environment_name"]: "prod\r",
    PROMPTS["stack"]: "\r",
    PROMPTS["details"]: "\r",
    PROMPTS["registry_host"]: "\r",
    PROMPTS["ingress_domain"]: "ml.corp.local\r",
    PROMPTS["tenants"]: "models\r",
    PROMPTS["gitops"]: "\r",
    PROMPTS["confirmation"]: "\r",
}
__all__ = ["environment", "template", "world"]


@pytest.fixture(scope="session")
def internet(world: World, upstream_charts: Callable[[str], Upstream], newest_helm: Helm) -> Iterator[Internet]:
    internet = Internet(world.folder / "internet", world.upstream)
    internet.publish(upstream_charts(STACK), newest_helm)
    yield internet
    internet.shutdown()


@pytest.fixture(scope="session")
def template_url(world: World) -> str:
    """The address of a repository with two versions of the template, whose images are those that our upstream has."""
    folder = repository(world.folder / "origin" / "copier-kserve", "v1.1.0", world.folder / "template" / "stacks")
    ignored = folder / "template" / ".gitignore"
    ignored.write_text(ignored.read_text(encoding="utf-8") + "*.swp\n", encoding="utf-8")
    return published(repository(folder, "v1.2.0"))


@pytest.fixture(scope="session")
def pipx(world: World) -> Path:
    """A folder for PATH with pipx, as a person has it."""
    venv = world.folder / "pipx"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    subprocess.run([str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "pipx"], check=True)
    (venv / "path").mkdir()
    (venv / "path" / "pipx").symlink_to(venv / "bin" / "pipx")
    return venv / "path"


@pytest.fixture
def case(request: pytest.FixtureRequest) -> tuple[str, str, int]:
    """A situation, `terminal` or `none`, and the major version of helm."""
    found: tuple[str, str, int] = request.param
    return found


@pytest.fixture
def session(
    case: tuple[str, str, int], world: World, internet: Internet, pipx: Path, template_url: str, tmp_path: Path
) -> Session:
    """A home folder in which nothing is configured, and a fresh git repository."""
    home, project = tmp_path / "home", tmp_path / "project"
    shutil.copytree(world.folder / "home", home)
    (home / "bin").mkdir()
    (home / "bin" / "helm").symlink_to(helm.find_major(case[2]).path)
    project.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    (tmp_path / "password").write_text(f"{FIRST}\n", encoding="utf-8")
    folders = [home / "bin", pipx.parent / "apps", pipx, "/usr/local/bin", "/usr/bin", "/bin"]
    env = {
        "HOME": str(home),
        "PATH": os.pathsep.join(map(str, folders)),
        # Installed once, for all tests.
        "PIPX_HOME": str(pipx.parent / "home"),
        "PIPX_BIN_DIR": str(pipx.parent / "apps"),
        "PIPX_DEFAULT_PYTHON": sys.executable,
        "RETRIES": "0",
        "REGISTRY_AUTH_FILE": str(home / "auth.json"),
    }
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "HTTPS_", "TMPDIR"))}
    (home / ".gitconfig").write_text("[user]\nname = test\nemail = test@example.com\n", encoding="utf-8")
    values = {"template": template_url, "folder": str(tmp_path / "carried"), "user": USER, "password": FIRST}
    values["image"] = next(image for image in world.images if "@" not in image)
    values["password_file"] = str(tmp_path / "password")
    replies = {r"User name for \S+: ": f"{USER}\n", r"Password of \S+: ": f"{FIRST}\n"} | {
        re.escape(text): reply for text, reply in DIALOGUE.items()
    }
    return Session(project, kept | env, case[1] == "terminal", values, replies, internet=internet.env)
