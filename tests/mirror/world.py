"""An upstream and a private registry on loopback, and an environment that mirrors from one to the other."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import copier
import yaml

from tests.live.bed.control_plane import certificate_authority, issue
from tests.mirror.registry import FIRST, Registry, free_port, pull_secret
from tests.mirror.standins import StandIn, stand_in
from tests.template.conftest import copy_template
from tools import stacks

STACK = stacks.DEFAULT
# An image of the answers, for manifests of the user's own.
EXTRA = "docker.io/library/redis:7.4"


@dataclass
class World:
    """folder contains everything; port is the one of the private registry; images are stand-ins by reference."""

    folder: Path
    port: int
    upstream: Registry
    images: dict[str, StandIn]

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def environment(self) -> Path:
        return self.folder / "environment"

    @classmethod
    def make(cls, folder: Path) -> World:
        certificate_authority(folder / "keys", "registry-ca")
        issue(folder / "keys", "registry", "localhost")
        images = _substitute(copy_template(folder / "template"))
        world = cls(folder, free_port(), Registry.start(folder / "upstream"), images)
        world.generate(world.environment)
        world.log_in()
        world.write_home(folder / "home", world.upstream.host)
        for line in world.lines(world.environment):
            world.publish(line[0])
        return world

    def generate(self, target: Path, template: Path | None = None, **answers: Any) -> Path:
        """Generates an environment for the private registry. None removes an answer."""
        data = {
            "environment_name": "registry",
            "stack": STACK,
            "registry_host": self.host,
            "ingress_domain": "ml.corp.local",
            "registry_project": "kserve",
            "registry_ca_source": "bundle",
            "registry_ca_bundle": (self.keys / "ca.crt").read_text(encoding="utf-8"),
            "pull_secret": "harbor-pull",
            "chart_source": "upstream",
            "extra_images": [EXTRA],
        }
        given = {name: answer for name, answer in (data | answers).items() if answer is not None}
        copier.run_copy(str(template or self.folder / "template"), target, given, defaults=True, quiet=True)
        return target

    def lines(self, environment: Path) -> list[list[str]]:
        text = (environment / "images" / "images.txt").read_text(encoding="utf-8")
        return [line.split() for line in text.splitlines() if not line.startswith("#")]

    def publish(self, source: str) -> None:
        """Pushes a stand-in to the place where skopeo looks for the upstream reference."""
        repository, tag = split(source)
        self.upstream.push(repository, "" if "@" in source else tag, self.images[source])

    def private(self, folder: Path) -> Registry:
        """Starts the private registry with the images already in the folder."""
        registry = Registry(folder, self.port, self.keys)
        registry.serve()
        return registry

    def log_in(self, password: str = FIRST, *others: str) -> None:
        """Writes the login of the private registry, and of others with the same password."""
        logins = [pull_secret(host, password)["auths"] for host in (self.host, *others)]
        text = json.dumps({"auths": {host: login for one in logins for host, login in one.items()}})
        (self.folder / "auth.json").write_text(text, encoding="utf-8")

    def env(self, **more: str) -> dict[str, str]:
        """Environment variables that give skopeo the registries and the password."""
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        login = str(self.folder / "auth.json")
        # No referrers: test_referrers.py has oras.
        own = {"HOME": str(self.folder / "home"), "REGISTRY_AUTH_FILE": login, "RETRIES": "0", "ORAS": ""}
        return kept | own | more

    def make_target(self, environment: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "--no-print-directory", *words]
        return subprocess.run(
            command, cwd=environment, env=self.env(**more), capture_output=True, text=True, check=False, timeout=300
        )

    def write_home(self, folder: Path, upstream: str, **places: str) -> Path:
        """Writes registries.conf, which maps each upstream host to a folder of this registry, or to another place."""
        home = folder / ".config" / "containers"
        home.mkdir(parents=True)
        hosts = {source.partition("/")[0] for source in self.images}
        text = "".join(
            f'[[registry]]\nprefix = "{host}"\nlocation = "{place}"\ninsecure = true\n'
            for host, place in sorted(({host: f"{upstream}/{host}" for host in hosts} | places).items())
        )
        (home / "registries.conf").write_text(text, encoding="utf-8")
        (home / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}', encoding="utf-8")
        return folder


def shortened(environment: Path, target: Path, count: int) -> Path:
    """A copy of an environment with only its first images."""
    shutil.copytree(environment, target, ignore=shutil.ignore_patterns("build", "images.lock.yaml"))
    file = target / "images" / "images.txt"
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    file.write_text("".join(f"{line}\n" for line in lines[:count]), encoding="utf-8")
    return target


def split(reference: str) -> tuple[str, str]:
    """The repository including the host, and the tag or digest."""
    if "@" in reference:
        repository, _, digest = reference.partition("@")
        return repository, digest
    repository, _, tag = reference.rpartition(":")
    return repository, tag


def _substitute(template: Path) -> dict[str, StandIn]:
    """Writes the digests of the stand-ins into the stack. Returns the stand-ins by upstream reference."""
    file = template / "stacks" / f"{STACK}.yaml"
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    catalogue = yaml.safe_load((template / "stacks" / "common" / "images.yaml").read_text(encoding="utf-8"))
    text, images = file.read_text(encoding="utf-8"), {}
    for number, (name, entry) in enumerate(catalogue.items()):
        reference = (data["images"].get(name) or entry["image"]).format(**data["versions"])
        image = stand_in(reference.partition("@")[0], number)
        named = re.sub(r"@sha256:[0-9a-f]+", f"@{image.digest}", reference)
        text = text.replace(reference, named)
        images[named] = image
    file.write_text(text, encoding="utf-8")
    return images | {EXTRA: stand_in(EXTRA, len(images))}
