# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Values that GitOps objects pass to charts, and the values that KServe's charts define."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from kserve_wiring.cluster.argocd import chart_of, sources
from kserve_wiring.data import carried
from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, dig, mappings_of


def at(obj: KubeObject, *path: str | int) -> Setting:
    """The setting at a path, present or not."""
    return Setting(obj.get(*path), obj, path)


@dataclass(frozen=True, slots=True)
class ChartUse:
    """A chart that an object installs.

    name: without the path of a registry. version: as written. repository: address of the chart or of its folder.
    name_at, version_at: the settings of both. values: dotted path of a chart value -> setting. given: -> its value.
    values_at: where a value that is not set would be. unseen: other values come from a file or object.
    """

    name: str
    version: str
    repository: str
    name_at: Setting
    version_at: Setting
    values: dict[str, Setting]
    given: dict[str, Any]
    values_at: KeyPath
    unseen: bool = False


def chart_uses(objects: Sequence[KubeObject]) -> Iterator[ChartUse]:
    """The charts that Argo CD Applications, Flux HelmReleases and HelmCharts install."""
    for obj in objects:
        if obj.kind in ("Application", "ApplicationSet") and obj.group == "argoproj.io":
            for path, _ in sources(obj):
                yield from _argocd(obj, path)
        elif obj.kind == "HelmRelease":
            yield from _flux(objects, obj)
        elif obj.kind == "HelmChart":
            yield from _helm_chart(objects, obj)
        elif obj.kind == "OCIRepository":
            yield from _oci_repository(obj)


def _oci_repository(obj: KubeObject) -> Iterator[ChartUse]:
    url, tag = at(obj, "spec", "url"), at(obj, "spec", "ref", "tag")
    if url.text().startswith("oci://"):
        folder, _, name = url.text().rpartition("/")
        yield ChartUse(name, tag.text(), folder, url, tag, {}, {}, (), unseen=True)


def _argocd(app: KubeObject, path: KeyPath) -> Iterator[ChartUse]:
    revision, address = at(app, *path, "targetRevision"), at(app, *path, "repoURL")
    named = at(app, *path, "chart")
    name, repository = chart_of({"chart": named.value}), address.text()
    if not name and address.text().startswith("oci://"):  # since Argo CD 3.1, with path instead of chart
        repository, _, name = address.text().rpartition("/")
        named = address
    if not name:
        return
    values, given = _argocd_values(app, (*path, "helm"))
    unseen = bool(app.get(*path, "helm", "valueFiles") or app.get(*path, "helm", "fileParameters"))
    where = (*path, "helm", "valuesObject")
    yield ChartUse(name, revision.text(), repository, named, revision, values, given, where, unseen)


def _flux(objects: Sequence[KubeObject], obj: KubeObject) -> Iterator[ChartUse]:
    spec: KeyPath = ("spec", "chart", "spec")
    found = list(_flat(obj, ("spec", "values"), obj.get("spec", "values")))
    values, given = {item[0]: item[1] for item in found}, {item[0]: item[2] for item in found}
    source = obj.mapping(*spec, "sourceRef")
    repository = _repository(objects, source, obj.namespace)
    name, version = at(obj, *spec, "chart"), at(obj, *spec, "version")
    unseen = bool(obj.get("spec", "valuesFrom"))
    yield ChartUse(name.text(), version.text(), repository, name, version, values, given, ("spec", "values"), unseen)


def _repository(objects: Sequence[KubeObject], source: Mapping[str, Any], namespace: str) -> str:
    name, kind = source.get("name"), source.get("kind")
    own = source.get("namespace") or namespace
    if not (isinstance(name, str) and isinstance(kind, str) and isinstance(own, str)):
        return ""
    found = (obj for obj in objects if obj.kind == kind and obj.name == name and obj.namespace in ("", own))
    return next((str(obj.get("spec", "url") or "") for obj in found), "")


def _helm_chart(objects: Sequence[KubeObject], obj: KubeObject) -> Iterator[ChartUse]:
    """A HelmChart of k3s, or of Flux, which has a sourceRef."""
    named, version = at(obj, "spec", "chart"), at(obj, "spec", "version")
    folder, _, chart = named.text().rpartition("/")
    repository = folder or str(obj.get("spec", "repo") or "")
    repository = repository or _repository(objects, obj.mapping("spec", "sourceRef"), obj.namespace)
    values, given = _embedded(obj, ("spec", "valuesContent"))
    yield ChartUse(chart, version.text(), repository, named, version, values, given, ("spec", "valuesContent"))


Values = tuple[dict[str, Setting], dict[str, Any]]


def _argocd_values(app: KubeObject, path: KeyPath) -> Values:
    found, given = _embedded(app, (*path, "values"))
    for name, setting, value in _flat(app, (*path, "valuesObject"), app.get(*path, "valuesObject")):
        found[name], given[name] = setting, value
    for index, item in mappings_of(app.get(*path, "parameters")):
        if isinstance(item.get("name"), str):
            name, value = item["name"].partition("[")[0], item.get("value")
            found[name] = Setting(item["name"], app, (*path, "parameters", index, "name"))
            plain = value in ("true", "false") and item.get("forceString") is not True
            given[name] = value == "true" if plain else value
    return found, given


def _embedded(obj: KubeObject, path: KeyPath) -> Values:
    text = obj.get(*path)
    if not isinstance(text, str):
        return {}, {}
    try:
        value = yamltext.load_embedded(text)
    except yamltext.YamlError:
        return {}, {}
    found = list(_flat(obj, path, value))
    return {name: Setting(name, obj, path) for name, _, _ in found}, {name: item for name, _, item in found}


def _flat(obj: KubeObject, path: KeyPath, value: Any, name: str = "") -> Iterator[tuple[str, Setting, Any]]:
    """Dotted path, setting and content of every value that is not a mapping, or an empty one."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            below = key if isinstance(key, (str, int)) else str(key)
            yield from _flat(obj, (*path, below), item, f"{name}.{key}" if name else str(key))
    elif name:
        yield name, Setting(name, obj, path), value


# KServe's charts: the first and the first later release that lacks them, and the chart that took over.
_PUBLISHED: dict[str, tuple[tuple[int, int], tuple[int, int] | None, str]] = {
    "kserve": ((0, 11), (0, 17), "kserve-resources"),
    "kserve-crd": ((0, 11), None, ""),
    "kserve-crd-minimal": ((0, 13), None, ""),
    "llmisvc-crd": ((0, 16), (0, 17), "kserve-llmisvc-crd"),
    "llmisvc-crd-minimal": ((0, 16), (0, 17), "kserve-llmisvc-crd-minimal"),
    "llmisvc-resources": ((0, 16), (0, 17), "kserve-llmisvc-resources"),
    "kserve-resources": ((0, 17), None, "kserve"),
    "kserve-runtime-configs": ((0, 17), None, "kserve"),
    "kserve-llmisvc-crd": ((0, 17), None, "llmisvc-crd"),
    "kserve-llmisvc-crd-minimal": ((0, 17), None, "llmisvc-crd-minimal"),
    "kserve-llmisvc-resources": ((0, 17), None, "llmisvc-resources"),
    "kserve-localmodel-crd": ((0, 17), None, ""),
    "kserve-localmodel-crd-minimal": ((0, 17), None, ""),
    "kserve-localmodel-resources": ((0, 17), None, ""),
}


def published_charts() -> tuple[str, ...]:
    """Names of KServe's charts, of all releases."""
    return tuple(_PUBLISHED)


def is_published(chart: str, version: tuple[int, ...]) -> bool:
    """True if a release of KServe has this chart."""
    first, until, _ = _PUBLISHED[chart]
    return version[:2] >= first and (until is None or version[:2] < until)


def name_in(chart: str, version: tuple[int, ...]) -> str:
    """What a chart of KServe is called in another release; "" if that has none with this content."""
    other = _PUBLISHED[chart][2]
    return other if other and is_published(other, version) else ""


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
