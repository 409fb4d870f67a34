"""List the values of each release of KServe's charts.

Usage: python -m tools.generate.kserve_chart_values CLONE_OF_KSERVE

A value is known if values.yaml or a template names it. Anything is allowed below a value that a template uses as a
whole, and below one that is empty or a list in values.yaml.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from tools.console import ROOT

FILE = ROOT / "schemas" / "kserve-chart-values.yaml"
HEADER = """\
# The values of KServe's charts by release: what each adds to the one before, and what it drops. Below a listed
# value anything is allowed. Written by `python -m tools.generate.kserve_chart_values CLONE_OF_KSERVE`:
# do not edit.
"""
_RELEASE = re.compile(r"v0\.(1[1-9]|[2-9]\d)\.\d+")
_MENTIONED = re.compile(r"\.Values((?:\.[A-Za-z0-9_]+)+)")


def main(clone: Path) -> None:
    """Write the file from the tags of a clone."""
    tags = [tag for tag in _git(clone, "tag").split() if _RELEASE.fullmatch(tag)]
    tags.sort(key=lambda tag: [int(part) for part in tag[1:].split(".")])
    known: dict[str, dict[str, set[str]]] = {}
    for tag in tags:
        for name, values in _charts(clone, tag):
            if values:
                known.setdefault(name, {})[tag] = values
    FILE.write_text(HEADER + "".join(_chart_text(name, known[name]) for name in sorted(known)), encoding="utf-8")


def values_of(values: str, templates: Iterator[str]) -> set[str]:
    """The known values of a chart, as dotted paths. values: the text of values.yaml."""
    found = set(_leaves(yaml.safe_load(values) or {}, ()))
    for text in templates:
        found |= {match[1:] for match in _MENTIONED.findall(text)}
    # A path above another one is dropped, unless a template uses it as a whole.
    return {path for path in found if not any(path.startswith(f"{other}.") for other in found)}


def _leaves(value: object, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, str(key)))
    elif path:
        yield ".".join(path)


def _charts(clone: Path, tag: str) -> Iterator[tuple[str, set[str]]]:
    files = _git(clone, "ls-tree", "-r", "--name-only", tag, "charts/").split()
    for file in files:
        folder = file.removesuffix("/Chart.yaml")
        if folder != file and f"{folder}/values.yaml" in files and "-crd" not in folder:
            name = yaml.safe_load(_git(clone, "show", f"{tag}:{file}"))["name"]
            texts = (_git(clone, "show", f"{tag}:{other}") for other in files if is_template(other, folder))
            yield name, values_of(_git(clone, "show", f"{tag}:{folder}/values.yaml"), texts)


def is_template(file: str, folder: str) -> bool:
    """True if helm renders a file into a chart: its own templates and files, and the library chart _common."""
    parts = (f"{folder}/templates/", f"{folder}/files/", "charts/_common/")
    return file.startswith(parts) and file.endswith((".yaml", ".tpl"))


def _chart_text(name: str, releases: dict[str, set[str]]) -> str:
    lines = [f"{name}:"]
    before: set[str] = set()
    for tag, values in releases.items():
        lines.append(f"  {tag}:")
        for title, paths in (("adds", values - before), ("drops", before - values)):
            if paths:
                lines.append(f"    {title}:")
                lines += [f"      - {path}" for path in sorted(paths)]
        if values == before:
            lines[-1] += " {}"
        before = values
    return "\n".join(lines) + "\n"


def _git(clone: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(clone), *arguments], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))
