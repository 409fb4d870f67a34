# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""A generated environment folder: every release of its releases.yaml, rendered with helm."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import Any

from kserve_wiring.manifests.load import Loaded, Problem, load_path, load_text
from kserve_wiring.manifests.repeated_keys import RepeatedKeyError, load_unique
from kserve_wiring.manifests.yamltext import YamlError

CHARTS_VARIABLE = "KSERVE_CHARTS"
_TIMEOUT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Release:
    """One entry of releases.yaml. patch: `part=patches` of its chart is applied after it."""

    name: str
    namespace: str
    chart: str
    version: str
    path: str
    values: tuple[str, ...]
    patch: bool


def is_environment(folder: Path) -> bool:
    """True for the folder of a generated environment."""
    return (folder / "releases.yaml").is_file()


def render_environment(folder: Path, *, charts: str | None = None, helm: str = "helm") -> Loaded:
    """Objects of every release, marked with its name, and of the folder argocd/.

    charts: folder with upstream charts as ``<name>-<version>.tgz``, ``<name>-<version>/`` or ``<name>/``; default is
    the environment variable KSERVE_CHARTS. A release without its chart becomes a note, one that helm refuses becomes a
    problem.
    """
    loaded = Loaded()
    try:
        releases = read_releases(folder / "releases.yaml")
    except (OSError, ValueError) as error:
        return Loaded(problems=[Problem(str(folder / "releases.yaml"), 0, str(error))])
    store = Path(charts or environ.get(CHARTS_VARIABLE, "") or folder / "charts")
    jobs = []
    for file in sorted({folder / value for release in releases for value in release.values}):
        loaded.problems += _repeated(file)
    for release in releases:
        chart = folder / release.path if release.path else find_chart(store, release.chart, release.version)
        if chart is None:
            wanted = f"{release.chart}-{release.version}"
            loaded.notes.append(
                f"release {release.name} is not checked: no chart {wanted} in {store} (use --charts DIR)"
            )
            continue
        jobs.append((release, chart, False))
        if release.patch:
            jobs.append((release, folder / "charts" / "kserve-environment", True))
    with ThreadPoolExecutor(max_workers=4) as pool:
        for result in pool.map(lambda job: _render(folder, *job, helm=helm), jobs):
            loaded.add(result)
    if (folder / "argocd").is_dir():
        loaded.add(load_path(str(folder / "argocd")))
    return loaded


def _repeated(file: Path) -> list[Problem]:
    """A duplicate key in a values file, of which helm uses the last. Helm reports all other errors itself."""
    try:
        load_unique(file.read_text(encoding="utf-8-sig"))
    except RepeatedKeyError as error:
        return [Problem(str(file), error.line, f"{error}, first on line {error.first_line}: helm would use the last")]
    except (OSError, UnicodeDecodeError, YamlError):
        pass
    return []


def read_releases(file: Path) -> list[Release]:
    """The releases of an environment. Raises OSError, and ValueError when an entry is invalid."""
    data = load_unique(file.read_text(encoding="utf-8"))
    if not isinstance(data, list):
        raise ValueError("not a list of releases")
    return [_release(index, item) for index, item in enumerate(data)]


def _release(index: int, item: Any) -> Release:
    chart = item.get("chart") if isinstance(item, Mapping) else None
    if not isinstance(item, Mapping) or not isinstance(chart, Mapping) or not item.get("name"):
        raise ValueError(f"entry {index + 1} is not a release with a name and a chart")
    values = item.get("values") or []
    return Release(
        str(item["name"]),
        str(item.get("namespace") or "default"),
        str(chart.get("name") or ""),
        str(chart.get("version") or ""),
        str(chart.get("path") or ""),
        tuple(str(value) for value in values),
        item.get("patch") is True,
    )


def find_chart(store: Path, name: str, version: str) -> Path | None:
    """A chart in a folder of charts, by its version with or without the leading v; None if it is not there."""
    bare = version.removeprefix("v")
    for wanted in (f"{name}-{version}", f"{name}-{bare}", f"{name}-v{bare}"):
        archive = store / f"{wanted}.tgz"
        if archive.is_file():
            return archive
        if (store / wanted / "Chart.yaml").is_file():
            return store / wanted
    return store / name if (store / name / "Chart.yaml").is_file() else None


def _render(folder: Path, release: Release, chart: Path, patches: bool, *, helm: str) -> Loaded:
    label = f"{release.name}-patches" if patches else release.name
    command = [helm, "template", release.name, str(chart), "--namespace", release.namespace, "--include-crds"]
    values = ("values/kserve-environment.yaml",) if patches else release.values
    for value in values:
        command += ["--values", str(folder / value)]
    if patches:
        command += ["--set", "part=patches"]
    file = f"rendered/{label}.yaml"
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_TIMEOUT_SECONDS)
    except OSError as error:
        return Loaded(problems=[Problem(file, 0, f"cannot run {helm}: {error.strerror}")])
    except subprocess.TimeoutExpired:
        return Loaded(problems=[Problem(file, 0, f"helm took longer than {_TIMEOUT_SECONDS} s")])
    if done.returncode != 0:
        message = done.stderr.decode("utf-8", "replace").strip()
        return Loaded(problems=[Problem(file, 0, f"helm template {release.name} failed: {message}")])
    text = done.stdout.decode("utf-8", "replace")
    return load_text(text, file, release=release.name, partial=patches, namespace=release.namespace)
