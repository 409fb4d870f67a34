"""The hook in a user's repository, installed by pre-commit from a clone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.clone import GIT
from tests.packages.conftest import mistype

PRE_COMMIT = str(Path(sys.executable).with_name("pre-commit"))


@pytest.fixture
def hooked(clone: Path, user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's repository with the configuration that docs/kserve-wiring.md shows."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    text = f"repos:\n  - repo: {clone}\n    rev: v1.0.0\n    hooks:\n      - id: kserve-wiring\n"
    (user / ".pre-commit-config.yaml").write_text(text, encoding="utf-8")
    subprocess.run([*GIT, "add", "--all"], cwd=user, check=True)
    return user


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [PRE_COMMIT, "run", "--color", "never", *arguments], cwd=folder, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def test_the_hook_reads_all_files_when_one_changes(hooked: Path) -> None:
    status, output = run(hooked, "--all-files")
    assert (status, output.count("Passed")) == (0, 1), output

    mistype(hooked)
    subprocess.run([*GIT, "commit", "--quiet", "--message", "Hook"], cwd=hooked, check=True)
    subprocess.run([*GIT, "add", "rest.yaml"], cwd=hooked, check=True)
    status, output = run(hooked)
    assert status == 1
    assert "KW4" in output
    assert "gateway.yaml" in output, "the other file of the disagreement is not part of the commit"


def test_a_commit_without_manifests_is_not_checked(hooked: Path) -> None:
    subprocess.run([*GIT, "commit", "--quiet", "--message", "Hook"], cwd=hooked, check=True)
    (hooked / "README.md").write_text("# Models\n", encoding="utf-8")
    subprocess.run([*GIT, "add", "README.md"], cwd=hooked, check=True)
    status, output = run(hooked)
    assert (status, "(no files to check)Skipped" in output) == (0, True), output
