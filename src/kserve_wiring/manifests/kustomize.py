# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Which files of a folder are no manifests, according to its kustomization.

Nothing is built here. But a patch read as a manifest looks like an object without most of its fields, and kustomize may
replace the namespace of an object.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.objects import KeyPath, dig

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_MANIFESTS = ("resources", "crds", "components", "bases")
# Addresses of git and HTTP, and text that something fills in.
_REMOTE = re.compile(r"://|^git@|[?&]ref=|//|\.git(/|$)|^(github|gitlab|bitbucket)\.|[$<{]")
_NO_MANIFESTS = ("patches", "patchesStrategicMerge", "patchesJson6902", "transformers", "configurations")


@dataclass(frozen=True, slots=True)
class Kustomization:
    """skipped: files that are not manifests. listed: its resources. moves: it sets the namespace of every object.

    absent: where it names files or folders that are not there.
    """

    skipped: frozenset[Path]
    listed: frozenset[Path]
    moves: bool
    absent: tuple[KeyPath, ...] = ()


def read_kustomization(folder: Path, files: Collection[str]) -> Kustomization | None:
    """The kustomization of a folder; None if there is none, or if it cannot be read."""
    name = next((name for name in NAMES if name in files), None)
    if name is None:
        return None
    try:
        value = yamltext.load((folder / name).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return None
    skipped, listed = (
        frozenset(file for _, file in _files(folder, value, keys)) for keys in (_NO_MANIFESTS, ("resources", "crds"))
    )
    absent = tuple(
        path
        for path, file in _files(folder, value, (*_NO_MANIFESTS, *_MANIFESTS))
        if not _REMOTE.search(str(dig(value, *path))) and not file.exists()
    )
    return Kustomization(skipped, listed, isinstance(dig(value, "namespace"), str), absent)


def _files(folder: Path, value: Any, keys: Iterable[str]) -> Iterator[tuple[KeyPath, Path]]:
    """Where a kustomization names files, and the files."""
    for key in keys:
        entries = dig(value, key)
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            place: KeyPath = (key, index) if isinstance(entry, str) else (key, index, "path")
            path = dig(value, *place)
            if isinstance(path, str) and path and "\n" not in path and len(path) < 1024:
                yield place, Path(os.path.normpath(folder / path))
