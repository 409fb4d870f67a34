# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW503, KW504 and KW515: settings of another version, and output that differs from its source (wire W13)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from kserve_wiring.cluster.argocd import sources
from kserve_wiring.cluster.cluster import MODE, Cluster
from kserve_wiring.cluster.pods import pod_uses
from kserve_wiring.grammar.image import parse_image
from kserve_wiring.grammar.version import version_tuple
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, against, at, single

_MODES = {"Knative": "Serverless", "Standard": "RawDeployment"}
_OLD_MODES = {old: new for new, old in _MODES.items()}
_MODES_RENAMED = (0, 16, 0)
_MINORS_IN_OPERATOR = 3  # besides its own; cmd/operator/kodata/knative-serving


# These operators look for Gateways of networking.istio.io/v1alpha3; net-istio's are v1beta1 since 1.10 (its tags,
# pkg/reconciler/knativeserving/ingress/istio.go; https://github.com/knative/operator/pull/1628).
_SELECTOR_IGNORED = (((1, 10, 0), (1, 10, 8)), ((1, 11, 0), (1, 11, 12)), ((1, 12, 0), (1, 12, 1)))
_GATEWAYS_BETA_SINCE = (1, 10, 0)


@rule("KW503")
def wrong_version(cluster: Cluster) -> Iterator[Draft]:
    """A mode, an image or a chart of another version than the environment's."""
    yield from _modes(cluster)
    yield from _knative_version(cluster)
    yield from _image_versions(cluster)
    yield from _chart_versions(cluster)


def _modes(cluster: Cluster) -> Iterator[Draft]:
    config = cluster.isvc_config
    settings = [config.setting("deploy", "defaultDeploymentMode")] if config and config.is_read else []
    for obj in cluster.of_kind("InferenceService"):
        annotated = at(obj, "metadata", "annotations", MODE)
        settings.append(annotated if annotated.value else None)
    version = cluster.facts.version("kserve_version")
    for setting in settings:
        if setting is None or setting.text() == "ModelMesh":
            continue
        mode = setting.text()
        if mode not in _MODES and mode not in _OLD_MODES:
            args = {"other_key": "the mode that KServe accepts", "other": "Knative, Standard or ModelMesh"}
            yield single(setting, **args, reason="the names are case-sensitive", suggestion=_nearest_mode(mode))
        elif version is not None and (mode in _MODES) != (version >= _MODES_RENAMED):
            if mode in _OLD_MODES and not cluster.facts.is_explicit("kserve_version"):
                continue  # upstream's own kserve.yaml of v0.16.0 still has Serverless
            reason = "v0.16 renamed Serverless and RawDeployment to Knative and Standard"
            suggestion = _MODES.get(mode) or _OLD_MODES[mode]
            level = "warning" if version >= _MODES_RENAMED else ""  # the old names still work there
            yield against(setting, cluster.facts, "kserve_version", reason=reason, suggestion=suggestion, level=level)


def _nearest_mode(mode: str) -> str:
    return next((known for known in (*_MODES, *_OLD_MODES) if known.lower() == mode.lower()), "Knative")


def _knative_version(cluster: Cluster) -> Iterator[Draft]:
    server = cluster.knative.server
    if server is None or not server.get("spec", "version"):
        return
    setting = at(server, "spec", "version")
    version, wanted = version_tuple(setting.text()), cluster.facts.version("knative_version")
    if version is None:
        return
    if wanted is not None and version[: _precision(setting.text())] != wanted[: _precision(setting.text())]:
        reason = "the images and settings of this environment are for the latter"
        yield against(
            setting, cluster.facts, "knative_version", reason=reason, suggestion=cluster.facts.knative_version
        )
    operator = cluster.facts.version("knative_operator_version")
    if operator is None:
        return
    oldest = operator[1] - _MINORS_IN_OPERATOR
    if version[0] != operator[0] or not oldest <= version[1] <= operator[1]:
        carried = f"{operator[0]}.{oldest} to {operator[0]}.{operator[1]}"
        reason, suggestion = f"this operator installs Knative {carried}", f"a version from {carried}"
        yield against(setting, cluster.facts, "knative_operator_version", reason=reason, suggestion=suggestion)


def _precision(version: str) -> int:
    """``1.21`` means any 1.21.x."""
    return min(3, version.removeprefix("knative-").removeprefix("v").count(".") + 1)


# The fact with the version of an upstream image, by the end of its repository.
_KSERVE_IMAGES = frozenset(
    {
        "agent",
        "art-explainer",
        "kserve-controller",
        "kserve-localmodel-controller",
        "kserve-localmodelnode-agent",
        "llmisvc-controller",
        "router",
        "storage-initializer",
    }
)
_ISTIO_IMAGES = frozenset({"proxyv2", "pilot", "install-cni", "ztunnel"})
_RELEASE_TAG = re.compile(r"^v?\d+\.\d+\.\d+$")


def _image_versions(cluster: Cluster) -> Iterator[Draft]:
    for use in cluster.images:
        try:
            image = parse_image(use.image)
        except ValueError:
            continue
        if not _RELEASE_TAG.match(image.tag) or image.digest:
            continue
        fact = _fact_of_image(image.repository)
        wanted = cluster.facts.version(fact) if cluster.facts.is_explicit(fact) else None
        if fact and wanted is not None and version_tuple(image.tag) != wanted:
            setting = Setting(use.image, use.setting.obj, use.setting.path)
            reason = "this image is released together with the others"
            suggestion = f"the image of {getattr(cluster.facts, fact)}"
            yield against(setting, cluster.facts, fact, reason=reason, suggestion=suggestion, level="warning")


def _fact_of_image(repository: str) -> str:
    folder, _, name = repository.rpartition("/")
    if name in _KSERVE_IMAGES and folder.rpartition("/")[2] == "kserve":
        return "kserve_version"
    if name in _ISTIO_IMAGES and "istio" in folder:
        return "istio_version"
    return ""


def _chart_versions(cluster: Cluster) -> Iterator[Draft]:
    for app in cluster.applications:
        for path, source in sources(app):
            chart, revision = source.get("chart"), source.get("targetRevision")
            fact = _fact_of_chart(str(chart or ""), str(source.get("repoURL") or ""))
            wanted = cluster.facts.version(fact) if cluster.facts.is_explicit(fact) else None
            version = version_tuple(str(revision))
            if fact and wanted is not None and version is not None and version != wanted:
                setting = Setting(revision, app, (*path, "targetRevision"))
                reason = f"chart {chart} is released with it"
                suggestion = getattr(cluster.facts, fact)
                yield against(setting, cluster.facts, fact, reason=reason, suggestion=suggestion)


def _fact_of_chart(chart: str, repository: str) -> str:
    if chart.rpartition("/")[2].startswith("kserve-") and chart != "kserve-environment":
        return "kserve_version"
    # Not `gateway`: the injector of the istiod that is there sets the image of its Pods.
    if chart in ("base", "istiod", "cni", "ztunnel") and "istio" in repository:
        return "istio_version"
    return "knative_operator_version" if chart == "knative-operator" else ""


@rule("KW515")
def ignored_gateway_settings(cluster: Cluster) -> Iterator[Draft]:
    """Operators that do not find the Gateways they should change (knative/operator#1469)."""
    server, operator = cluster.knative.server, cluster.facts.version("knative_operator_version")
    if server is None or operator is None:
        return
    knative = cluster.facts.version("knative_version") or operator
    if knative < _GATEWAYS_BETA_SINCE or not any(since <= operator < until for since, until in _SELECTOR_IGNORED):
        return
    for gateway in ("knative-ingress-gateway", "knative-local-gateway"):
        for part in ("selector", "servers"):
            setting = at(server, "spec", "ingress", "istio", gateway, part)
            if setting.value:
                yield against(setting, cluster.facts, "knative_operator_version", gateway=gateway)


# What broken templates leave in a value, and the fix.
_ARTEFACTS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"^map\[.*\]$"), "a template printed a map where a string belongs", "give the chart a list of strings"),
    (re.compile(r"<no value>|%!\w\("), "a template printed a missing value", "set the value that the template reads"),
)
_TOKENS = ("map[", "<no value>", "%!", "Error:", "{{", "{%")
_FALLBACK = re.compile(r"^(?:docker\.io/)?kserve/[a-z-]+:latest$")


@rule("KW504", reads_templates=True)
def broken_output(cluster: Cluster) -> Iterator[Draft]:
    """Values that a chart rendered wrongly. Helm reports none of these."""
    for obj in cluster.objects:
        if obj.kind == "CustomResourceDefinition" or not _is_suspect(obj):
            continue
        if "Error" in obj.body:
            reason = "a value broke the YAML of a patch, so the chart dropped the patch"
            suggestion = "remove quotes and --- from the values of this chart"
            yield single(Setting("set", obj, ("Error",)), reason=reason, suggestion=suggestion)
        yield from _artefacts(obj)
        yield from _unrendered(obj)
    yield from _fallback_images(cluster)


def _is_suspect(obj: KubeObject) -> bool:
    text, shared = obj.source.text, obj.source.prefix
    return not text or (_shared_has_token(text) if shared else _has_token(text))


def _has_token(text: str) -> bool:
    return any(token in text for token in _TOKENS)


# Cached, because all items of a List share one text.
_shared_has_token = lru_cache(maxsize=8)(_has_token)


def _artefacts(obj: KubeObject) -> Iterator[Draft]:
    if obj.kind == "Secret":
        return
    for path, text in _short_strings(obj.body, (), set()):
        for pattern, reason, suggestion in _ARTEFACTS:
            if pattern.search(text):
                yield single(Setting(text, obj, path), reason=reason, suggestion=suggestion)


def _short_strings(value: Any, path: KeyPath, seen: set[int]) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        if len(value) < 512 and "\n" not in value:
            yield path, value
    elif isinstance(value, (Mapping, list)) and id(value) not in seen:
        seen.add(id(value))
        steps = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, item in steps:
            yield from _short_strings(item, (*path, key if isinstance(key, (int, str)) else str(key)), seen)


def _unrendered(obj: KubeObject) -> Iterator[Draft]:
    for path in (("metadata", "name"), ("metadata", "namespace")):
        text = obj.get(*path)
        if isinstance(text, str) and ("{{" in text or "{%" in text):
            yield single(Setting(text, obj, path), reason="a template was not rendered", suggestion="render it first")
    for pod in pod_uses(obj):
        for container_path, container in pod.containers():
            text = container.get("image")
            if isinstance(text, str) and ("{{" in text or "{%" in text):
                setting = Setting(text, obj, (*container_path, "image"))
                yield single(setting, reason="a template was not rendered", suggestion="render it first")


def _fallback_images(cluster: Cluster) -> Iterator[Draft]:
    """KServe's charts drop a patch that is not YAML, and the images of their base remain."""
    if not cluster.facts.is_explicit("kserve_version"):
        return
    for use in cluster.images:
        if _FALLBACK.match(use.image):
            reason = "this image is in the base of KServe's chart, whose patch was dropped"
            suggestion = "remove quotes and --- from the values of this chart"
            setting = Setting(use.image, use.setting.obj, use.setting.path)
            yield single(setting, reason=reason, suggestion=suggestion)
