"""A node that has the hosts.toml of the README: containerd's own code resolves an image of the environment with it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.live.bed import binaries
from tests.live.bed.control_plane import issue
from tests.mirror.registry import FIRST, USER, Registry
from tests.mirror.world import World, split

# A name of the registry that containerd does not know; for localhost it verifies nothing.
NAME = "registry.corp.test"
NO_BUNDLE = {"registry_ca_bundle": None}
# The answers of each way to reach a registry, and whether the README has a hosts.toml.
SITUATIONS: dict[str, tuple[dict[str, Any], bool]] = {
    "CA given here": ({}, True),
    "CA in a ConfigMap": (NO_BUNDLE | {"registry_ca_source": "configmap"}, True),
    "CA in a Secret": (NO_BUNDLE | {"registry_ca_source": "secret"}, True),
    "plain http": (NO_BUNDLE | {"registry_ca_source": None, "registry_plain_http": True}, True),
    "public CA": (NO_BUNDLE | {"registry_ca_source": "none"}, False),
}


@dataclass
class Node:
    """certs: its /etc/containerd/certs.d. image: one that is in the registry. readme: what the node's owner reads."""

    certs: Path
    image: str
    digest: str
    readme: str
    host: str
    plain: bool

    def install(self, ca: Path) -> None:
        """Writes the file of the README to the place that the README names, and the CA beside it."""
        found = re.search(r"`/etc/containerd/certs\.d/(\S+)/hosts\.toml`.*?```toml\n(.+?)```", self.readme, re.DOTALL)
        assert found, self.readme
        folder = self.certs / found[1]
        folder.mkdir(parents=True)
        (folder / "hosts.toml").write_text(found[2].replace("/etc/containerd/certs.d", str(self.certs)), "utf-8")
        shutil.copy(ca, folder / "ca.crt")

    def resolve(self, password: str = FIRST) -> dict[str, Any]:
        command = [str(binaries.binary("containerd", "resolve")), str(self.certs), self.image, USER]
        done = subprocess.run(command, input=f"{password}\n", capture_output=True, text=True, check=True)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


@pytest.fixture(params=SITUATIONS)
def situation(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def node(situation: str, world: World, tmp_path: Path) -> Iterator[Node]:
    """A registry with one image, and a node without any hosts.toml."""
    answers, _ = SITUATIONS[situation]
    plain = bool(answers.get("registry_plain_http"))
    keys = shutil.copytree(world.keys, tmp_path / "keys")
    issue(keys, "registry", "localhost", NAME)
    registry = Registry(tmp_path / "registry", world.port, None if plain else keys)
    registry.serve()
    host = f"{NAME}:{world.port}"
    environment = world.generate(tmp_path / "environment", registry_host=host, **answers)
    source, target = next(line for line in world.lines(environment) if "@" not in line[0])[:2]
    repository, tag = split(target)
    registry.push(repository.partition("/")[2], tag, world.images[source])
    readme = (environment / "README.md").read_text(encoding="utf-8")
    (tmp_path / "certs.d").mkdir()
    yield Node(tmp_path / "certs.d", target, world.images[source].digest, readme, host, plain)
    registry.stop()


def test_the_node_pulls_with_the_file_of_the_readme_and_only_with_it(situation: str, node: Node, world: World) -> None:
    refused = node.resolve()["error"]
    assert ("gave HTTP response to HTTPS client" if node.plain else "x509: certificate signed by unknown") in refused
    if not SITUATIONS[situation][1]:  # the node trusts a public CA by itself
        assert "hosts.toml" not in node.readme
        return
    node.install(world.keys / "ca.crt")
    answer = node.resolve()
    assert answer.get("digest") == node.digest, answer
    scheme = "http" if node.plain else "https"
    first = {"scheme": scheme, "host": node.host, "certificates": not node.plain, "pull": True, "resolve": True}
    assert first.items() <= answer["hosts"][0].items()
    assert {(host["scheme"], host["host"]) for host in answer["hosts"]} == {(scheme, node.host)}
    # On plain http, the registry of the tests has no password.
    assert node.plain or "401" in node.resolve("wrong")["error"]
