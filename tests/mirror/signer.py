"""cosign, which signs images at a registry and verifies them at another."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.live.bed import binaries
from tests.mirror.registry import Registry
from tests.mirror.world import World, split

# Without a transparency log, which is on the internet.
OFFLINE = ["--tlog-upload=false", "--use-signing-config=false", "--yes"]
# Tags of the repository, the default until v3, or referrers, which v3 makes by default.
TAGS, REFERRERS = "--new-bundle-format=false", "--new-bundle-format=true"


@dataclass
class Signer:
    """cosign with a key of its own, and a registry as its upstream."""

    folder: Path
    world: World
    upstream: Registry

    @classmethod
    def make(cls, folder: Path, world: World, upstream: Registry) -> Signer:
        """Makes the key, and gives cosign the login of the private registry."""
        folder.mkdir()
        (folder / "config.json").write_bytes((world.folder / "auth.json").read_bytes())
        signer = cls(folder, world, upstream)
        for prefix in ("cosign", "other"):
            assert signer.cosign("generate-key-pair", "--output-key-prefix", prefix).returncode == 0
        return signer

    def cosign(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        env = self.world.env(COSIGN_PASSWORD="", DOCKER_CONFIG=str(self.folder))
        command = [binaries.binary("cosign", "cosign"), *words]
        return subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)

    def publish(self, source: str) -> None:
        repository, tag = split(source)
        self.upstream.push(repository, "" if "@" in source else tag, self.world.images[source])

    def sign(self, source: str, form: str = TAGS) -> None:
        """Signs an image, and attaches an attestation."""
        self.sign_reference(f"{self.upstream.host}/{split(source)[0]}@{self.world.images[source].digest}", form)

    def sign_reference(self, reference: str, form: str) -> None:
        (self.folder / "statement.json").write_text('{"builder": "test"}', encoding="utf-8")
        attest = ["attest", "--key", "cosign.key", "--predicate", "statement.json", "--type", "custom"]
        for words in (["sign", "--key", "cosign.key"], attest):
            done = self.cosign(*words, *OFFLINE, form, reference)
            assert done.returncode == 0, done.stderr

    def verify(self, kind: str, target: str, source: str, key: str = "cosign.pub", form: str = TAGS) -> tuple[int, str]:
        """The status, and the message of a failure, for an image of the private registry."""
        return self.verify_reference(kind, f"{split(target)[0]}@{self.world.images[source].digest}", key, form)

    def verify_reference(self, kind: str, reference: str, key: str = "cosign.pub", form: str = TAGS) -> tuple[int, str]:
        words = [kind, "--key", key, "--insecure-ignore-tlog=true", form]
        words += ["--registry-cacert", str(self.world.keys / "ca.crt")]
        done = self.cosign(*words, *(["--type", "custom"] if kind == "verify-attestation" else []), reference)
        errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
        return done.returncode, "".join(errors)
