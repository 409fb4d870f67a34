"""Every release installs in order, a second time without a change, and every object is as the API server wants it."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.cluster.bed.api import ApiError, Object, condition
from tests.cluster.bed.bed import Bed
from tests.cluster.bed.environments import Environment

pytestmark = pytest.mark.cluster


def test_every_release_is_deployed(environment: Environment) -> None:
    assert {name: status for name, (status, _) in releases(environment).items()} == dict.fromkeys(
        [release["name"] for release in environment.releases], "deployed"
    )


def test_every_pod_is_ready(bed: Bed, environment: Environment) -> None:
    waiting = {
        f"{pod['metadata']['namespace']}/{pod['metadata']['name']}": pod["status"]["containerStatuses"][0]["state"]
        for pod in bed.pods("")
        if pod["status"]["phase"] != "Succeeded" and condition(pod, "Ready")["status"] != "True"
    }
    assert waiting == {}


def test_every_image_comes_from_the_private_registry(bed: Bed, environment: Environment) -> None:
    """W1, W2: no Pod of the environment pulls from anywhere else, and each one may (W5)."""
    host = environment.answers["registry_host"]
    images = {
        container["image"]
        for pod in bed.pods("")
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    }
    assert {image for image in images if not image.startswith(f"{host}/")} == set()


def test_strict_validation(bed: Bed, environment: Environment) -> None:
    """What each release renders is accepted by the API server and by every webhook, with strict field validation."""
    environment.make("template")
    rejected = {}
    for release in environment.releases:
        text = (environment.folder / "build" / f"{release['name']}.yaml").read_text(encoding="utf-8")
        for body in filter(None, yaml.safe_load_all(text)):
            body["metadata"].setdefault("namespace", release["namespace"])
            try:
                bed.api.apply(body, dry_run=True)
            except ApiError as error:
                rejected[f"{release['name']}: {body['kind']} {body['metadata']['name']}"] = str(error)
    assert rejected == {}


def test_second_install_changes_nothing(bed: Bed, environment: Environment) -> None:
    before = generations(bed)
    environment.make("install")
    assert {name: value for name, value in generations(bed).items() if before.get(name) != value} == {}
    assert {revision for _, revision in releases(environment).values()} >= {"2"}


def releases(environment: Environment) -> dict[str, tuple[str, str]]:
    """{release: (status, revision)} as helm knows them."""
    done = environment.helm("list", "--all-namespaces", "--output", "json")
    return {item["name"]: (item["status"], item["revision"]) for item in json.loads(done.stdout)}


def generations(bed: Bed) -> dict[str, int]:
    """The generation of every object that has one: it counts changes of the spec alone."""
    kinds = ["apps/v1/Deployment", "v1/Pod", "operator.knative.dev/v1beta1/KnativeServing"]
    kinds += ["networking.istio.io/v1/Gateway", "serving.kserve.io/v1alpha1/ClusterServingRuntime"]
    listed: list[Object] = [item for kind in kinds for item in bed.api.list(kind)]
    return {
        f"{item['kind']} {item['metadata'].get('namespace', '')}/{item['metadata']['name']}": item["metadata"].get(
            "generation", 0
        )
        for item in listed
        if item["metadata"].get("namespace") != "knative-operator"
    }
