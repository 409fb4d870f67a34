# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What a folder is: an environment, a chart, or a folder of manifests, and the environments below it."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

_MANIFEST = re.compile(r"^apiVersion:", re.MULTILINE)


def is_environment(folder: Path) -> bool:
    """True for the folder of a generated environment: its releases.yaml is a list, not a manifest such as Flux's."""
    file = folder / "releases.yaml"
    try:
        return file.is_file() and not _MANIFEST.search(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return True  # reading it as an environment reports why it cannot be read


def is_chart(folder: Path) -> bool:
    """True for the folder of a Helm chart."""
    return (folder / "Chart.yaml").is_file()


def environments_below(folder: Path, exclude: Collection[str] = ()) -> Iterator[Path]:
    """The environments in a folder, at any depth, sorted. Hidden folders, charts and environments are not entered."""
    for place, folders, files in walk(folder, exclude):
        if "releases.yaml" in files and is_environment(Path(place)):
            folders[:] = []
            yield Path(place)
        else:
            folders[:] = [] if "Chart.yaml" in files else visible(folders)


def walk(folder: Path, exclude: Collection[str] = ()) -> Iterator[tuple[str, list[str], list[str]]]:
    """``os.walk`` without the files and folders of which a pattern matches the name, or the path from the folder."""
    for place, folders, files in os.walk(folder):
        if exclude:
            start = Path(place).relative_to(folder)
            folders[:], files[:] = (
                [name for name in names if not _is_excluded(start / name, exclude)] for names in (folders, files)
            )
        yield place, folders, files


def _is_excluded(path: Path, exclude: Collection[str]) -> bool:
    texts = (path.name, path.as_posix())
    return any(fnmatchcase(text, pattern.removesuffix("/")) for pattern in exclude for text in texts)


def visible(folders: list[str]) -> list[str]:
    """The folders that are not hidden, sorted."""
    return sorted(name for name in folders if not name.startswith("."))


State = tuple[tuple[str, int, int], ...]
"""Name, size and time of each file of a chart."""


def state_of(chart: Path) -> State:
    """Equal as long as nothing in a chart, a folder or an archive, changes."""
    files = [chart]
    if chart.is_dir():  # pathlib's rglob takes five times as long, and each check of an environment asks for each chart
        files = sorted((Path(folder, name) for folder, _, names in os.walk(chart) for name in names), key=str)
    states = [(file, file.stat()) for file in files if file.is_file()]
    return tuple((str(file), state.st_size, state.st_mtime_ns) for file, state in states)
