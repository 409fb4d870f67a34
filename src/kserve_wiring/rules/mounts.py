# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW537: two volumes at one path, of which KServe may add one (wire W8).

Kubernetes pkg/apis/core/validation/validation.go, ValidateVolumeMounts; kserve pkg/webhook/admission/pod,
CommonStorageInitialization, pkg/utils/storage.go and pkg/controller/v1alpha2/llmisvc/workload_storage.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.llm import POD_PATHS, services
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.cluster.runtimes import predictor_model, runtime_of
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because

_MODELS = "/mnt/models"
_OWN = ("kserve-provision-location", "kserve-pvc-source")  # KServe adds no mount beside one with these names
_SERVED, _TRANSFORMER, _LLM = "kserve-container", "transformer-container", "main"
_URI = "STORAGE_URI"


@rule("KW537", skips_open=True)
def shared_mount_paths(cluster: Cluster) -> Iterator[Draft]:
    """The API server refuses the Pod: the path of a mount must be unique in its container."""
    for pod in cluster.pods:
        for path, container in pod.containers():
            yield from _twice(pod.obj, path, container)
        if pod.obj.kind == "InferenceService" and pod.path == ("spec", "predictor"):
            yield from _predictor(cluster, pod)
    for obj in services(cluster):
        uri = at(obj, "spec", "model", "uri")
        for place in POD_PATHS if _is_mounted(uri) else ():
            for index, container in mappings_of(obj.get(*place, "containers")):
                if container.get("name") == _LLM:
                    yield from _over(obj, (*place, "containers", index), container, uri)


def _twice(obj: KubeObject, path: KeyPath, container: Mapping[str, Any]) -> Iterator[Draft]:
    """Two mounts that are written at one path."""
    first: dict[str, Setting] = {}
    for index, mount in mappings_of(container.get("volumeMounts")):
        setting = Setting(mount.get("mountPath"), obj, (*path, "volumeMounts", index, "mountPath"))
        if setting.text():
            other = first.setdefault(setting.text(), setting)
            if other is not setting:
                reason = f"{other.key} is the same path, and the API server refuses the Pod"
                yield because(setting, reason, "mount one of the volumes elsewhere", other)


def _predictor(cluster: Cluster, pod: PodUse) -> Iterator[Draft]:
    name = predictor_model(pod)
    uri = _source(pod, name)
    if uri is None:
        return
    if name:
        yield from _over(pod.obj, (*pod.path, name), pod.spec[name], uri)
        runtime = runtime_of(cluster, pod.obj)
        for index, container in mappings_of(runtime.get("spec", "containers") if runtime is not None else None):
            if runtime is not None and container.get("name") == _SERVED:
                yield from _over(runtime, ("spec", "containers", index), container, uri)
    containers = list(mappings_of(pod.spec.get("containers")))
    for index, container in containers:
        if container.get("name") in (_SERVED, _TRANSFORMER) or (len(containers) == 1 and not name):
            yield from _over(pod.obj, (*pod.path, "containers", index), container, uri)


def _source(pod: PodUse, name: str) -> Setting | None:
    """The model that KServe mounts: of a predictor's model, or the variable of a container of its own."""
    if name:
        keys: tuple[KeyPath, ...] = (("storageUri",), ("storage", "path"))
        settings = [at(pod.obj, *pod.path, name, *key) for key in keys]
    else:
        settings = [
            Setting(item.get("value"), pod.obj, (*pod.path, "containers", index, "env", number, "value"))
            for index, container in mappings_of(pod.spec.get("containers"))
            for number, item in mappings_of(container.get("env"))
            if item.get("name") == _URI
        ]
    return next((setting for setting in settings if _is_mounted(setting)), None)


def _is_mounted(uri: Setting) -> bool:
    """True unless there is no model, or it is in an image, which KServe mounts in another way."""
    return isinstance(uri.value, str) and bool(uri.value) and not uri.value.startswith("oci")


def _over(obj: KubeObject, path: KeyPath, container: Mapping[str, Any], uri: Setting) -> Iterator[Draft]:
    """Mounts at the path where KServe mounts the model."""
    for index, mount in mappings_of(container.get("volumeMounts")):
        setting = Setting(mount.get("mountPath"), obj, (*path, "volumeMounts", index, "mountPath"))
        if posixpath.normpath(setting.text()) == _MODELS and mount.get("name") not in _OWN:
            reason = f"KServe mounts the model of {uri.obj.ref} there"
            yield because(setting, reason, f"mount the volume elsewhere, or remove {uri.key} of {uri.obj.ref}", uri)
