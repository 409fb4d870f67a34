# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW509, KW510, KW512 and KW514: how Argo CD orders, judges and applies objects (wires W13 and W14)."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from kserve_wiring.cluster.argocd import chart_of, sources, spec_of
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.grammar.version import version_tuple
from kserve_wiring.manifests.objects import KubeObject, Setting, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, against, at, pair, single

_WAVE = "argocd.argoproj.io/sync-wave"
_GUARDED = ("ClusterServingRuntime", "ServingRuntime", "InferenceService", "InferenceGraph")
_HEALTH_KEY = "resource.customizations.health.serving.kserve.io_InferenceService"
_STOPPED_SINCE = (0, 15, 1)
# The first tag of each minor version whose resource_customizations/serving.kserve.io/InferenceService/health.lua has
# https://github.com/argoproj/argo-cd/pull/25312. Before 3.0 no version has it.
_STOPPED_KNOWN_SINCE = ((3, 0, 21), (3, 1, 10), (3, 2, 1), (3, 3, 0))
_KNATIVE_HEALTH_KEY = "resource.customizations.health.operator.knative.dev_KnativeServing"
# health.lua of KnativeServing does so from https://github.com/argoproj/argo-cd/pull/3728 until pull/6131.
_FAILED_SINCE, _FAILED_UNTIL = (1, 7, 0), (2, 1, 0)
_MOST_BYTES = 262144  # of all annotations of an object; client-side apply stores the whole object in one
# Repositories in git with KServe's CRDs as manifests, and the folders of KServe's own that contain them.
_LARGE_REPOSITORIES = (
    "/kserve/kserve",
    "/opendatahub-io/kserve",
    "/kubeflow/manifests",
    "/kubeflow/community-distribution",
)
_CRD_FOLDERS = re.compile(r"^(?:config/(?:crd|default|overlays)|install|charts/kserve-crd(?!-minimal))(?:/|$)")
# Charts with a CRD of more bytes, and their first release with such a CRD.
_LARGE_CHARTS = {
    "kserve-crd": (0, 14, 0),
    "llmisvc-crd": (0, 16, 0),
    "kserve-llmisvc-crd": (0, 17, 0),
    "kserve-llmisvc-crd-minimal": (0, 17, 0),
}
_SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
_NO_ANNOTATION = ("ServerSideApply=true", "Replace=true")


def _wave(obj: KubeObject) -> Setting:
    """The sync wave; 0 if it is not set."""
    setting = at(obj, "metadata", "annotations", _WAVE)
    try:
        return Setting(int(setting.text() or "0"), obj, setting.path)
    except ValueError:
        return Setting(0, obj, setting.path)


@rule("KW509")
def early_runtimes(cluster: Cluster) -> Iterator[Draft]:
    """KServe's webhook must run before Argo CD applies what it validates (kserve/kserve#5037)."""
    apps = list(cluster.applications)
    controllers = [app for app in apps if _has_chart(app, "kserve-resources")]
    for app in apps:
        if _has_chart(app, "kserve-runtime-configs"):
            for controller in controllers:
                if app is not controller and _is_ordered(apps) and _wave(app).value <= _wave(controller).value:
                    yield pair(_wave(app), _wave(controller))
    names = {app.name for app in apps}
    for controller in cluster.kserve_controllers:
        if _WAVE in controller.annotations or controller.source.release in names:
            for obj in cluster.of_kind(*_GUARDED):
                if obj.source.release == controller.source.release and _wave(obj).value <= _wave(controller).value:
                    yield pair(_wave(obj), _wave(controller))


def _has_chart(app: KubeObject, name: str) -> bool:
    return any(chart_of(source) == name for _, source in sources(app))


def _is_ordered(apps: list[KubeObject]) -> bool:
    """True if the Applications have sync waves; else an ApplicationSet or a person may order them."""
    return any(_WAVE in app.annotations for app in apps)


@rule("KW510")
def unknown_health(cluster: Cluster) -> Iterator[Draft]:
    """An Argo CD that reads the condition `Stopped: False` as unfinished (kserve/kserve#4791)."""
    kserve, argocd = cluster.facts.version("kserve_version"), cluster.facts.version("argocd_version")
    if kserve is None or argocd is None or kserve < _STOPPED_SINCE or _reads_stopped(argocd):
        return
    if any(obj.get("data", _HEALTH_KEY) for obj in cluster.named("ConfigMap", "argocd-cm")):
        return
    unsure = cluster.facts.argocd_version.count(".") < 2 and _reads_stopped((*argocd[:2], sys.maxsize))
    for obj in cluster.of_kind("InferenceService"):
        if any(app.name == obj.source.release for app in cluster.applications):
            setting = Setting(cluster.facts.kserve_version, obj, ("metadata", "name"))
            yield against(setting, cluster.facts, "argocd_version", level="info" if unsure else "")


@rule("KW512")
def failed_while_installing(cluster: Cluster) -> Iterator[Draft]:
    """An Argo CD that reports a KnativeServing with `Ready: False` as failed, and stops (argoproj/argo-cd#6130)."""
    argocd = cluster.facts.version("argocd_version")
    if argocd is None or not _FAILED_SINCE <= argocd < _FAILED_UNTIL:
        return
    if any(obj.get("data", _KNATIVE_HEALTH_KEY) for obj in cluster.named("ConfigMap", "argocd-cm")):
        return
    for server in cluster.of_kind("KnativeServing", "KnativeEventing"):
        wave = _wave(server)
        owned = [obj for obj in cluster.objects if obj.source.release and obj.source.release == server.source.release]
        later = next((obj for obj in owned if _wave(obj).value > wave.value), None)
        if later is not None and any(app.name == server.source.release for app in cluster.applications):
            yield against(wave, cluster.facts, "argocd_version", later=later.ref)


def _reads_stopped(argocd: tuple[int, ...]) -> bool:
    """True for versions with the fix, which several minor versions got in a patch release."""
    return argocd >= _STOPPED_KNOWN_SINCE[-1] or any(
        argocd[:2] == first[:2] and argocd >= first for first in _STOPPED_KNOWN_SINCE
    )


@rule("KW514")
def too_large_for_apply(cluster: Cluster) -> Iterator[Draft]:
    """Client-side apply stores the object in an annotation, which is too small for it (kserve/kserve#3487)."""
    large = [obj for obj in cluster.of_kind("CustomResourceDefinition") if _is_large(obj)]
    for app in (*cluster.applications, *cluster.of_kind("ApplicationSet")):
        path = (*spec_of(app), "syncPolicy", "syncOptions")
        options = strings_of(app.get(*path))
        if any(option in _NO_ANNOTATION for option in options):
            continue
        setting = Setting(", ".join(options), app, path)
        for _, source in sources(app):
            yield from _large_source(setting, source)
        for obj in large:
            if obj.source.release == app.name or any(_is_in_folder(obj, source) for _, source in sources(app)):
                yield single(setting, what=obj.ref)


def _large_source(setting: Setting, source: Mapping[str, Any]) -> Iterator[Draft]:
    """Charts and folders of KServe, which have a CRD that is too large."""
    chart, revision = chart_of(source), str(source.get("targetRevision") or "")
    release = version_tuple(revision)
    if chart in _LARGE_CHARTS and release is not None and release >= _LARGE_CHARTS[chart]:
        yield single(setting, what=f"chart {chart} {revision}")
    repository, folder = str(source.get("repoURL") or "").removesuffix(".git").lower(), str(source.get("path") or "")
    if repository.endswith(_LARGE_REPOSITORIES) and "kserve" in f"{repository.rpartition('/')[2]}/{folder}":
        inside = _CRD_FOLDERS.search(folder) if repository.endswith("/kserve") else folder
        if inside:
            yield single(setting, what=f"{folder} of {repository}")


@lru_cache(256)  # environments share the renders of most charts
def _is_large(obj: KubeObject) -> bool:
    """True for a CRD that does not fit, unless it has the sync option itself. The reader leaves out its schema.

    The lines without their indentation are a little shorter than the JSON.
    """
    if len(obj.source.text) <= _MOST_BYTES:
        return False
    if any(option in str(obj.annotations.get(_SYNC_OPTIONS)) for option in _NO_ANNOTATION):
        return False
    return sum(len(line.strip()) for line in obj.source.text.splitlines()) > _MOST_BYTES


def _is_in_folder(obj: KubeObject, source: Mapping[str, Any]) -> bool:
    """True for a file below the folder of a source; its repository is assumed to be the one that is checked."""
    folder = str(source.get("path") or "").strip("./")
    if source.get("chart") or not folder:
        return False
    return f"/{folder}/" in f"/{obj.source.file}"
