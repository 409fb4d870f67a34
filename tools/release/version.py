"""The version of a release: valid, newer than the last, with something in the changelog."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from packaging.version import InvalidVersion, Version

from tools.console import Stop
from tools.release.programs import call

SOURCE = Path("src", "kserve_wiring", "data", "__init__.py")
CHANGELOG = Path("CHANGELOG.md")
UNRELEASED = "## [Unreleased]\n"


def check(new: str, folder: Path) -> None:
    """Raises Stop when a release cannot have this version."""
    well_formed(new)
    last = [tag.removeprefix("v") for tag in _tags(folder)]
    if new in last:
        raise Stop(f"v{new} is tagged already: give a newer version")
    newer = [tag for tag in last if _order(tag) > _order(new)]
    if newer:
        raise Stop(f"v{max(newer, key=_order)} is newer than {new}: give a newer version")
    if not _unreleased((folder / CHANGELOG).read_text(encoding="utf-8")).strip():
        raise Stop("CHANGELOG.md has nothing below [Unreleased]: write what changes for users")


def well_formed(new: str) -> None:
    """Raises Stop unless this is a version as Helm and Copier want it, semantic, and as pip reads it as well."""
    if not re.fullmatch(r"\d+\.\d+\.\d+(-(alpha|beta|rc)\.\d+)?", new):
        raise Stop(f"write VERSION=1.2.3 or 1.2.3-rc.1: {new!r} is no semantic version that pip reads, too")


def write(folder: Path, new: str, day: str) -> None:
    """Set the version everywhere, and close the part of the changelog. day: as 2026-11-26."""
    source = folder / SOURCE
    text = source.read_text(encoding="utf-8")
    source.write_text(re.sub(r'(?m)^__version__ = ".*"$', f'__version__ = "{new}"', text), encoding="utf-8")
    changelog = folder / CHANGELOG
    text = changelog.read_text(encoding="utf-8")
    changelog.write_text(text.replace(UNRELEASED, f"{UNRELEASED}\n## [{new}] - {day}\n", 1), encoding="utf-8")
    # A process of its own, because this one has imported the old version.
    call([sys.executable, "-m", "tools.generate"], folder, os.environ | {"PYTHONPATH": str(folder / "src")})


def _tags(folder: Path) -> list[str]:
    return call(["git", "tag", "--list", "v[0-9]*"], folder).split()


def _order(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


def _unreleased(changelog: str) -> str:
    return changelog.partition(UNRELEASED)[2].partition("\n## [")[0]
