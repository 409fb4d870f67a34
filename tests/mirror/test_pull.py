"""Pulling from the mirror, with the pull Secret and the CA of the environment."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.live.bed import binaries
from tests.mirror.registry import FIRST, SECOND, USER, Registry, pull_secret
from tests.mirror.state import error_of, references
from tests.mirror.world import STACK, World
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm


def test_every_reference_can_be_pulled_with_the_pull_secret_and_the_ca(
    world: World, mirrored: Registry, upstream_charts: Callable[[str], Upstream], newest_helm: Helm
) -> None:
    images = references(world.environment, upstream_charts(STACK), newest_helm)
    assert len(images) == 30
    secret, ca = pull_secret(world.host, FIRST), world.environment / "images" / "certs" / "ca.crt"
    answers = {image: mirrored.pull(image, secret, ca) for image in images}
    assert [text for text in answers.values() if not text.startswith("sha256:")] == []
    assert all(image.partition("@")[2] in (digest, "") for image, digest in answers.items())


def test_without_the_pull_secret_nothing_can_be_pulled(world: World, mirrored: Registry) -> None:
    target, ca = world.lines(world.environment)[0][1], world.keys / "ca.crt"
    assert mirrored.pull(target, {"auths": {}}, ca) == f"401 for {target}"
    other = pull_secret("localhost", FIRST)  # without the port, the kubelet treats it as another registry
    assert mirrored.pull(target, other, ca) == f"401 for {target}"


def test_the_readme_makes_this_pull_secret(world: World, tmp_path: Path) -> None:
    """The `kubectl create secret` command of README.md writes the credentials that the other tests log in with."""
    kubectl = shutil.which("kubectl") or binaries.components()["kubernetes"].folder / "kubectl"
    if not Path(kubectl).exists():
        pytest.skip("kubectl is not on PATH and not built yet (make test-live builds it)")
    text = (world.environment / "README.md").read_text(encoding="utf-8")
    command = text[text.index("kubectl create secret docker-registry") :].partition(" | ")[0].replace("\\\n", " ")
    words = command.replace("$namespace", "models").replace("USER", USER).replace("PASSWORD", FIRST).split()

    done = subprocess.run(
        [kubectl, *words[1:]], env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=True
    )

    secret = yaml.safe_load(done.stdout)
    assert (secret["type"], secret["metadata"]["name"]) == ("kubernetes.io/dockerconfigjson", "harbor-pull")
    document = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))
    assert document == pull_secret(world.host, FIRST)


def test_the_password_is_rotated(world: World, mirrored: Registry) -> None:
    target, ca = world.lines(world.environment)[0][1], world.keys / "ca.crt"
    old, new = pull_secret(world.host, FIRST), pull_secret(world.host, SECOND)
    assert mirrored.pull(target, old, ca).startswith("sha256:")
    assert mirrored.pull(target, new, ca) == f"401 for {target}"

    mirrored.accept(SECOND)

    assert mirrored.pull(target, old, ca) == f"401 for {target}"
    assert mirrored.pull(target, new, ca).startswith("sha256:")
    assert "rejects the credentials" in error_of(world.make_target(world.environment, "verify-mirror"))
    world.log_in(SECOND)
    assert world.make_target(world.environment, "verify-mirror").returncode == 0
