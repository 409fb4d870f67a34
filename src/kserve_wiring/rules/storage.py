# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW301, KW302 and KW307: the settings of the storage initializer (wire W8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.isvc_config import IsvcConfig
from kserve_wiring.cluster.quantities import QUANTITIES, quantity
from kserve_wiring.grammar.regex import parse_regex
from kserve_wiring.manifests.objects import KubeObject, Setting, dig, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, pair, single

_WORKLOAD_TYPES = ("initContainer", "localModelDownloadJob")


def _storage_containers(cluster: Cluster) -> Iterator[KubeObject]:
    for obj in cluster.of_kind("ClusterStorageContainer"):
        if obj.get("disabled") is not True:
            yield obj


@rule("KW301")
def storage_twins(cluster: Cluster) -> Iterator[Draft]:
    """KServe stores image and resources twice, and the URI decides which one counts.

    https://github.com/kserve/kserve/issues/5412: the chart's value sets only one of them.
    """
    config = cluster.isvc_config
    if config is None:
        return
    image = config.setting("storageInitializer", "image")
    for obj in _storage_containers(cluster):
        own_image = at(obj, "spec", "container", "image")
        is_default = obj.name == "default"
        if is_default and image is not None and own_image.value and own_image.value != image.value:
            yield pair(own_image, image)
        if is_default or (image is not None and own_image.value == image.value):
            yield from _resource_twins(obj, config, "" if is_default else "info")


def _resource_twins(obj: KubeObject, config: IsvcConfig, level: str) -> Iterator[Draft]:
    for name, path in QUANTITIES.items():
        own = at(obj, "spec", "container", "resources", *path)
        other = config.setting("storageInitializer", name)
        if own.value is not None and other is not None and not _same_quantity(own.value, other.value):
            yield pair(own, other, level=level)


def _same_quantity(one: Any, other: Any) -> bool:
    try:
        return bool(quantity(str(one)) == quantity(str(other)))
    except ValueError:
        return str(one) == str(other)


@rule("KW302")
def skipped_storage_containers(cluster: Cluster) -> Iterator[Draft]:
    """A ClusterStorageContainer that KServe skips, or whose container does not replace the initializer."""
    minimal = _has_minimal_crd(cluster)
    for obj in cluster.of_kind("ClusterStorageContainer"):
        if obj.get("disabled") is True:
            reason = "KServe skips it" + (
                " and uses the ConfigMap inferenceservice-config instead" if obj.name == "default" else ""
            )
            yield single(at(obj, "disabled"), reason=reason, suggestion="false, or remove the object", level="warning")
            continue
        yield from _container_name(obj)
        yield from _workload_type(obj, minimal)
        yield from _uri_formats(obj)


def _container_name(obj: KubeObject) -> Iterator[Draft]:
    name = at(obj, "spec", "container", "name")
    if name.value != "storage-initializer":
        reason = "KServe replaces only a container of the name storage-initializer (container_merge.go)"
        yield single(name, reason=reason, suggestion="storage-initializer")


def _workload_type(obj: KubeObject, minimal: bool) -> Iterator[Draft]:
    kind = at(obj, "spec", "workloadType")
    if kind.value is None and minimal:
        reason = "the minimal CRD sets no default, so KServe skips the object"
        yield single(kind, reason=reason, suggestion="initContainer")
    elif kind.value is not None and kind.value not in _WORKLOAD_TYPES:
        reason = f"KServe accepts {' and '.join(_WORKLOAD_TYPES)}"
        yield single(kind, reason=reason, suggestion="initContainer")
    elif minimal and obj.get("spec", "supportsMultiModelDownload") is None:
        setting = at(obj, "spec", "supportsMultiModelDownload")
        yield single(setting, reason="the minimal CRD sets no default", suggestion="true or false")


def _uri_formats(obj: KubeObject) -> Iterator[Draft]:
    formats = obj.items("spec", "supportedUriFormats")
    if not formats:
        setting = at(obj, "spec", "supportedUriFormats")
        yield single(setting, reason="it matches no URI", suggestion="a list of {prefix} or {regex}")
    for index, item in mappings_of(formats):
        if not (item.get("prefix") or item.get("regex")):
            place = at(obj, "spec", "supportedUriFormats", index, "prefix")
            yield single(
                place, reason="without it and regex the entry matches no URI", suggestion="a prefix or a regex"
            )
        expression = item.get("regex")
        if isinstance(expression, str) and expression:
            try:
                parse_regex(expression)
            except ValueError as error:
                setting = Setting(expression, obj, ("spec", "supportedUriFormats", index, "regex"))
                yield single(setting, reason=f"it does not compile: {error}", suggestion="a valid regular expression")


def _has_minimal_crd(cluster: Cluster) -> bool:
    """True if the CRD of ClusterStorageContainer was read and has no schema, so no defaults (kserve-crd-minimal)."""
    for crd in cluster.of_kind("CustomResourceDefinition"):
        if crd.name == "clusterstoragecontainers.serving.kserve.io":
            for version in crd.items("spec", "versions"):
                if not isinstance(
                    dig(version, "schema", "openAPIV3Schema", "properties", "spec", "properties"), Mapping
                ):
                    return True
    return False


@rule("KW307")
def overlapping_containers(cluster: Cluster) -> Iterator[Draft]:
    """KServe uses the first match of an unordered list (storage_initializer_injector.go)."""
    containers = [(obj, list(_formats(obj))) for obj in _storage_containers(cluster)]
    for (one, one_formats), (other, other_formats) in combinations(containers, 2):
        if one.name == other.name or one.get("spec", "workloadType") != other.get("spec", "workloadType"):
            continue
        clash = next(((a, b) for a in one_formats for b in other_formats if _overlap(a, b)), None)
        if clash is not None:
            second, first = clash[1], clash[0]
            yield pair(second, first)


def _formats(obj: KubeObject) -> Iterator[Setting]:
    """The prefix or regex of each format; KServe ignores the regex next to a prefix (storage_container_types.go)."""
    for index, item in mappings_of(obj.get("spec", "supportedUriFormats")):
        part = next((part for part in ("prefix", "regex") if isinstance(item.get(part), str) and item[part]), None)
        if part is not None:
            yield Setting(item[part], obj, ("spec", "supportedUriFormats", index, part))


def _overlap(one: Setting, other: Setting) -> bool:
    kinds = (one.path[-1], other.path[-1])
    if kinds == ("prefix", "prefix"):
        return one.text().startswith(other.text()) or other.text().startswith(one.text())
    if kinds == ("regex", "regex"):
        return one.text() == other.text()
    prefix, expression = (one.text(), other.text()) if kinds[0] == "prefix" else (other.text(), one.text())
    try:
        pattern = parse_regex(expression)
    except ValueError:
        return False
    return pattern is not None and bool(pattern.search(f"{prefix}{'' if prefix.endswith('/') else '/'}bucket/model"))
