"""inferenceservice-config and the ClusterStorageContainers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.chart.conftest import Object, Values, named, only

Render = Callable[[Values], list[Object]]
DIGEST = "sha256:" + "0" * 64


@pytest.fixture(scope="session")
def config(wiring: Render) -> Callable[[Values], dict[str, Any]]:
    """The decoded keys of inferenceservice-config."""

    def render(values: Values) -> dict[str, Any]:
        data = only(wiring(values), "ConfigMap", "inferenceservice-config", "kserve")["data"]
        return {key: json.loads(text) for key, text in data.items()}

    return render


FREE = {
    "minimal": named("minimal"),
    "offline": named("offline"),
    "changed": named(
        "minimal",
        kserve={
            "config": {
                "localModel": {"enabled": True, "fsGroup": 1000650000},
                "multiNode": {"customGPUResourceTypeList": ["vendor.example/gpu"]},
                "security": {"autoMountServiceAccountToken": False},
                "storageInitializer": {"uidModelcar": 1000650000, "enableModelcar": False},
            }
        },
    ),
}


@pytest.mark.parametrize("values", FREE.values(), ids=FREE)
def test_kserve_decodes_every_key(config: Callable[[Values], dict[str, Any]], values: Values) -> None:
    schema = yaml.safe_load((Path(__file__).parent / "inferenceservice-config.schema.yaml").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(config(values))


def test_other_settings_are_merged_in(config: Callable[[Values], dict[str, Any]]) -> None:
    before, after = config(FREE["minimal"]), config(FREE["changed"])
    assert after["localModel"] == before["localModel"] | {"enabled": True, "fsGroup": 1000650000}
    assert after["security"] == {"autoMountServiceAccountToken": False}
    assert after["multiNode"] == {"customGPUResourceTypeList": ["vendor.example/gpu"]}
    changed = {"uidModelcar": 1000650000, "enableModelcar": False}
    assert after["storageInitializer"] == before["storageInitializer"] | changed


def test_large_integers_stay_integers(wiring: Render) -> None:
    """Helm reads numbers as float64, and Go's encoding/json rejects 1.00065e+09 as an int64."""
    data = only(wiring(FREE["changed"]), "ConfigMap", "inferenceservice-config")["data"]
    assert '"uidModelcar": 1000650000' in data["storageInitializer"]
    assert '"fsGroup": 1000650000' in data["localModel"]


def test_gateways(config: Callable[[Values], dict[str, Any]]) -> None:
    ingress = config(named("offline"))["ingress"]
    assert {key: ingress[key] for key in ingress if "ateway" in key or key in ("ingressDomain", "urlScheme")} == {
        "enableGatewayApi": False,
        "ingressGateway": "ml-gateways/ml-ingress",
        "localGateway": "ml-gateways/ml-local",
        "localGatewayService": "ml-local.ml-gateways.svc.corp.internal",
        "knativeLocalGatewayService": "ml-local.ml-gateways.svc.corp.internal",
        "ingressDomain": "models.corp.example",
        "urlScheme": "https",
    }


def test_images_and_pull_secret(config: Callable[[Values], dict[str, Any]]) -> None:
    found = config(named("offline"))
    images = {key: found[key]["image"].rsplit("/", 1)[1] for key in ("agent", "batcher", "logger", "router")}
    assert images == {
        "agent": "agent:v0.20.0",
        "batcher": "agent:v0.20.0",
        "logger": "agent:v0.20.0",
        "router": "router:v0.20.0",
    }
    assert found["router"]["imagePullSecrets"] == ["harbor"]
    assert config({})["router"]["imagePullSecrets"] == []


def test_upstream_images_follow_the_version(config: Callable[[Values], dict[str, Any]]) -> None:
    found = config({"versions": {"kserve": "v0.19.0"}})
    assert found["storageInitializer"]["image"] == "docker.io/kserve/storage-initializer:v0.19.0"
    assert found["agent"]["image"] == "docker.io/kserve/agent:v0.19.0"


@pytest.mark.parametrize(
    "image",
    ["docker.io/kserve/art:v1", f"docker.io/kserve/art@{DIGEST}", f"harbor.a:8443/kserve/art:v1@{DIGEST}"],
)
def test_explainer_image_is_joined_by_a_colon(config: Callable[[Values], dict[str, Any]], image: str) -> None:
    art = config({"images": {"kserve": {"artExplainer": image}}})["explainers"]["art"]
    assert f"{art['image']}:{art['defaultImageVersion']}" == image


def test_ca(config: Callable[[Values], dict[str, Any]]) -> None:
    """A missing ConfigMap blocks every InferenceService, so the chart sets its name only if it is needed."""
    assert config(named("offline"))["storageInitializer"]["caBundleConfigMapName"] == "corp-ca"
    assert "caBundleConfigMapName" not in config({})["storageInitializer"]
    secret = {"registry": {"ca": {"kind": "Secret", "name": "corp-ca"}}}
    assert "caBundleConfigMapName" not in config(secret)["storageInitializer"]


def test_s3(config: Callable[[Values], dict[str, Any]]) -> None:
    s3 = {"endpoint": "minio:9000", "region": "eu", "useHttps": "0", "verifySSL": "0", "useVirtualBucket": "1"}
    found = config({"storage": {"s3": s3}})["credentials"]["s3"]
    assert {key: value for key, value in found.items() if value} == {
        "s3AccessKeyIDName": "AWS_ACCESS_KEY_ID",
        "s3SecretAccessKeyName": "AWS_SECRET_ACCESS_KEY",
        "s3Endpoint": "minio:9000",
        "s3Region": "eu",
        "s3UseHttps": "0",
        "s3VerifySSL": "0",
        "s3UseVirtualBucket": "1",
    }


def test_storage_initializer_is_the_same_in_both_places(wiring: Render, config: Callable[[Values], Any]) -> None:
    resources = {"requests": {"cpu": "200m", "memory": "2Gi"}, "limits": {"cpu": "4", "memory": "16Gi"}}
    values = named("offline", storage={"resources": resources})
    container = only(wiring(values), "ClusterStorageContainer", "default")["spec"]["container"]
    fields = config(values)["storageInitializer"]
    assert container["resources"] == resources
    assert container["image"] == fields["image"]
    assert {key: fields[key] for key in ("cpuRequest", "memoryRequest", "cpuLimit", "memoryLimit")} == {
        "cpuRequest": "200m",
        "memoryRequest": "2Gi",
        "cpuLimit": "4",
        "memoryLimit": "16Gi",
    }


def test_further_storage_container(wiring: Render) -> None:
    spec = only(wiring(named("offline")), "ClusterStorageContainer", "model-registry")["spec"]
    container = spec.pop("container")
    assert spec == {
        "supportedUriFormats": [{"prefix": "model-registry://"}],
        "workloadType": "initContainer",
        "supportsMultiModelDownload": False,
    }
    assert container["name"] == "storage-initializer"
    assert container["image"] == "harbor.corp.example:8443/mirror/own/initializer:1.0"
    assert container["env"] == [{"name": "MODEL_REGISTRY", "value": "registry.corp.example"}]
    default = only(wiring(named("offline")), "ClusterStorageContainer", "default")["spec"]["container"]
    assert {key: container[key] for key in ("resources", "securityContext")} == {
        key: default[key] for key in ("resources", "securityContext")
    }


def hub_variables(objects: list[Object], container: str) -> dict[str, str]:
    env = only(objects, "ClusterStorageContainer", container)["spec"]["container"].get("env", [])
    return {item["name"]: item["value"] for item in env if item["name"].startswith("HF_")}


MIRROR = "https://nexus.corp.example/repository/hf"


def test_a_mirror_of_hugging_face_is_for_the_container_of_hf(wiring: Render) -> None:
    assert hub_variables(wiring({}), "default") == {}
    own = {"name": "own", "supportedUriFormats": [{"prefix": "own://"}]}
    objects = wiring({"storage": {"huggingFace": {"endpoint": MIRROR}, "containers": [own]}})
    expected = {"HF_ENDPOINT": MIRROR, "HF_HUB_DISABLE_XET": "1", "HF_HUB_ENABLE_HF_TRANSFER": "0"}
    assert hub_variables(objects, "default") == expected
    assert hub_variables(objects, "own") == {}


def test_another_container_for_hf_gets_the_mirror_and_its_own_variables_win(wiring: Render) -> None:
    env = [{"name": "HF_HUB_ENABLE_HF_TRANSFER", "value": "1"}]
    own = {"name": "own", "supportedUriFormats": [{"prefix": "hf://"}], "env": env}
    storage = {"huggingFace": {"endpoint": MIRROR}, "supportedUriFormats": [{"prefix": "s3://"}], "containers": [own]}
    objects = wiring({"storage": storage})
    assert hub_variables(objects, "default") == {}
    expected = {"HF_ENDPOINT": MIRROR, "HF_HUB_DISABLE_XET": "1", "HF_HUB_ENABLE_HF_TRANSFER": "1"}
    assert hub_variables(objects, "own") == expected


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, True),
        ({"image": "docker.io/kserve/storage-initializer:v0.20.0"}, True),
        ({"image": "docker.io/mine/initializer:1"}, False),
        ({"image": "docker.io/mine/initializer:1", "supportsMultiModelDownload": True}, True),
        ({"supportsMultiModelDownload": False}, False),
    ],
)
def test_several_models_at_once(wiring: Render, own: Values, expected: bool) -> None:
    container = {"name": "own", "supportedUriFormats": [{"prefix": "own://"}]} | own
    objects = wiring({"storage": {"containers": [container]}})
    assert only(objects, "ClusterStorageContainer", "own")["spec"]["supportsMultiModelDownload"] is expected
