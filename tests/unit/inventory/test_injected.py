"""Images that Istio injects."""

from __future__ import annotations

from typing import Any

import yaml

from kserve_wiring.inventory.injected import PROXY
from tests.unit.inventory.manifests import found


def injector(**config: Any) -> dict[str, Any]:
    metadata = {"name": "istio-sidecar-injector", "namespace": "istio-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"config": yaml.safe_dump(config)}}


def pod(**annotations: str) -> dict[str, Any]:
    metadata = {"name": "p", "annotations": {f"inject.istio.io/{key}": value for key, value in annotations.items()}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}}


def test_injection_templates_count_for_those_who_ask() -> None:
    template = "spec:\n  initContainers:\n  - image: busybox:1.28\n  containers:\n  - image: '{{ .ProxyImage }}'\n"
    config = injector(defaultTemplates=["sidecar"], templates={"sidecar": "spec: {}", "grpc-simple": template})
    assert found(config, pod(templates="sidecar")) == {}
    assert found(config, pod(templates="sidecar,grpc-simple")) == {
        "docker.io/library/busybox:1.28": [
            "ConfigMap istio-system/istio-sidecar-injector data.config, template grpc-simple"
        ]
    }
    assert set(found(injector(defaultTemplates=["own"], templates={"own": template}))) == {
        "docker.io/library/busybox:1.28"
    }


def test_a_proxy_of_ones_own_counts() -> None:
    metadata = {"name": "flowers", "namespace": "models", "annotations": {PROXY: "r.local/proxy:v1"}}
    spec: dict[str, Any] = {"predictor": {"model": {}}}
    service = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": metadata,
        "spec": spec,
    }
    assert found(service) == {
        "r.local/proxy:v1": ["InferenceService models/flowers metadata.annotations.sidecar.istio.io/proxyImage"]
    }
