# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Values that GitOps objects pass to charts, and the values that KServe's charts define."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from kserve_wiring.cluster.argocd import chart_of, sources
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.data import carried
from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, dig, mappings_of


@dataclass(frozen=True, slots=True)
class ChartUse:
    """A chart that an object installs. version: as written. values: dotted path of a chart value -> setting."""

    name: str
    version: str
    values: dict[str, Setting]


def chart_uses(cluster: Cluster) -> Iterator[ChartUse]:
    """The charts that Argo CD Applications, Flux HelmReleases and HelmCharts install."""
    for app in cluster.applications:
        for path, source in sources(app):
            name = chart_of(source)
            if name:
                yield ChartUse(name, str(source.get("targetRevision") or ""), _argocd_values(app, (*path, "helm")))
    for obj in cluster.of_kind("HelmRelease"):
        spec = obj.mapping("spec", "chart", "spec")
        values = dict(_flat(obj, ("spec", "values"), obj.get("spec", "values")))
        yield ChartUse(str(spec.get("chart") or ""), str(spec.get("version") or ""), values)
    for obj in cluster.of_kind("HelmChart"):
        chart = str(obj.get("spec", "chart") or "").rpartition("/")[2]
        values = _embedded(obj, ("spec", "valuesContent"))
        yield ChartUse(chart, str(obj.get("spec", "version") or ""), values)


def _argocd_values(app: KubeObject, path: KeyPath) -> dict[str, Setting]:
    found = _embedded(app, (*path, "values"))
    found |= dict(_flat(app, (*path, "valuesObject"), app.get(*path, "valuesObject")))
    for index, item in mappings_of(app.get(*path, "parameters")):
        if isinstance(item.get("name"), str):
            found[item["name"].partition("[")[0]] = Setting(item["name"], app, (*path, "parameters", index, "name"))
    return found


def _embedded(obj: KubeObject, path: KeyPath) -> dict[str, Setting]:
    text = obj.get(*path)
    if not isinstance(text, str):
        return {}
    try:
        value = yamltext.load_embedded(text)
    except yamltext.YamlError:
        return {}
    return {name: Setting(name, obj, path) for name, _ in _flat(obj, path, value)}


def _flat(obj: KubeObject, path: KeyPath, value: Any, name: str = "") -> Iterator[tuple[str, Setting]]:
    """Dotted path and setting of every value that is not a mapping, or an empty one."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            below = key if isinstance(key, (str, int)) else str(key)
            yield from _flat(obj, (*path, below), item, f"{name}.{key}" if name else str(key))
    elif name:
        yield name, Setting(name, obj, path)


def releases_with(chart: str, value: str) -> list[str] | None:
    """The releases of a KServe chart that define a value, oldest first; None for a chart of another project."""
    if chart not in _known():
        return None
    return [release for release, known in _known()[chart].items() if _is_known(known, value)]


def has_release(chart: str, release: str) -> bool:
    """True if the values of this release of a chart are recorded."""
    return release in _known().get(chart, {})


def _is_known(known: frozenset[str], value: str) -> bool:
    """True for a listed value, and for one above or below it. ``global`` is Helm's own."""
    parts = value.split(".")
    above = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return parts[0] == "global" or bool(above & known) or any(name.startswith(f"{value}.") for name in known)


@cache
def _known() -> dict[str, dict[str, frozenset[str]]]:
    file = carried("kserve-chart-values.yaml", "schemas/kserve-chart-values.yaml")
    data: dict[str, dict[str, Any]] = yamltext.load(file.read_text(encoding="utf-8"))
    found: dict[str, dict[str, frozenset[str]]] = {}
    for chart, releases in data.items():
        now: frozenset[str] = frozenset()
        for release, change in releases.items():
            now = (now | frozenset(dig(change, "adds") or ())) - frozenset(dig(change, "drops") or ())
            found.setdefault(chart, {})[release] = now
    return found
