"""The version of the project in the files that cannot read it from the package.

`make release` changes src/kserve_wiring/data/__init__.py, and `make generate` writes the version to the others.
"""

from __future__ import annotations

import re
from pathlib import Path

from kserve_wiring import __version__
from tools.console import ROOT

# Per file, what is before the version.
CARRIERS = {
    ROOT / "charts" / "kserve-environment" / "Chart.yaml": r"^version: ",
    ROOT / "plugins" / "helm" / "plugin.yaml": r"^version: ",
    ROOT / "docs" / "kserve-wiring.md": r"(?:copier-kserve@v|rev: v|kserve-wiring@v|kserve-wiring:)",
}
_VERSION = r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?"


def carried() -> dict[Path, str]:
    """The files, with the version of the package in each."""
    return {path: _with_version(path, before) for path, before in CARRIERS.items()}


def _with_version(path: Path, before: str) -> str:
    """Raises ValueError when the file has no version: it would keep none for ever."""
    text, changed = re.subn(rf"(?m)({before}){_VERSION}", rf"\g<1>{__version__}", path.read_text(encoding="utf-8"))
    if not changed:
        raise ValueError(f"{path}: no version behind {before}")
    return text
