# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Which files of a folder are no manifests, according to its kustomization.

Nothing is built here. But a patch read as a manifest looks like an object without most of its fields, and kustomize may
replace the namespace of an object.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.objects import dig

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_NO_MANIFESTS = ("patches", "patchesStrategicMerge", "patchesJson6902", "transformers", "configurations")


@dataclass(frozen=True, slots=True)
class Kustomization:
    """skipped: files that are not manifests. moves: it sets the namespace of every object."""

    skipped: frozenset[Path]
    moves: bool


def read_kustomization(folder: Path, files: Collection[str]) -> Kustomization | None:
    """The kustomization of a folder; None if there is none, or if it cannot be read."""
    name = next((name for name in NAMES if name in files), None)
    if name is None:
        return None
    try:
        value = yamltext.load((folder / name).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return None
    return Kustomization(frozenset(_skipped(folder, value)), isinstance(dig(value, "namespace"), str))


def _skipped(folder: Path, value: Any) -> Iterator[Path]:
    for key in _NO_MANIFESTS:
        entries = dig(value, key)
        for entry in entries if isinstance(entries, list) else []:
            path = entry if isinstance(entry, str) else dig(entry, "path")
            if isinstance(path, str) and "\n" not in path and len(path) < 1024:
                yield Path(os.path.normpath(folder / path))
