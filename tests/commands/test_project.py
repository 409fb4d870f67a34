"""The project's own documents, typed in order: in a clone without a virtual environment, and in new environments."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.commands.account import steps
from tests.commands.clone import repository
from tests.commands.documents import files
from tests.commands.session import Session
from tests.commands.test_environment import additions
from tools.console import ROOT
from tools.upstream import golang

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "kserve-wiring.md").read_text(encoding="utf-8")
PAGES = ("README.md", "CONTRIBUTING.md", "docs/kserve-wiring.md")
CASES = [("private-ca", "terminal", 4), ("private-ca", "none", 3)]
# These are about a clone, not about an environment.
OF_A_CLONE = ("See it work first", "Develop")


@pytest.mark.parametrize("case", CASES, indirect=True, ids=lambda case: case[1])
def test_the_readme_in_order(session: Session, template_url: str, tmp_path: Path) -> None:
    """From the installation of copier to a changed answer: with prompts only where there is a terminal."""
    session.additions = additions(README, session.terminal)
    session.values["template"], newest = before_the_newest_version(template_url, tmp_path)
    for command, _ in steps("README.md", README, "registry"):
        prompts = command.text.startswith("copier copy URL")
        if command.heading in OF_A_CLONE or (prompts and not session.terminal):
            continue
        if command.text.startswith("copier copy"):
            in_a_fresh_repository(session, tmp_path / ("prompts" if prompts else "file"))
        if command.heading == "How to check":
            session.folder = tmp_path / "file" / "clusters" / "prod"
        if command.heading == "How to update" and newest:
            commit(session.folder)
            newest = newest()
        session.type(command.text)
    assert "pull_secret: nexus-pull" in (session.folder / ".copier-answers.yml").read_text(encoding="utf-8")
    assert "environment_name: prod" in (session.folder / ".copier-answers.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES[1:], indirect=True, ids=lambda case: case[1])
def test_the_commands_of_a_developer(session: Session, tmp_path: Path) -> None:
    """README.md, CONTRIBUTING.md and docs/kserve-wiring.md in a clone in which nothing was built before."""
    session.folder = repository(tmp_path / "clone", "v1.0.0")
    session.env |= go_of_this_machine(session.env["PATH"])
    session.internet = {}
    typed = session.follow("CONTRIBUTING.md", CONTRIBUTING, "registry")
    assert typed[0] == "make setup"
    session.follow("README.md", README, "registry", first=OF_A_CLONE[0], last="What you get")
    session.follow("docs/kserve-wiring.md", PAGE, "registry")
    assert session.type("git status --porcelain").strip() == ""


def before_the_newest_version(url: str, tmp_path: Path) -> tuple[str, object]:
    """The template before its newest version, and a function that publishes that version."""
    bare = tmp_path / "copier-kserve.git"
    git = ["git", "--git-dir", str(bare)]
    subprocess.run(["git", "clone", "--quiet", "--bare", url, str(bare)], check=True)
    subprocess.run([*git, "tag", "--delete", "v1.2.0"], check=True, capture_output=True)
    return bare.as_uri(), lambda: subprocess.run([*git, "tag", "v1.2.0", "HEAD"], check=True) and None


def in_a_fresh_repository(session: Session, folder: Path) -> None:
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    (folder / "prod.yaml").write_text(files(README)["prod.yaml"], encoding="utf-8")
    session.folder = folder


def commit(folder: Path) -> None:
    """The README requires a clean git tree."""
    names = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    for words in (["add", "--all"], [*names, "commit", "--quiet", "--message", "The environment"]):
        subprocess.run(["git", *words], cwd=folder, check=True)


def go_of_this_machine(path: str) -> dict[str, str]:
    """Go, with what it has downloaded and compiled before."""
    go = golang.find_go()
    names = ["GOMODCACHE", "GOCACHE"]
    done = subprocess.run([go, "env", *names], capture_output=True, text=True, check=True)
    return dict(zip(names, done.stdout.split(), strict=True)) | {"PATH": f"{Path(go).parent}:{path}"}
