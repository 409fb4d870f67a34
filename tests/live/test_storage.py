"""W5, W8: what KServe's real webhook injects into the Pods of a tenant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.bed.api import Object
from tests.live.bed.bed import Bed
from tests.live.bed.environments import Environment
from tests.live.bed.inference import container, inference, pod_of, sklearn

pytestmark = pytest.mark.live
IMAGE = "harbor.corp.local:8443/kserve/kserve/storage-initializer:v0.20.0"
OTHER = "harbor.corp.local:8443/kserve/corp/downloader:v7"
CONTAINER = "serving.kserve.io/v1alpha1/ClusterStorageContainer"
TENANTS = ("vision", "speech", "forecasting")


@pytest.fixture
def initializer(bed: Bed, environment: Environment, request: pytest.FixtureRequest) -> Iterator[Object]:
    """The init container of a model with this URI."""
    with inference(bed, "vision", sklearn(request.param), "storage") as name:
        pod = pod_of(bed, "vision", name)
        yield next(c for c in pod["spec"]["initContainers"] if c["name"] == "storage-initializer")


@pytest.mark.parametrize("initializer", ["s3://models/iris", "gs://models/iris", "hf://org/model"], indirect=True)
def test_image_and_quantities(initializer: Object) -> None:
    assert initializer["image"] == IMAGE
    assert initializer["resources"] == {
        "requests": {"cpu": "100m", "memory": "100Mi"},
        "limits": {"cpu": "1", "memory": "1Gi"},
    }


@pytest.mark.rule("KW301", "KW302")
def test_the_storage_container_wins(bed: Bed, environment: Environment) -> None:
    """inferenceservice-config counts only for a URI without an enabled ClusterStorageContainer."""
    original = bed.api.get(CONTAINER, "default")["spec"]
    changed = {
        **original,
        "container": {**original["container"], "image": OTHER},
        "supportedUriFormats": [{"prefix": "s3://"}],
    }
    bed.api.patch(CONTAINER, "default", "", [{"op": "replace", "path": "/spec", "value": changed}])
    try:
        assert image_for(bed, "s3://models/iris") == OTHER
        assert image_for(bed, "gs://models/iris") == IMAGE
        bed.api.patch(CONTAINER, "default", "", {"disabled": True})
        assert image_for(bed, "s3://models/iris") == IMAGE
    finally:
        bed.api.patch(CONTAINER, "default", "", [{"op": "replace", "path": "/spec", "value": original}])
        bed.api.patch(CONTAINER, "default", "", {"disabled": None})


def test_a_private_prefix_picks_its_container(bed: Bed, environment: Environment) -> None:
    body = bed.api.get(CONTAINER, "default")
    own: Object = {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ClusterStorageContainer",
        "metadata": {"name": "registry"},
        "spec": {
            **body["spec"],
            "container": {**body["spec"]["container"], "image": OTHER},
            "supportedUriFormats": [{"prefix": "models://"}],
        },
    }
    bed.api.create(own)
    try:
        assert image_for(bed, "models://iris/1") == OTHER
        assert image_for(bed, "s3://models/iris") == IMAGE
    finally:
        bed.api.delete(CONTAINER, "registry")


@pytest.mark.rule("KW203", "KW204")
@pytest.mark.parametrize("namespace", TENANTS)
def test_pods_of_every_tenant_can_pull(bed: Bed, environment: Environment, namespace: str) -> None:
    """W5: predictor and transformer have the pull Secret, and their images are pulled with it."""
    image = "harbor.corp.local:8443/kserve/kserve/sklearnserver:v0.20.0"
    transformer = {"serviceAccountName": "inference", **container(image)}
    with inference(bed, namespace, sklearn("s3://models/iris"), "pull", transformer=transformer) as name:
        for component in ("predictor", "transformer"):
            pod = pod_of(bed, namespace, name, component)
            assert {"name": "harbor-pull"} in pod["spec"]["imagePullSecrets"]
            assert bed.pulls.problem(bed.api, pod) == ""


def test_without_the_service_account_nothing_is_pulled(bed: Bed, environment: Environment) -> None:
    """queue-proxy comes from the private registry too, so the runtime's own pull Secret makes no difference."""
    image = "harbor.corp.local:8443/kserve/kserve/sklearnserver:v0.20.0"
    with inference(bed, "vision", {**container(image), "serviceAccountName": "default"}, "pull") as name:
        pod = pod_of(bed, "vision", name)
        assert "unauthorized" in bed.pulls.problem(bed.api, pod)


def test_the_ca_is_copied_to_the_tenant(bed: Bed, environment: Environment) -> None:
    """W4: KServe copies the bundle as global-ca-bundle next to the model (kserve constants.go GlobalCaBundle)."""
    with inference(bed, "vision", sklearn("s3://models/iris"), "ca") as name:
        pod_of(bed, "vision", name)
        copied = bed.api.get("v1/ConfigMap", "global-ca-bundle", "vision")
    assert copied["data"]["cabundle.crt"].strip() == environment.answers["registry_ca_bundle"].strip()


def image_for(bed: Bed, uri: str) -> str:
    """The storage initializer's image for a URI."""
    with inference(bed, "vision", sklearn(uri), "storage") as name:
        pod = pod_of(bed, "vision", name)
        return str(next(c["image"] for c in pod["spec"]["initContainers"] if c["name"] == "storage-initializer"))
