"""`helm test` of the environment: passes while the wiring is right, fails with a hint when it is not."""

from __future__ import annotations

import subprocess

import pytest

from tests.environments.edit import put
from tests.live.bed.bed import Bed
from tests.live.bed.environments import Environment
from tests.live.bed.inference import ready
from tests.live.bed.processes import last_lines
from tests.live.wires import CONFIG, INGRESS, broken

pytestmark = [pytest.mark.live, pytest.mark.net_istio]
REQUEST = "kserve-environment-smoke-request"


def test_good(bed: Bed, environment: Environment) -> None:
    done = helm_test(environment, "90s")
    assert done.returncode == 0, done.stderr + smoke_output(bed)
    assert ": 200" in smoke_output(bed)


def test_broken(bed: Bed, environment: Environment) -> None:
    """The InferenceService is Ready, but the smoke test fails and prints the response."""
    with broken(environment, CONFIG, put(*INGRESS, "localGateway", value="knative-serving/knative-local-gateway")):
        done = helm_test(environment, "25s")
        assert done.returncode != 0
        assert smoke_output(bed).splitlines()[-1].endswith(": 404")
        ready(bed, "vision", "kserve-environment-smoke")
    bed.api.delete("v1/Pod", REQUEST, "vision")


def helm_test(environment: Environment, timeout: str) -> subprocess.CompletedProcess[str]:
    """The last step of `make verify`."""
    arguments = ("test", "kserve-environment", "--namespace", "kserve", "--timeout", timeout)
    return environment.helm(*arguments, check=False)


def smoke_output(bed: Bed) -> str:
    """The output of the newest smoke request."""
    return last_lines(bed.state / "logs" / f"vision_{REQUEST}_request.log", 20)
