"""The wheel of a release: its files, and what it requires to run."""

from __future__ import annotations

import re
import zipfile
from email.parser import Parser
from pathlib import Path


def contents(wheel: Path) -> dict[str, bytes]:
    """The files by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def requirements(wheel: Path, source: Path) -> dict[str, str]:
    """The packages that it requires to run, in the versions that requirements.lock has tested."""
    locked = dict(re.findall(r"(?m)^([a-z0-9.-]+)==(\S+)", (source / "requirements.lock").read_text(encoding="utf-8")))
    files = contents(wheel)
    metadata = next(files[name] for name in files if name.endswith(".dist-info/METADATA"))
    lines = Parser().parsestr(metadata.decode()).get_all("Requires-Dist", [])
    names = [re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in lines if "extra ==" not in line]
    return {name: locked[name] for name in names}
