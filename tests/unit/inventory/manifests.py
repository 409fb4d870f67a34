"""Manifests with images, and the images that are found in them."""

from __future__ import annotations

from typing import Any

from kserve_wiring.cluster.facts import Facts
from kserve_wiring.inventory.find import found_images
from kserve_wiring.manifests.load import load_values


def found(*objects: dict[str, Any], **facts: str) -> dict[str, list[str]]:
    """Reasons by image."""
    images, notes = found_images(load_values(objects), Facts(**facts))  # type: ignore[arg-type]
    assert notes == []
    reasons: dict[str, list[str]] = {}
    for one in images:
        reasons.setdefault(one.image, []).append(one.why)
    return reasons


def knative(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "knative-serving", "namespace": "knative-serving"}
    return {"apiVersion": "operator.knative.dev/v1beta1", "kind": "KnativeServing", "metadata": metadata, "spec": spec}


def runtime(name: str, image: str, annotation: str = "", **spec: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    if annotation:
        metadata["annotations"] = {"serving.kserve.io/server-type": annotation}
    container = {"name": "kserve-container", "image": image}
    spec = {"containers": [container], **spec}
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ClusterServingRuntime",
        "metadata": metadata,
        "spec": spec,
    }
