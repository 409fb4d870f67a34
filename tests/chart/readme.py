"""The chart's README as data: its files, and its commands for a stack."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.chart.conftest import CHART
from tools import stacks

README = CHART / "README.md"
Row = dict[str, str]


def files(stack: str = stacks.DEFAULT) -> dict[str, str]:
    """Every YAML file of the README by the name in its first line, for a stack."""
    found = re.findall(r"(?ms)^```yaml\n(# ([\w-]+\.yaml).*?)^```$", _text())
    row = versions()
    project = "harbor.corp.example:8443/kserve/"
    return {
        name: text.replace(f"stack: {stacks.DEFAULT}", f"stack: {stack}").replace(
            project + row[stacks.DEFAULT]["istio"], project + row[stack]["istio"]
        )
        for text, name in found
    }


def commands(block: str, stack: str = stacks.DEFAULT) -> list[str]:
    """The commands of the one console block that contains a text, for a stack."""
    blocks = [found for found in re.findall(r"(?ms)^```console\n(.*?)^```$", _text()) if block in found]
    assert len(blocks) == 1, block
    found = [command.strip() for command in re.split(r"(?m)^\$ ", blocks[0]) if command]
    return [_for_stack(command, stack) for command in found]


def versions() -> dict[str, Row]:
    """The table of versions, by stack: of each chart, and Istio's path below the project."""
    head = ("cert-manager", "base", "operator", "kserve", "istio")
    rows = re.findall(r"(?m)^\| `([\w.-]+)` \|(.*)\|$", _text().partition("| stack |")[2].partition("\n\n")[0])
    return {stack: dict(zip(head, (cell.strip() for cell in cells.split("|")), strict=True)) for stack, cells in rows}


def prepare(folder: Path, stack: str, charts: Mapping[str, Path], programs: Mapping[str, str]) -> None:
    """Make the folder of the README: the chart, its files, the pulled charts, and the programs in bin/."""
    (folder / "kserve-environment").symlink_to(CHART)
    for place, links in (("upstream", charts), ("bin", programs)):
        (folder / place).mkdir()
        for name, target in links.items():
            (folder / place / name).symlink_to(target)
    for name, text in files(stack).items():
        (folder / name).write_text(text, "utf-8")


def run(command: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the README in its folder."""
    env = {**os.environ, **variables}
    env["PATH"] = f"{folder / 'bin'}:{env['PATH']}"
    return subprocess.run(["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True, check=False)


def _for_stack(command: str, stack: str) -> str:
    """A pull has the version of the stack."""
    if not command.startswith("helm pull"):
        return command
    table = versions()
    key = next(key for key in ("cert-manager", "operator", "kserve", "base") if key in command or key == "base")
    old, new = f"--version {table[stacks.DEFAULT][key]} ", f"--version {table[stack][key]} "
    assert old in command, command
    return command.replace(old, new)


def _text() -> str:
    return README.read_text("utf-8")
