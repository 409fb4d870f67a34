"""W5: a new password takes effect by the steps of the environment's README. For a new CA see test_digests.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.bed.api import condition, until
from tests.live.bed.bed import Bed
from tests.live.bed.environments import Environment
from tests.live.bed.inference import container, inference, pod_of, ready

pytestmark = pytest.mark.live
NAMESPACE = "speech"
HARBOR = "harbor.corp.local:8443"
IMAGE = f"{HARBOR}/kserve/kserve/sklearnserver:v0.20.0"


@pytest.fixture
def rotated(bed: Bed, environment: Environment) -> Iterator[str]:
    """Change the password of the registry."""
    old = bed.pulls.passwords[HARBOR]
    bed.pulls.passwords[HARBOR] = "robot:rotated"
    yield "robot:rotated"
    bed.pulls.passwords[HARBOR] = old
    environment.bring(old)


@pytest.mark.net_istio
def test_password(bed: Bed, environment: Environment, rotated: str) -> None:
    """No restart is needed: the kubelet pulls for the waiting Pod as soon as the Secret has the new password."""
    with inference(bed, NAMESPACE, container(IMAGE), "rotate") as name:
        pod = pod_of(bed, NAMESPACE, name)["metadata"]["name"]

        def waiting() -> bool:
            states = bed.api.get("v1/Pod", pod, NAMESPACE)["status"].get("containerStatuses", [])
            return any(state["state"].get("waiting", {}).get("reason") == "ImagePullBackOff" for state in states)

        until("the old password is refused", waiting, 20)
        environment.bring(rotated)
        until(
            "the Pod starts", lambda: condition(bed.api.get("v1/Pod", pod, NAMESPACE), "Ready")["status"] == "True", 20
        )
        ready(bed, NAMESPACE, name)
