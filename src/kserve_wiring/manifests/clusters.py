# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Which of the named paths describe one cluster together: each environment is a cluster of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from kserve_wiring.manifests.folders import environments_below, is_chart, is_environment
from kserve_wiring.manifests.load import load_path


@dataclass(frozen=True, slots=True)
class ClusterPaths:
    """Paths that describe one cluster. environment: the folder of an environment, "" for other manifests."""

    environment: str
    paths: tuple[str, ...]


def clusters(paths: Iterable[str], exclude: Collection[str] = ()) -> list[ClusterPaths]:
    """Split paths into clusters: the environments among and below them, then all other manifests together.

    One environment is named together with the manifests that are applied to the same cluster. exclude: patterns of the
    files and folders that are not read.
    """
    paths = list(dict.fromkeys(paths))
    named = [path for path in paths if path != "-" and is_environment(Path(path))]
    below = {path: _below(path, exclude) for path in paths if path not in named}
    environments = _once([*named, *(path for some in below.values() for path in some)])
    if not any(below.values()) and len(environments) < 2:
        return [ClusterPaths(named[0] if named else "", tuple(paths))]
    # A folder of environments only has no other manifests. That is no mistake, so it is not named again.
    others = tuple(path for path, some in below.items() if not some or _has_manifests(path, exclude))
    found = [ClusterPaths(path, (path,)) for path in environments]
    return [*found, ClusterPaths("", others)] if others else found


def _below(path: str, exclude: Collection[str]) -> list[str]:
    folder = Path(path)
    if path == "-" or not folder.is_dir() or is_chart(folder):
        return []
    return [str(one) for one in environments_below(folder, exclude)]


def _once(folders: Iterable[str]) -> list[str]:
    """The folders without those that lead to an earlier one."""
    found: dict[Path, str] = {}
    for folder in folders:
        found.setdefault(Path(folder).resolve(), folder)
    return list(found.values())


def _has_manifests(path: str, exclude: Collection[str]) -> bool:
    loaded = load_path(path, exclude)
    return bool(loaded.manifests or loaded.problems)
