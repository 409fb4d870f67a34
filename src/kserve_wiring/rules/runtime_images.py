# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW313: the image that KServe makes of the one in a manifest (wire W1).

kserve pkg/controller/v1beta1/inferenceservice/utils/utils.go UpdateImageTag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.runtimes import predictor_model, runtime_of
from kserve_wiring.manifests.objects import KubeObject, Setting, dig, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, single

_TAG = re.compile(r":[\w.\-_]*$")
_DIGEST_KEPT_SINCE = (0, 16, 0)
_HUGGINGFACE_SINCE = (0, 15, 0)
_VLLM_SINCE = (0, 20, 0)
_SERVER_TYPE = "serving.kserve.io/server-type"
_TYPES_SINCE = (0, 17, 0)
# The server types whose images have a variant for GPUs, by the name of KServe's runtime.
_GPU_TYPES = {
    "kserve-tensorflow-serving": "tensorflow-serving",
    "kserve-torchserve": "torchserve",
    "kserve-huggingfaceserver": "huggingfaceserver",
}
_VLLM = "kserve-vllmserver"


@rule("KW313")
def other_images(cluster: Cluster) -> Iterator[Draft]:
    """KServe pulls another tag than the one that is written, and nobody may have pushed or mirrored it."""
    for pod in cluster.pods:
        model = predictor_model(pod)
        if pod.obj.kind == "InferenceService" and pod.path == ("spec", "predictor") and model:
            yield from _judge(cluster, pod.obj, model)


def _judge(cluster: Cluster, obj: KubeObject, model: str) -> Iterator[Draft]:
    path = ("spec", "predictor", model)
    image, version = at(obj, *path, "image"), at(obj, *path, "runtimeVersion")
    image = image if image.value else _image_of_runtime(cluster, obj)
    text, tag = image.text(), _TAG.search(image.text())
    if "@sha256:" in text:
        yield from _digest(cluster, obj, image, version, model)
    elif image.obj is not obj or tag is None:
        return  # a runtime's image is meant to be changed
    elif version.value and tag.group()[1:] != version.text():
        pulled = _TAG.sub(f":{version.text()}", text)
        reason = f"it replaces the tag of {image.key}, so KServe pulls {pulled}"
        yield single(version, reason=reason, suggestion=f"remove {version.key}, or write the tag in it")
    elif not version.value:
        pulled = _variant(cluster, obj, text, model)
        if pulled:
            reason = f"KServe pulls {pulled}"
            suggestion = f"write {pulled}, an image by digest, or set runtimeVersion to the tag"
            yield single(image, reason=reason, suggestion=suggestion)


def _image_of_runtime(cluster: Cluster, obj: KubeObject) -> Setting:
    runtime = runtime_of(cluster, obj)
    for index, container in mappings_of(runtime.get("spec", "containers")) if runtime is not None else ():
        if runtime is not None and container.get("name") == "kserve-container":
            return at(runtime, "spec", "containers", index, "image")
    return Setting(None, obj, ())


def _digest(cluster: Cluster, obj: KubeObject, image: Setting, version: Setting, model: str) -> Iterator[Draft]:
    """From v0.16 on KServe leaves an image with a digest alone; before, it appends to the digest."""
    kserve = cluster.facts.version("kserve_version")
    if kserve is None or kserve >= _DIGEST_KEPT_SINCE:
        if version.value:
            reason = f"KServe ignores it, because {image.key} has a digest"
            yield single(version, reason=reason, suggestion=f"remove {version.key}")
        return
    changed = version.text() or (_variant(cluster, obj, image.text(), model) and "the suffix -gpu")
    if changed:
        reason = f"KServe {cluster.facts.kserve_version} puts {changed} in place of the digest or behind it"
        yield single(image, reason=reason, suggestion="write a tag, or upgrade to KServe v0.16", level="error")


def _variant(cluster: Cluster, obj: KubeObject, image: str, model: str) -> str:
    """The image with KServe's suffix; "" if KServe does not change it, or if its version or the runtime is unknown."""
    kind = _server_type(cluster, obj)
    version = cluster.facts.version("kserve_version")
    tag = _TAG.search(image)
    if tag is None or not kind:
        return ""
    if _wants_gpu(cluster, obj, model):
        since = _HUGGINGFACE_SINCE if kind == "huggingfaceserver" else (0, 0, 0)
        known = kind in _GPU_TYPES.values() and (version is None or version >= since)
        return f"{image}-gpu" if known and not image.endswith("-gpu") else ""
    repository = image[: tag.start()]
    if kind == "vllmserver" and version is not None and version >= _VLLM_SINCE and not repository.endswith("-cpu"):
        return f"{repository}-cpu{tag.group()}"
    return ""


def _server_type(cluster: Cluster, obj: KubeObject) -> str:
    runtime = runtime_of(cluster, obj)
    named = obj.get("spec", "predictor", "model", "runtime")
    name = runtime.name if runtime is not None else named if isinstance(named, str) else ""
    annotated = runtime.annotations.get(_SERVER_TYPE) if runtime is not None else None
    version = cluster.facts.version("kserve_version")
    if isinstance(annotated, str) and (version is None or version >= _TYPES_SINCE):
        return annotated
    return "vllmserver" if name == _VLLM else _GPU_TYPES.get(name, "")


def _wants_gpu(cluster: Cluster, obj: KubeObject, model: str) -> bool:
    """True if a limit names a GPU (pkg/utils/utils.go IsGPUEnabled), also one of the runtime."""
    runtime = runtime_of(cluster, obj)
    holders: list[Any] = [obj.get("spec", "predictor", model)]
    holders += runtime.items("spec", "containers") if runtime is not None else []
    limits = [dig(holder, "resources", "limits") for holder in holders]
    names = [str(name) for values in limits if isinstance(values, Mapping) for name in values]
    return any(name == "nvidia.com/gpu" or name.startswith("nvidia.com/mig-") for name in names)
