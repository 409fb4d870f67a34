# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Names in a KnativeServing that the Knative operator's manifests do not have, so that it ignores what they are for.

knative/operator v1.23 pkg/reconciler/common/images.go, config_maps.go and workload_override.go; the names are those of
cmd/operator/kodata from 1.18 on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kserve_wiring.cluster.knative import CONFIG_NAMES
from kserve_wiring.cluster.knative_operator import WORKLOADS
from kserve_wiring.cluster.names import near_name
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of

_VERSION = re.compile(r"v?\d+\.\d+|\d+\.\d+\.\d+")
_JOBS = {"storage-version-migration-serving-": "migrate", "cleanup-serving-": "cleanup"}
_IMAGES = ("queue-proxy", "contour", "envoy")
"""The caching Image, and the containers of Contour, which older releases install."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A name that nothing has. better: the one that was probably meant. renames: it is the last key of the setting."""

    setting: Setting
    reason: str
    better: str = ""
    renames: bool = False


def ignored_names(obj: KubeObject) -> Iterator[Ignored]:
    """The names of Deployments, containers and ConfigMaps in a KnativeServing that upstream's manifests lack."""
    for part in ("workloads", "deployments"):
        for index, item in mappings_of(obj.get("spec", part)):
            path: KeyPath = ("spec", part, index)
            yield from _workload(obj, path, item)
            yield from _containers(obj, path, item)
    if obj.get("spec", "manifests") or obj.get("spec", "additionalManifests"):
        return  # these may have any name
    yield from _version(obj)
    yield from _overrides(obj)
    yield from _configurations(obj)


def _version(obj: KubeObject) -> Iterator[Ignored]:
    """TargetVersion of releases.go: a minor release, or the folder of a patch release below kodata."""
    text = obj.get("spec", "version")
    if isinstance(text, str) and text.lower() not in ("", "latest") and not _VERSION.fullmatch(text):
        found = re.search(r"\d+\.\d+(?:\.\d+)?", text)
        reason = "the operator has its releases by number, such as 1.21 or 1.21.0"
        yield Ignored(Setting(text, obj, ("spec", "version")), reason, found[0] if found else "")


def _workload(obj: KubeObject, path: KeyPath, item: Mapping[str, Any]) -> Iterator[Ignored]:
    name, own = item.get("name"), obj.get("spec", "manifests") or obj.get("spec", "additionalManifests")
    if isinstance(name, str) and name and name not in WORKLOADS:
        near = near_name(name, WORKLOADS)
        if near or not own:
            yield Ignored(Setting(name, obj, (*path, "name")), "Knative has no such Deployment", near)


def _containers(obj: KubeObject, path: KeyPath, item: Mapping[str, Any]) -> Iterator[Ignored]:
    known = WORKLOADS.get(str(item.get("name")), "")
    for key in ("resources", "env", "livenessProbes", "readinessProbes"):
        for index, entry in mappings_of(item.get(key)):
            container = entry.get("container")
            if known and isinstance(container, str) and container != known:
                setting = Setting(container, obj, (*path, key, index, "container"))
                yield Ignored(setting, f"that Deployment has the container {known}", known)


def _overrides(obj: KubeObject) -> Iterator[Ignored]:
    """A key is a container, with its Deployment or Job before a slash, or a variable in capitals."""
    places = {**WORKLOADS, **_JOBS}
    known = {*places.values(), *_IMAGES, *(f"{name}/{container}" for name, container in places.items())}
    for key, image in obj.mapping("spec", "registry", "override").items():
        if isinstance(key, str) and key not in known and not key.isupper() and key.rpartition("/")[2] not in _IMAGES:
            setting = Setting(image, obj, ("spec", "registry", "override", key))
            yield Ignored(setting, "no Deployment of Knative has such a container", near_name(key, known), True)


def _configurations(obj: KubeObject) -> Iterator[Ignored]:
    """KW549 reports what is nearly the name of a ConfigMap."""
    for key in obj.mapping("spec", "config"):
        name = str(key).removeprefix("config-")
        if name not in CONFIG_NAMES and not near_name(name, CONFIG_NAMES):
            setting = Setting("set", obj, ("spec", "config", str(key)))
            yield Ignored(setting, "Knative Serving has no such ConfigMap")
