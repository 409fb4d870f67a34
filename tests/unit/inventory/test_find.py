"""Images of plain manifests: those that nothing in them names, too."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kserve_wiring.cli import main as cli
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.inventory.find import found_images
from kserve_wiring.inventory.found import canonical
from kserve_wiring.inventory.injected import PROXY
from kserve_wiring.inventory.operator import operators
from kserve_wiring.manifests.load import load_values

KNATIVE = "gcr.io/knative-releases/knative.dev"


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


def test_the_operators_own_manifests_count() -> None:
    images = found(knative(version="1.21.1"), knative_operator_version="1.21.1")
    data = operators()["1.21.1"]
    assert set(images) == {*data["serving"]["1.21.1"].values(), *data["ingress"]["1.21"]["istio"].values()}
    activator = data["serving"]["1.21.1"]["activator/activator"]
    assert images[activator] == ["embedded in the operator 1.21.1 for Knative 1.21.1 (activator/activator)"]


def test_the_operators_version_counts_too() -> None:
    """One net-istio per minor: operator 1.23.0 brings another one for Knative 1.21 than operator 1.21.1 does."""
    old, new = (set(found(knative(version="1.21.1"), knative_operator_version=one)) for one in ("1.21.1", "1.23.0"))
    assert {image.partition("@")[0] for image in old ^ new} == {
        f"{KNATIVE}/net-istio/cmd/controller",
        f"{KNATIVE}/net-istio/cmd/webhook",
    }


@pytest.mark.parametrize(("version", "meant"), [("1.21", "1.21.3"), ("latest", "1.23.0"), ("v1.20.0", "1.20.0")])
def test_a_version_may_be_short(version: str, meant: str) -> None:
    reason = next(iter(found(knative(version=version)).values()))[0]
    assert reason.startswith(f"embedded in the operator 1.23.0 for Knative {meant} ")


def test_a_version_that_is_not_known_is_said() -> None:
    images, notes = found_images(load_values([knative(version="1.99.0")]), Facts())
    assert images == []
    assert notes == [
        "KnativeServing knative-serving/knative-serving: "
        "the images that the operator embeds for Knative 1.99.0 are unknown"
    ]


def test_an_override_replaces_what_is_embedded() -> None:
    override = {"activator": "r.local/a:v1", "net-istio-webhook/webhook": "r.local/n:v1", "queue-proxy": "r.local/q:v1"}
    images = found(knative(version="1.23.0", registry={"override": override}))
    repositories = {image.partition("@")[0] for image in images}
    assert f"{KNATIVE}/serving/cmd/activator" not in repositories
    assert f"{KNATIVE}/net-istio/cmd/webhook" not in repositories
    assert f"{KNATIVE}/serving/cmd/webhook" in repositories
    assert images["r.local/a:v1"] == ["KnativeServing knative-serving/knative-serving spec.registry.override.activator"]
    # The ConfigMap is out of reach of spec.registry.
    queue = next(image for image in images if image.startswith(f"{KNATIVE}/serving/cmd/queue@"))
    assert images[queue] == [
        "embedded in the operator 1.23.0 for Knative 1.23.0 (config-deployment/queue-sidecar-image)"
    ]


def test_a_default_with_name_is_followed() -> None:
    images = found(
        knative(
            version="1.23.0",
            registry={"default": "r.local/knative/${NAME}:v1.23.0"},
            config={"deployment": {"queue-sidecar-image": "r.local/knative/queue:v1.23.0"}},
        )
    )
    assert {image.rpartition("/")[2].partition(":")[0] for image in images} == {
        "activator",
        "autoscaler",
        "autoscaler-hpa",
        "controller",
        "webhook",
        "queue",
        "migrate",
        "cleanup",
    }
    assert [reason.partition(" (")[2] for reason in images["r.local/knative/webhook:v1.23.0"]] == [
        "webhook/webhook), through spec.registry.default of KnativeServing knative-serving/knative-serving",
        "net-istio-webhook/webhook), through spec.registry.default of KnativeServing knative-serving/knative-serving",
    ]


def test_the_enabled_ingress_counts() -> None:
    images = found(knative(version="1.23.0", ingress={"kourier": {"enabled": True}}))
    assert "docker.io/envoyproxy/envoy:v1.37-latest" in images
    assert not [image for image in images if "net-istio" in image]


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


def test_a_disabled_runtime_pulls_nothing() -> None:
    assert found(runtime("kserve-torchserve", "pytorch/torchserve-kfs:0.9.0", disabled=True)) == {}


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


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("kserve/agent:v1", "docker.io/kserve/agent:v1"),
        ("index.docker.io/kserve/agent:v1", "docker.io/kserve/agent:v1"),
        (f"r.local/ab:v1@sha256:{'0' * 64}", f"r.local/ab@sha256:{'0' * 64}"),
        ("not an image", "not an image"),
    ],
)
def test_spellings_of_one_image_are_equal(image: str, expected: str) -> None:
    assert canonical(image) == expected


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "manifest.yaml"
    path.write_text(yaml.safe_dump(runtime("kserve-vllmserver", "vllm/vllm-openai:v1")), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("format_", "expected"),
    [
        (
            "table",
            "docker.io/vllm/vllm-openai-cpu:v1\n    wire        W1\n"
            "    why         for an InferenceService without a GPU KServe appends -cpu to "
            "ClusterServingRuntime kserve-vllmserver spec.containers[0].image\n"
            "docker.io/vllm/vllm-openai:v1\n    wire        W1\n"
            "    why         ClusterServingRuntime kserve-vllmserver spec.containers[0].image\n2 images\n",
        ),
        ("txt", "docker.io/vllm/vllm-openai-cpu:v1\ndocker.io/vllm/vllm-openai:v1\n"),
        (
            "skopeo",
            'docker.io:\n  images:\n    vllm/vllm-openai-cpu:\n      - "v1"\n    vllm/vllm-openai:\n      - "v1"\n',
        ),
        (
            "hauler",
            "apiVersion: content.hauler.cattle.io/v1\nkind: Images\nmetadata:\n  name: kserve\nspec:\n  images:\n"
            "    - name: docker.io/vllm/vllm-openai-cpu:v1\n    - name: docker.io/vllm/vllm-openai:v1\n",
        ),
        (
            "zarf",
            "kind: ZarfPackageConfig\nmetadata:\n  name: kserve-images\ncomponents:\n"
            "  - name: images\n    required: true\n    images:\n"
            "      - docker.io/vllm/vllm-openai-cpu:v1\n      - docker.io/vllm/vllm-openai:v1\n",
        ),
    ],
)
def test_formats(manifest: Path, format_: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["images", str(manifest), "--format", format_]) == 0
    assert capsys.readouterr().out == expected


def test_standard_input(manifest: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(manifest.read_bytes())))
    assert cli.main(["images", "-", "--format", "txt"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "docker.io/vllm/vllm-openai:v1"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--check"], "--check compares an environment with its list, and {}/images/catalogue.yaml does not exist"),
        (
            ["--format", "oras"],
            "the target of docker.io/vllm/vllm-openai-cpu:v1 is unknown: name an environment folder",
        ),
    ],
)
def test_what_needs_an_environment_says_so(
    manifest: Path, words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["images", str(manifest), *words]) == 2
    assert capsys.readouterr().err == f"kserve-wiring: {expected.format(manifest)}\n"


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["images", str(tmp_path / "gone.yaml")]) == 2
    assert capsys.readouterr().err == f"kserve-wiring: {tmp_path}/gone.yaml: No such file or directory\n"
