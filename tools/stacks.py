"""The stacks as the tools see them: which charts a stack consists of, and where each comes from.

The data is stacks/<stack>.yaml (versions) and stacks/common/releases.yaml (the releases of every stack).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.console import ROOT, Stop

STACKS = ROOT / "stacks"
DEFAULT = "kserve-0.20"


@dataclass(frozen=True)
class Chart:
    """An upstream chart. `repository` is an oci:// or https:// URL; `directory` is its folder in the Go module."""

    name: str
    version: str
    repository: str
    module: str
    directory: str

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.version}"


def names() -> list[str]:
    return sorted(path.stem for path in STACKS.glob("*.yaml"))


def charts(stack: str) -> list[Chart]:
    """The upstream charts of a stack, each once, in the order of installation.

    Raises:
        Stop: there is no such stack.
    """
    path = STACKS / f"{stack}.yaml"
    if not path.is_file():
        raise Stop(f"there is no stack {stack}: choose one of {', '.join(names())}")
    versions = _load(path)["versions"]
    releases = _load(STACKS / "common" / "releases.yaml")
    found = [_chart(release["chart"], versions) for release in releases if "repository" in release["chart"]]
    return list(dict.fromkeys(found))


def modules(stack: str) -> Path:
    """The folder whose go.mod and go.sum pin what a stack's tests download."""
    return STACKS / "modules" / stack


def _chart(chart: dict[str, Any], versions: dict[str, str]) -> Chart:
    module = chart["module"]
    return Chart(chart["name"], versions[chart["version"]], chart["repository"], module["path"], module["dir"])


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
