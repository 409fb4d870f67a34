"""The scripts of the site, from npm, with the digests that scripts.yaml has."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import yaml

from tools.console import Stop, step

_TABLE = Path(__file__).with_name("scripts.yaml")


def write(target: Path, cache: Path) -> None:
    """Write the scripts into a folder. cache: where the packages stay. Raises Stop."""
    target.mkdir(parents=True, exist_ok=True)
    for name, package in yaml.safe_load(_TABLE.read_text(encoding="utf-8")).items():
        with tarfile.open(_archive(name, package, cache)) as archive:
            for member, script in package["files"].items():
                content = archive.extractfile(member)
                assert content
                (target / script).write_bytes(content.read())


def _archive(name: str, package: dict[str, Any], cache: Path) -> Path:
    archive = cache / f"{name}-{package['version']}.tgz"
    if not archive.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise Stop("npm is needed for the scripts of the site, but not on PATH: install Node.js")
        step(f"fetching {name}")
        cache.mkdir(parents=True, exist_ok=True)
        command = [npm, "pack", "--silent", f"{name}@{package['version']}"]
        done = subprocess.run(command, cwd=cache, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Stop(f"npm pack {name}: {done.stderr.strip()}: let npm reach its registry")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != package["integrity"]:
        archive.unlink()
        raise Stop(f"{archive.name} of npm is not the one of {_TABLE.name}")
    return archive
