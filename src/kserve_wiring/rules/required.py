# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW538: names and images that a schema allows to be empty, and code does not (wire W13).

k8s.io/kubernetes pkg/apis/core/validation/validation.go (volumes, env, envFrom, images of containers);
istio.io/istio pkg/config/validation/validation.go (VirtualService, DestinationRule).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.pods import KSERVE_GROUP, PodUse
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, Setting, dig, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, because

_VOLUMES = (("configMap", "name"), ("secret", "secretName"), ("persistentVolumeClaim", "claimName"))
_ISTIO = "networking.istio.io"


@rule("KW538", skips_open=True)
def empty_names(cluster: Cluster) -> Iterator[Draft]:
    """The API server or a webhook answers `Required value`, `missing field` or `cannot be empty`."""
    for pod in cluster.pods:
        if not (pod.obj.source.partial or pod.obj.source.unlisted or pod.runtime):  # unlisted: perhaps a patch
            yield from _of_pod(pod)
    for obj in cluster.of_kind("VirtualService", "DestinationRule"):
        if obj.group == _ISTIO and not obj.source.partial:
            yield from _of_istio(obj)


def _of_pod(pod: PodUse) -> Iterator[Draft]:
    for index, volume in mappings_of(pod.spec.get("volumes")):
        for kind, key in _VOLUMES:
            yield from _named(pod.obj, (*pod.path, "volumes", index, kind), volume.get(kind), key)
    for path, container in pod.containers():
        if _has_own_image(pod, path) and "name" in container and container.get("image") is None:
            reason = "a container has an image"
            yield because(Setting(None, pod.obj, (*path, "image")), reason, "set the image")
        yield from _of_container(pod.obj, path, container)
    model = pod.spec.get("model")
    if isinstance(model, MAPPING):
        yield from _of_container(pod.obj, (*pod.path, "model"), model)


def _has_own_image(pod: PodUse, path: KeyPath) -> bool:
    """True unless a runtime, a webhook or KServe gives the container its image."""
    return (
        path[-2] == "containers"
        and not pod.injected_by_istio
        and (pod.obj.group != KSERVE_GROUP or not any(isinstance(value, MAPPING) for value in pod.spec.values()))
    )


def _of_container(obj: KubeObject, path: KeyPath, container: Mapping[str, Any]) -> Iterator[Draft]:
    for index, item in mappings_of(container.get("env")):
        for kind in ("secretKeyRef", "configMapKeyRef"):
            source = dig(item, "valueFrom", kind)
            yield from _named(obj, (*path, "env", index, "valueFrom", kind), source, "name")
    for index, item in mappings_of(container.get("envFrom")):
        for kind in ("secretRef", "configMapRef"):
            yield from _named(obj, (*path, "envFrom", index, kind), item.get(kind), "name")


def _of_istio(obj: KubeObject) -> Iterator[Draft]:
    if obj.kind == "DestinationRule":
        yield from _named(obj, ("spec",), obj.get("spec"), "host")
    for index, host in enumerate(obj.items("spec", "hosts")):
        if host == "":
            yield because(Setting(host, obj, ("spec", "hosts", index)), "Istio refuses an empty host", "name a host")
    for number, route in mappings_of(obj.get("spec", "http")):
        for index, item in mappings_of(route.get("route")):
            place = ("spec", "http", number, "route", index, "destination")
            yield from _named(obj, place, item.get("destination"), "host")


def _named(obj: KubeObject, path: KeyPath, holder: Any, key: str) -> Iterator[Draft]:
    """A mapping without the name that it is there for."""
    if isinstance(holder, MAPPING) and holder.get(key) in (None, ""):
        setting = Setting(holder.get(key), obj, (*path, key))
        yield because(setting, "a name is required here", f"set {setting.key}")
