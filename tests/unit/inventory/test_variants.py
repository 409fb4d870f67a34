"""Images whose names KServe makes from those of runtimes."""

from __future__ import annotations

import pytest

from kserve_wiring.inventory.found import canonical
from tests.unit.inventory.manifests import found, runtime


@pytest.mark.parametrize(
    ("name", "annotation", "image", "made"),
    [
        ("kserve-tensorflow-serving", "", "tensorflow/serving:2.6.2", "docker.io/tensorflow/serving:2.6.2-gpu"),
        ("mine", "torchserve", "r.local/torch:1", "r.local/torch:1-gpu"),
        ("kserve-huggingfaceserver", "", "r.local:8443/hf:v1", "r.local:8443/hf:v1-gpu"),
        ("mine", "vllmserver", "vllm/vllm-openai:latest", "docker.io/vllm/vllm-openai-cpu:latest"),
        ("mine", "", "tensorflow/serving:2.6.2", None),
        ("kserve-tensorflow-serving", "sklearnserver", "tensorflow/serving:2.6.2", None),
        ("kserve-tensorflow-serving", "", "tensorflow/serving:2.6.2-gpu", None),
        ("kserve-tensorflow-serving", "", f"tensorflow/serving@sha256:{'0' * 64}", None),
        ("kserve-vllmserver", "", "r.local/vllm-cpu:latest", None),
    ],
)
def test_names_that_kserve_makes_itself(name: str, annotation: str, image: str, made: str | None) -> None:
    assert set(found(runtime(name, image, annotation))) == {canonical(image)} | ({made} if made else set())


def test_a_version_of_ones_own_replaces_the_tag() -> None:
    model = {"modelFormat": {"name": "tensorflow"}, "runtime": "kserve-tensorflow-serving", "runtimeVersion": "2.14.0"}
    metadata = {"name": "flowers", "namespace": "models"}
    spec = {"predictor": {"model": model}}
    service = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": metadata,
        "spec": spec,
    }
    images = found(service, runtime("kserve-tensorflow-serving", "tensorflow/serving:2.6.2"))
    assert images["docker.io/tensorflow/serving:2.14.0"] == [
        "InferenceService models/flowers spec.predictor.model.runtimeVersion, as the tag of kserve-tensorflow-serving"
    ]
    pinned = found(service, runtime("kserve-tensorflow-serving", f"tensorflow/serving@sha256:{'0' * 64}"))
    assert set(pinned) == {f"docker.io/tensorflow/serving@sha256:{'0' * 64}"}
