# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Read everything that a user names: paths, environment folders, parsed manifests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from kserve_wiring.manifests.environment import render_chart, render_environment
from kserve_wiring.manifests.folders import is_chart, is_environment
from kserve_wiring.manifests.load import Loaded, Problem, load_path, load_values
from kserve_wiring.manifests.objects import KubeObject

Input = str | PathLike[str] | Mapping[str, Any] | KubeObject
"""A path (file, directory, environment folder, ``-``), a parsed manifest, or a loaded object."""


def read(
    inputs: Input | Iterable[Input], *, charts: str | None = None, helm: str = "helm", exclude: Collection[str] = ()
) -> Loaded:
    """Read all inputs, which together describe one cluster. Raises nothing: what cannot be read is a problem.

    Environments below a folder are clusters of their own and are left out; see kserve_wiring.manifests.clusters.
    charts: folder with upstream charts, for an environment folder. helm: the helm program, which renders environment
    folders, and the folder of a chart with its default values. exclude: patterns of the files and
    folders below a folder that are not read.
    """
    loaded = Loaded()
    for item in [inputs] if isinstance(inputs, (str, PathLike, Mapping, KubeObject)) else inputs:
        if isinstance(item, KubeObject):
            loaded.objects.append(item)
        elif isinstance(item, Mapping):
            loaded.objects += load_values([item])
        else:
            loaded.add(_read_path(str(item), charts, helm, exclude))
    return loaded


def _read_path(path: str, charts: str | None, helm: str, exclude: Collection[str]) -> Loaded:
    if path != "-" and is_environment(Path(path)):
        return render_environment(Path(path), charts=charts, helm=helm)
    if path != "-" and is_chart(Path(path)):
        return render_chart(Path(path), helm=helm)
    loaded = load_path(path, exclude)
    if not (loaded.manifests or loaded.problems):
        # Else the check of a wrong path, or of the output of a command that failed, would pass.
        where = "<stdin>" if path == "-" else path
        loaded.problems.append(Problem(where, 0, "no manifest: nothing there has an apiVersion and a kind"))
    return loaded
