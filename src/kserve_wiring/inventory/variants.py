# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The images that KServe derives from the image of a serving runtime.

UpdateImageTag in pkg/controller/v1beta1/inferenceservice/utils/utils.go at v0.20.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kserve_wiring.cluster.pods import KSERVE_GROUP
from kserve_wiring.grammar.image import ImageRef, parse_image
from kserve_wiring.inventory.found import Found, canonical
from kserve_wiring.manifests.objects import KubeObject, mappings_of

ANNOTATION = "serving.kserve.io/server-type"
# GetServerTypeFromRuntimeName in pkg/constants/constants.go, for runtimes without the annotation.
SERVER_TYPES = {
    "kserve-tensorflow-serving": "tensorflow-serving",
    "kserve-torchserve": "torchserve",
    "kserve-huggingfaceserver": "huggingfaceserver",
    "kserve-vllmserver": "vllmserver",
}
_TAG = re.compile(r":[\w.-]*$")
GPU_TYPES = ("tensorflow-serving", "torchserve", "huggingfaceserver")


def variant_images(obj: KubeObject) -> Iterator[Found]:
    """Images of an InferenceService with or without a GPU. KServe does not change an image with a digest."""
    if obj.group != KSERVE_GROUP or obj.kind not in ("ServingRuntime", "ClusterServingRuntime"):
        return
    kind = str(obj.annotations.get(ANNOTATION) or SERVER_TYPES.get(obj.name, ""))
    for index, container in mappings_of(obj.get("spec", "containers")):
        image = container.get("image")
        if container.get("name") == "kserve-container" and isinstance(image, str):
            made = _variant(image, kind)
            if made:
                yield Found(canonical(made[0]), f"{made[1]} {obj.ref} spec.containers[{index}].image")


def versioned_images(objects: Iterable[KubeObject]) -> Iterator[Found]:
    """Images of InferenceServices that name a runtime and replace its tag with their runtimeVersion."""
    known = list(objects)
    runtimes = {
        (obj.namespace, obj.name): obj for obj in known if obj.kind in ("ServingRuntime", "ClusterServingRuntime")
    }
    for obj in known:
        model = obj.mapping("spec", "predictor", "model")
        if obj.kind != "InferenceService" or obj.group != KSERVE_GROUP or "runtimeVersion" not in model:
            continue
        name, version = str(model.get("runtime") or ""), str(model["runtimeVersion"])
        runtime = runtimes.get((obj.namespace, name)) or runtimes.get(("", name))
        for _, container in mappings_of(runtime.get("spec", "containers") if runtime else None):
            image = container.get("image")
            if container.get("name") == "kserve-container" and isinstance(image, str) and "@sha256:" not in image:
                why = f"{obj.ref} spec.predictor.model.runtimeVersion, as the tag of {name}"
                yield Found(canonical(f"{_TAG.sub('', image)}:{version}"), why)


def _variant(image: str, kind: str) -> tuple[str, str] | None:
    try:
        parsed: ImageRef = parse_image(image)
    except ValueError:
        return None
    if parsed.digest or not parsed.tag:
        return None
    if kind in GPU_TYPES and not image.endswith("-gpu"):
        return f"{image}-gpu", "for an InferenceService with a GPU KServe appends -gpu to"
    repository = image.removesuffix(f":{parsed.tag}")
    if kind == "vllmserver" and not repository.endswith("-cpu"):
        return f"{repository}-cpu:{parsed.tag}", "for an InferenceService without a GPU KServe appends -cpu to"
    return None
