"""The site of one version next to those of the earlier ones, on the branch gh-pages, with mike."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools.console import ROOT, Stop

BRANCH = "gh-pages"
LATEST = "latest"
_PLUGINS = "plugins: [search, offline]\n"
# Pages of `latest` lead to those of the version: servers and disks differ in what they make of a symbolic link.
_MIKE = "plugins: [search, offline, mike: {alias_type: redirect}]\n"


def configuration(text: str) -> str:
    """The configuration of mkdocs with a selector of versions, which reads ../versions.json."""
    assert _PLUGINS in text
    return text.replace(_PLUGINS, _MIKE).replace("extra:\n", "extra:\n  version: {provider: mike}\n", 1)


def deploy(programs: Path, config: Path, version: str) -> None:
    """Build the site and commit it as this version; `latest` is the newest version on the branch. Raises Stop."""
    _mike(programs, config, "deploy", version)
    listed = json.loads(_mike(programs, config, "list", "--json"))
    _mike(programs, config, "alias", "--update-aliases", _newest([one["version"] for one in listed]), LATEST)
    _mike(programs, config, "set-default", LATEST)


def _newest(listed: Sequence[str]) -> str:
    """The first of the versions, which mike sorts, that is no pre-release; without one, the first."""
    return next((version for version in listed if "-" not in version), listed[0])


def _mike(programs: Path, config: Path, command: str, *words: str) -> str:
    # mike finds mkdocs on PATH.
    variables = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    git = [command, "--config-file", str(config), "--branch", BRANCH]
    line = [str(programs / "mike"), "--quiet", *git, *words]
    done = subprocess.run(line, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Stop(f"mike {command}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
