"""W4, W5: another password and another CA take effect by the steps of the environment's README."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.bed.api import condition, until
from tests.cluster.bed.bed import Bed
from tests.cluster.bed.environments import Environment
from tests.cluster.bed.inference import container, inference, pod_of, ready, sklearn

pytestmark = pytest.mark.cluster
NAMESPACE = "speech"
HARBOR = "harbor.corp.local:8443"
IMAGE = f"{HARBOR}/kserve/kserve/sklearnserver:v0.20.0"


@pytest.fixture
def rotated(bed: Bed, environment: Environment) -> Iterator[str]:
    """The registry takes another password from now on."""
    old = bed.pulls.passwords[HARBOR]
    bed.pulls.passwords[HARBOR] = "robot:rotated"
    yield "robot:rotated"
    bed.pulls.passwords[HARBOR] = old
    environment.pull_secrets(old)


@pytest.mark.net_istio
def test_password(bed: Bed, environment: Environment, rotated: str) -> None:
    """Nothing has to be restarted: the waiting Pod is pulled as soon as the Secret has the new password."""
    with inference(bed, NAMESPACE, container(IMAGE), "rotate") as name:
        pod = pod_of(bed, NAMESPACE, name)["metadata"]["name"]

        def waiting() -> bool:
            states = bed.api.get("v1/Pod", pod, NAMESPACE)["status"].get("containerStatuses", [])
            return any(state["state"].get("waiting", {}).get("reason") == "ImagePullBackOff" for state in states)

        until("the old password is refused", waiting, 20)
        environment.pull_secrets(rotated)
        until(
            "the Pod starts", lambda: condition(bed.api.get("v1/Pod", pod, NAMESPACE), "Ready")["status"] == "True", 20
        )
        ready(bed, NAMESPACE, name)


def test_ca(bed: Bed, environment: Environment) -> None:
    """Another bundle reaches what Knative's controller mounts, starts it anew, and is copied beside the models."""
    bundle = (bed.state / "keys" / "ca.crt").read_text(encoding="utf-8")
    before = {pod["metadata"]["uid"] for pod in bed.pods("knative-serving", "app=controller")}
    changed = Environment.generate(bed, "offline-harbor", "another-ca", registry_ca_bundle=bundle)
    try:
        changed.make("install-kserve-prerequisites", "install-kserve-environment")
        until(
            "the controller starts anew",
            lambda: {p["metadata"]["uid"] for p in bed.pods("knative-serving", "app=controller")}.isdisjoint(before),
            60,
        )
        with inference(bed, NAMESPACE, sklearn("s3://models/iris"), "ca") as name:
            pod_of(bed, NAMESPACE, name)
            copied = bed.api.get("v1/ConfigMap", "global-ca-bundle", NAMESPACE)["data"]["cabundle.crt"]
            assert copied.strip() == bundle.strip()
    finally:
        environment.make("install-kserve-prerequisites", "install-kserve-environment")
