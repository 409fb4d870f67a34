# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The addresses from which models come."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.pods import ISVC_COMPONENTS, KSERVE_GROUP
from kserve_wiring.cluster.runtimes import FRAMEWORKS
from kserve_wiring.manifests.objects import KubeObject, Setting, mappings_of

_OCI = ("oci://", "oci+native://")


def model_uris(cluster: Cluster) -> Iterator[Setting]:
    """The addresses of the models of InferenceServices."""
    for obj in cluster.of_kind("InferenceService"):
        for component in ISVC_COMPONENTS:
            yield from uris_of(obj, component)


def uris_of(obj: KubeObject, component: str | int) -> Iterator[Setting]:
    """The addresses of the models of a component of an InferenceService; none for another object."""
    spec = obj.mapping("spec", component) if obj.group == KSERVE_GROUP and component in ISVC_COMPONENTS else {}
    for name in ("model", *FRAMEWORKS):
        if name in spec and isinstance(obj.get("spec", component, name, "storageUri"), str):
            yield _at(obj, "spec", component, name, "storageUri")
    for index, item in mappings_of(spec.get("storageUris")):
        if isinstance(item.get("uri"), str):
            yield _at(obj, "spec", component, "storageUris", index, "uri")


def llm_uris(obj: KubeObject) -> Iterator[Setting]:
    """The addresses of the model of an LLMInferenceService and of its adapters."""
    if isinstance(obj.get("spec", "model", "uri"), str):
        yield _at(obj, "spec", "model", "uri")
    for index, item in mappings_of(obj.get("spec", "model", "lora", "adapters")):
        if isinstance(item.get("uri"), str):
            yield _at(obj, "spec", "model", "lora", "adapters", index, "uri")


def image_of(uri: str) -> str:
    """The image of an address of a model that is one; "" for another address."""
    return next((uri.removeprefix(prefix) for prefix in _OCI if uri.startswith(prefix)), "")


def _at(obj: KubeObject, *path: str | int) -> Setting:
    return Setting(obj.get(*path), obj, path)
