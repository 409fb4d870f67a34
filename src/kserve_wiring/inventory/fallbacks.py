# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Images hard-coded in controllers, which use them when the configuration names none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kserve_wiring.cluster.isvc_config import NAME, parse_isvc_config
from kserve_wiring.cluster.pods import pod_uses
from kserve_wiring.grammar.image import parse_image
from kserve_wiring.inventory.found import Found
from kserve_wiring.manifests.objects import KubeObject

# kserve pkg/constants/constants.go:212, used by pkg/utils/storage.go CreateInitContainerWithConfig.
STORAGE_INITIALIZER = "docker.io/kserve/storage-initializer:latest"
# cert-manager internal/apis/config/controller/v1alpha1/defaults.go, with the version of the controller.
ACME_SOLVER = "quay.io/jetstack/cert-manager-acmesolver"
ACME_FLAG = "--acme-http01-solver-image="


def fallback_images(objects: Iterable[KubeObject]) -> Iterator[Found]:
    """The images that KServe and cert-manager fall back to with this configuration."""
    for obj in objects:
        if obj.kind == "ConfigMap" and obj.name == NAME and not obj.source.partial:
            config = parse_isvc_config(obj)
            if "storageInitializer" not in config.errors and not config.text("storageInitializer", "image"):
                why = f"fallback in code: KServe uses it when {obj.ref} has no storageInitializer.image"
                yield Found(STORAGE_INITIALIZER, why, "W8")
        elif obj.kind == "Deployment":
            yield from _acme_solver(obj)


def _acme_solver(obj: KubeObject) -> Iterator[Found]:
    for pod in pod_uses(obj):
        for _, container in pod.containers():
            image, arguments = container.get("image"), container.get("args") or []
            if not isinstance(image, str) or "cert-manager-controller" not in image:
                continue
            tag = parse_image(image).tag
            if tag and not any(str(argument).startswith(ACME_FLAG) for argument in arguments):
                why = f"fallback in code: cert-manager uses it when {obj.ref} has no {ACME_FLAG.rstrip('=')}"
                yield Found(f"{ACME_SOLVER}:{tag}", why)
