"""The chart without the template: the values and the commands of its README, on an empty cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.chart import readme
from tests.live.bed.api import condition, until
from tests.live.bed.bed import Bed
from tests.live.bed.environments import OVERRIDES, PASSWORD, PATH, merged
from tests.live.bed.inference import inference, pod_of, sklearn
from tests.live.bed.pulls import Pulls
from tools import stacks
from tools.console import BUILD

pytestmark = pytest.mark.live
VALUES = yaml.safe_load(readme.files()["kserve.yaml"])
HOST = VALUES["registry"]["host"]
SMOKE = "helm test kserve-environment -n kserve --logs"


def run(bed: Bed, folder: Path, command: str) -> str:
    """Run a command of the README, and return its output. Raises AssertionError when it fails."""
    user, _, password = PASSWORD.partition(":")
    variables = {**bed.variables, "PATH": PATH, "REGISTRY_USER": user, "REGISTRY_PASSWORD": password}
    done = readme.run(command, folder, **variables)
    if done.returncode:
        raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


@pytest.fixture(scope="module")
def folder(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment of the README, installed: the nodes reach only the private registry, with its password."""
    bed.clear()
    bed.reach(Pulls(False, {HOST: PASSWORD}))
    bed.rename("cluster.local")
    path = tmp_path_factory.mktemp("alone")
    pulled = BUILD / "upstream" / stacks.DEFAULT / "modules"
    charts = {chart.name: pulled / chart.folder for chart in stacks.charts(stacks.DEFAULT)}
    readme.prepare(path, stacks.DEFAULT, charts, {"helm": bed.variables["HELM"], "kubectl": bed.variables["KUBECTL"]})
    for override in OVERRIDES.glob("*.yaml"):
        file = path / override.name
        values = merged(yaml.safe_load(file.read_text("utf-8")), yaml.safe_load(override.read_text("utf-8")))
        file.write_text(yaml.safe_dump(values), "utf-8")
    for command in readme.commands("helm install kserve-prerequisites"):
        if command != SMOKE:
            run(bed, path, command)
    return path


def test_every_release_is_deployed(bed: Bed, folder: Path) -> None:
    listed = json.loads(run(bed, folder, "helm list --all-namespaces --output json"))
    assert {item["status"] for item in listed} == {"deployed"}
    installs = [
        command for command in readme.commands("helm install kserve-prerequisites") if "helm install" in command
    ]
    assert {item["name"] for item in listed} == {command.split()[2] for command in installs}


def test_every_pod_is_ready(bed: Bed, folder: Path) -> None:
    def waiting() -> list[str]:
        pods = [pod for pod in bed.pods("") if pod["status"]["phase"] != "Succeeded"]
        return [pod["metadata"]["name"] for pod in pods if condition(pod, "Ready")["status"] != "True"]

    until("every Pod is Ready", lambda: not waiting(), 60)


def test_every_image_follows_from_the_registry(bed: Bed, folder: Path) -> None:
    """By the names that follow from fifteen lines of values, with the pull Secret."""
    containers = [item for pod in bed.pods("") for item in pod["spec"]["containers"]]
    images = {item["image"] for item in containers}
    assert {image for image in images if not image.startswith(f"{HOST}/kserve/")} == set()
    assert any("/knative.dev/serving/cmd/activator@sha256:" in image for image in images)


def test_the_storage_initializer_of_a_model(bed: Bed, folder: Path) -> None:
    namespace = VALUES["tenants"][0]["name"]
    with inference(bed, namespace, sklearn("gs://models/iris"), "alone", "default") as name:
        pod = pod_of(bed, namespace, name)
    found = {item["name"]: item["image"] for item in pod["spec"]["initContainers"]}
    assert found["storage-initializer"] == f"{HOST}/kserve/kserve/storage-initializer:v0.20.0"
    assert pod["spec"]["imagePullSecrets"] == [{"name": VALUES["registry"]["pullSecret"]["name"]}]


@pytest.mark.net_istio
def test_the_smoke_test_passes(bed: Bed, folder: Path) -> None:
    assert ": 200" in run(bed, folder, SMOKE)
