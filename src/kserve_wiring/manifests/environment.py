# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""A generated environment folder: every release of its releases.yaml, rendered with helm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from os import environ
from pathlib import Path
from typing import Any

from kserve_wiring.manifests.extra import doubled, load_extra
from kserve_wiring.manifests.helm import HelmCall, render
from kserve_wiring.manifests.load import Loaded, Problem, load_path
from kserve_wiring.manifests.release_values import read_values, repeated, unreadable, unreadable_values
from kserve_wiring.manifests.repeated_keys import load_unique
from kserve_wiring.manifests.wired_values import refused

ANSWERS = ".copier-answers.yml"
CHARTS_VARIABLE = "KSERVE_CHARTS"
OWN_RELEASE = "kserve-environment"
"""The release of our own chart with the wiring; its `part=patches` is applied to objects of other releases."""


@dataclass(frozen=True, slots=True)
class Release:
    """One entry of releases.yaml. patch: `part=patches` of its chart is applied after it. applied: by kubectl alone."""

    name: str
    namespace: str
    chart: str
    version: str
    repository: str
    path: str
    values: tuple[str, ...]
    patch: bool
    applied: bool


def render_chart(folder: Path, *, helm: str = "helm") -> Loaded:
    """Objects of a chart with its default values. A chart that helm refuses is a problem."""
    loaded = render(HelmCall("release-name", "default", folder), helm=helm)
    if loaded.problems:
        return Loaded(problems=[Problem(str(folder), 0, problem.message) for problem in loaded.problems])
    note = f"{folder} is a Helm chart: checked as rendered with its default values"
    return replace(loaded, notes=[*loaded.notes, note])


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
    """Objects of every release, marked with its name, and of the folders argocd/ and extra/.

    charts: folder with upstream charts as ``<name>-<version>.tgz``, ``<name>-<version>/`` or ``<name>/``; default is
    the environment variable KSERVE_CHARTS, then build/charts of the environment, where `make charts` saves them. A
    release without its chart is a problem if the folder was named, else a note. One that helm refuses is a problem.
    """
    named, store = store_of(folder, charts)
    if named and not store.is_dir():
        return Loaded([], [Problem(named, 0, "no such folder of charts")], environment=str(folder))
    try:
        releases = read_releases(folder / "releases.yaml")
        calls, missing = plan(folder, lambda name, version: find_chart(store, name, version))
    except (OSError, ValueError) as error:
        return Loaded([], [_unreadable_list(folder / "releases.yaml", error)], environment=str(folder))
    names, unread = ([release.name for release in some] for some in (releases, missing))
    loaded = Loaded(environment=str(folder), releases=names, unread=unread)
    if named:
        loaded.problems += _absent_charts(missing, store)
    elif missing:
        loaded.notes.append(_not_rendered(missing, store))
    loaded.notes += _unread_values(folder, releases)
    _add_releases(loaded, calls, helm)
    problem = unreadable(folder / ANSWERS) if (folder / ANSWERS).is_file() else None
    loaded.problems += [problem] if problem else []
    if (folder / "argocd").is_dir():
        loaded.add(load_path(str(folder / "argocd")))
    loaded.add(load_extra(folder))
    loaded.problems += doubled(loaded.objects)
    if not (loaded.objects or loaded.problems):
        # Else the check of an environment without any release, or without any chart, would pass.
        loaded.problems.append(Problem(str(folder), 0, "no release was rendered"))
    return loaded


def store_of(folder: Path, charts: str | None) -> tuple[str, Path]:
    """The folder of charts that was named, "" if none was, and the folder to look into."""
    named = charts or environ.get(CHARTS_VARIABLE, "")
    return named, Path(named or folder / "build" / "charts")


def _unreadable_list(file: Path, error: OSError | ValueError) -> Problem:
    if isinstance(error, OSError):
        return Problem(str(file), 0, error.strerror or str(error))
    return unreadable(file) or Problem(str(file), getattr(error, "line", 0), str(error))


def _absent_charts(missing: Iterable[Release], store: Path) -> list[Problem]:
    """One problem for each chart that is not in a folder that was named."""
    problems: dict[str, Problem] = {}
    for one in missing:
        source = f"{one.repository}/{one.chart}" if one.repository.startswith("oci:") else one.repository
        text = f"no chart {one.chart}-{one.version} of release {one.name}"
        text += f"; get it from {source}" if source else ""
        problems.setdefault(f"{one.chart}-{one.version}", Problem(str(store), 0, text))
    return list(problems.values())


def _not_rendered(missing: Iterable[Release], store: Path) -> str:
    names = ", ".join(release.name for release in missing)
    return f"not rendered, because their charts are not in {store}: {names}; `make charts` fetches the charts"


def _unread_values(folder: Path, releases: Iterable[Release]) -> Iterable[str]:
    """A note for each local values file that sets something and belongs to no release."""
    read = {folder / file for release in releases for file in release.values}
    for file in sorted((folder / "values").glob("*.local.yaml")):
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file not in read else []
        if any(line.strip() and not line.lstrip().startswith("#") for line in lines):
            yield f"{file} has values, but no release of this environment reads it"


def _add_releases(loaded: Loaded, calls: list[HelmCall], helm: str) -> None:
    """Render every call whose values files can be read, and add the values files."""
    faults = {file: unreadable_values(file) for file in sorted({file for call in calls for file in call.values})}
    found = [problem for problem in faults.values() if problem]
    values = read_values(calls)
    refusals = list(refused(values))
    faults |= {Path(problem.file): problem for problem in refusals}
    gone = dict.fromkeys(call.chart for call in calls if not call.chart.exists())
    found += [Problem(str(chart), 0, "no such chart") for chart in gone]
    ready = [call for call in calls if call.chart not in gone and not any(faults[file] for file in call.values)]
    with ThreadPoolExecutor(max_workers=4) as pool:
        results = list(pool.map(lambda call: render(call, helm=helm), ready))
    failed = [call.release for call, result in zip(ready, results, strict=True) if result.problems]
    found += _refusals(result.problems for result in results)
    loaded.problems += found
    loaded.unread += dict.fromkeys([call.release for call in calls if call not in ready] + failed)
    for result in results:
        loaded.add(replace(result, problems=[]))
    loaded.values += values
    loaded.problems += [problem for one in values for problem in repeated(one)] + refusals


def _refusals(problems: Iterable[list[Problem]]) -> Iterable[Problem]:
    """The problems of helm, without those that repeat an earlier one: three releases share our own chart."""
    seen = set()
    for problem in (one for some in problems for one in some):
        cause = problem.message.partition(" failed: ")[2] or problem.message
        if cause not in seen:
            seen.add(cause)
            yield problem


def answers_of(folder: Path) -> frozenset[str]:
    """Names of the answers of an environment; none if they cannot be read."""
    try:
        answers = load_unique((folder / ANSWERS).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return frozenset()
    return frozenset(map(str, answers)) if isinstance(answers, Mapping) else frozenset()


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
    if not isinstance(values, list):
        raise ValueError(f"values of entry {index + 1} is not a list of files")
    return Release(
        str(item["name"]),
        str(item.get("namespace") or "default"),
        str(chart.get("name") or ""),
        str(chart.get("version") or ""),
        str(chart.get("repository") or ""),
        str(chart.get("path") or ""),
        tuple(str(value) for value in values),
        item.get("patch") is True,
        item.get("applied") is True,
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
