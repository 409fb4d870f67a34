"""The stacks: which charts a stack consists of, and where each comes from.

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
    """An upstream chart. repository: an oci:// or https:// URL. directory: its folder in the Go module."""

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
    """The upstream charts of a stack, once each, in the order of installation. Raises Stop for an unknown stack."""
    known = versions(stack)
    releases = _load(STACKS / "common" / "releases.yaml")
    found = [_chart(release["chart"], known) for release in releases if "repository" in release["chart"]]
    return list(dict.fromkeys(found))


def versions(stack: str) -> dict[str, str]:
    """The versions of a stack by component. Raises Stop for an unknown stack."""
    found: dict[str, str] = _stack(stack)["versions"]
    return found


def images(stack: str) -> dict[str, str]:
    """Upstream's references of a stack's images, by name in the image list. Raises Stop for an unknown stack."""
    data = _stack(stack)
    listed = _load(STACKS / "common" / "images.yaml")
    references = {name: data["images"].get(name) or entry["image"] for name, entry in listed.items()}
    return {name: reference.format(**data["versions"]) for name, reference in references.items()}


def conditional_images() -> set[str]:
    """Names in the image list of those that only environments with a certain answer have."""
    listed = _load(STACKS / "common" / "images.yaml")
    return {name for name, entry in listed.items() if "needs" in entry}


def values_keys() -> dict[str, str]:
    """The images that the chart kserve-environment sets: each name in the image list, and its key below `images`."""
    listed = _load(STACKS / "common" / "images.yaml")
    return {name: entry["value"] for name, entry in listed.items() if "value" in entry}


def modules(stack: str) -> Path:
    """The folder whose go.mod and go.sum pin the downloads of a stack's tests."""
    return STACKS / "modules" / stack


def _chart(chart: dict[str, Any], versions: dict[str, str]) -> Chart:
    module = chart["module"]
    return Chart(chart["name"], versions[chart["version"]], chart["repository"], module["path"], module["dir"])


def _stack(stack: str) -> Any:
    path = STACKS / f"{stack}.yaml"
    if not path.is_file():
        raise Stop(f"there is no stack {stack}: choose one of {', '.join(names())}")
    return _load(path)


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
