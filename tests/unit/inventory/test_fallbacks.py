"""Images that a program pulls when nothing is configured."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.inventory.manifests import found


def config(**data: Any) -> dict[str, Any]:
    metadata = {"name": "inferenceservice-config", "namespace": "kserve"}
    text = {key: json.dumps(value) for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": text}


def test_kserves_fallback_counts_when_nothing_is_configured() -> None:
    assert found(config(storageInitializer={"cpuLimit": "1"})) == {
        "docker.io/kserve/storage-initializer:latest": [
            "fallback in code: KServe uses it when "
            "ConfigMap kserve/inferenceservice-config has no storageInitializer.image"
        ]
    }
    assert set(found(config(storageInitializer={"image": "r.local/init:v1"}))) == {"r.local/init:v1"}


def test_what_kserve_parses_and_never_uses_does_not_count() -> None:
    images = found(
        config(storageInitializer={"image": "r.local/init:v1"}, localModel={"defaultJobImage": "r.local/j:v1"})
    )
    assert set(images) == {"r.local/init:v1"}


def test_cert_managers_fallback_counts_without_the_flag() -> None:
    container: dict[str, Any] = {
        "name": "c",
        "image": "quay.io/jetstack/cert-manager-controller:v1.17.0",
        "args": ["--v=2"],
    }
    spec = {"template": {"spec": {"containers": [container]}}}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cert-manager"}, "spec": spec}
    assert "quay.io/jetstack/cert-manager-acmesolver:v1.17.0" in found(deployment)
    container["args"] = ["--acme-http01-solver-image=r.local/solver:v1"]
    assert set(found(deployment)) == {container["image"], "r.local/solver:v1"}
