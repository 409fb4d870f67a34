"""This repository as a person clones it: the files of the working tree, committed and tagged."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tools.console import ROOT

GIT = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "core.hooksPath=/dev/null"]


def repository(folder: Path, tag: str, stacks: Path | None = None) -> Path:
    """Commits the content of the folder as a version; a new folder gets the files of the working tree first.

    stacks: the folder that replaces stacks/.
    """
    if not folder.exists():
        _copy(folder)
        _git(folder, "init", "--quiet")
    if stacks:
        shutil.copytree(stacks, folder / "stacks", dirs_exist_ok=True)
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", tag)
    _git(folder, "tag", tag)
    return folder


def published(folder: Path) -> str:
    """A URL from which this repository can be cloned."""
    bare = folder.with_name(f"{folder.name}.git")
    _git(folder, "clone", "--quiet", "--bare", str(folder), str(bare))
    return bare.as_uri()


def _copy(folder: Path) -> None:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, folder / name
        # A developer may have symbolic links instead of these ignored folders.
        if name not in (".venv", "build") and (source.is_file() or source.is_symlink()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True)
