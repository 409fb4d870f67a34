# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""A generated environment folder: every release of its releases.yaml, rendered with helm."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from os import environ
from pathlib import Path
from typing import Any

from kserve_wiring.manifests.load import Loaded, Problem, load_path, load_text
from kserve_wiring.manifests.repeated_keys import RepeatedKeyError, load_unique
from kserve_wiring.manifests.yamltext import YamlError

CHARTS_VARIABLE = "KSERVE_CHARTS"
OWN_RELEASE = "kserve-environment"
"""The release of our own chart with the wiring; its `part=patches` is applied to objects of other releases."""

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


@dataclass(frozen=True, slots=True)
class HelmCall:
    """One `helm template` or `helm lint` of an environment, as its Makefile makes it.

    chart: folder or archive. values: files, of which later ones win. part: value of that name of our own chart, to
    render something else than the release's own part.
    """

    release: str
    namespace: str
    chart: Path
    values: tuple[Path, ...] = ()
    part: str = ""

    @property
    def arguments(self) -> list[str]:
        """What follows the name of the release, for every verb of helm."""
        values = [word for path in self.values for word in ("--values", str(path))]
        part = ["--set", f"part={self.part}"] if self.part else []
        return [str(self.chart), "--namespace", self.namespace, *values, *part]


def is_environment(folder: Path) -> bool:
    """True for the folder of a generated environment."""
    return (folder / "releases.yaml").is_file()


def is_chart(folder: Path) -> bool:
    """True for the folder of a Helm chart."""
    return (folder / "Chart.yaml").is_file()


def render_chart(folder: Path, *, helm: str = "helm") -> Loaded:
    """Objects of a chart with its default values. A chart that helm refuses is a problem."""
    loaded = _render(HelmCall("release-name", "default", folder), helm=helm)
    if loaded.problems:
        return Loaded(problems=[Problem(str(folder), 0, problem.message) for problem in loaded.problems])
    loaded.notes.append(f"{folder} is a Helm chart: checked as rendered with its default values")
    return loaded


def plan(folder: Path, chart_of: Callable[[str, str], Path | None]) -> tuple[list[HelmCall], list[Release]]:
    """The helm calls of an environment in the order of installation, and the releases whose chart is missing.

    The patches of our own chart come last, once, where some release needs them. chart_of: finds an upstream chart by
    name and version. Raises OSError and ValueError as read_releases does.
    """
    calls: list[HelmCall] = []
    missing: list[Release] = []
    patched = False
    for release in read_releases(folder / "releases.yaml"):
        patched = patched or release.patch
        chart = folder / release.path if release.path else chart_of(release.chart, release.version)
        if chart is None:
            missing.append(release)
        else:
            values = tuple(folder / file for file in release.values)
            calls.append(HelmCall(release.name, release.namespace, chart, values))
    if patched:
        calls += [replace(call, part="patches") for call in calls if call.release == OWN_RELEASE]
    return calls, missing


def render_environment(folder: Path, *, charts: str | None = None, helm: str = "helm") -> Loaded:
    """Objects of every release, marked with its name, and of the folder argocd/.

    charts: folder with upstream charts as ``<name>-<version>.tgz``, ``<name>-<version>/`` or ``<name>/``; default is
    the environment variable KSERVE_CHARTS. A release without its chart becomes a note, one that helm refuses becomes a
    problem.
    """
    loaded = Loaded()
    store = Path(charts or environ.get(CHARTS_VARIABLE, "") or folder / "charts")
    try:
        calls, missing = plan(folder, lambda name, version: find_chart(store, name, version))
    except (OSError, ValueError) as error:
        return Loaded(problems=[Problem(str(folder / "releases.yaml"), 0, str(error))])
    for file in sorted({value for call in calls for value in call.values}):
        loaded.problems += _repeated(file)
    for release in missing:
        wanted = f"{release.chart}-{release.version}"
        loaded.notes.append(f"release {release.name} is not checked: no chart {wanted} in {store} (use --charts DIR)")
    with ThreadPoolExecutor(max_workers=4) as pool:
        for result in pool.map(lambda call: _render(call, helm=helm), calls):
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


def _render(call: HelmCall, *, helm: str) -> Loaded:
    file = f"rendered/{call.release}{'-' if call.part else ''}{call.part}.yaml"
    command = [helm, "template", call.release, *call.arguments, "--include-crds"]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_TIMEOUT_SECONDS)
    except OSError as error:
        return Loaded(problems=[Problem(file, 0, f"cannot run {helm}: {error.strerror}")])
    except subprocess.TimeoutExpired:
        return Loaded(problems=[Problem(file, 0, f"helm took longer than {_TIMEOUT_SECONDS} s")])
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        message = "\n".join(line for line in lines if line and "Use --debug" not in line)
        return Loaded(problems=[Problem(file, 0, f"helm template {call.release} failed: {message}")])
    text = done.stdout.decode("utf-8", "replace")
    return load_text(text, file, release=call.release, partial=bool(call.part), namespace=call.namespace)
