# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Read everything that a user names: paths, environment folders, parsed manifests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from kserve_wiring.manifests.environment import is_environment, render_environment
from kserve_wiring.manifests.load import Loaded, load_path, load_values
from kserve_wiring.manifests.objects import KubeObject

Input = str | PathLike[str] | Mapping[str, Any] | KubeObject
"""A path (file, directory, environment folder, ``-``), a parsed manifest, or a loaded object."""


def read(inputs: Input | Iterable[Input], *, charts: str | None = None, helm: str = "helm") -> Loaded:
    """Read all inputs, which together describe one cluster. Raises nothing: what cannot be read is a problem.

    charts: folder with upstream charts, for an environment folder, which helm renders. helm: the helm program.
    """
    loaded = Loaded()
    for item in [inputs] if isinstance(inputs, (str, PathLike, Mapping, KubeObject)) else inputs:
        if isinstance(item, KubeObject):
            loaded.objects.append(item)
        elif isinstance(item, Mapping):
            loaded.objects += load_values([item])
        else:
            loaded.add(_read_path(str(item), charts, helm))
    return loaded


def _read_path(path: str, charts: str | None, helm: str) -> Loaded:
    if path != "-" and is_environment(Path(path)):
        return render_environment(Path(path), charts=charts, helm=helm)
    loaded = load_path(path)
    if not (loaded.objects or loaded.problems or loaded.notes):
        where = "standard input" if path == "-" else path
        loaded.notes.append(f"no manifest in {where}: nothing there has an apiVersion and a kind")
    return loaded
