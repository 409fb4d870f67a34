"""Signatures of cosign v3 and SBOMs are referrers of OCI 1.1. They go where the image goes, and are verified there."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.bed import binaries
from tests.mirror.registry import ReferrersRegistry, Registry, free_port
from tests.mirror.signer import REFERRERS, Signer
from tests.mirror.standins import sha256
from tests.mirror.state import error_of
from tests.mirror.world import World, shortened, split

SPDX = "application/spdx+json"
SBOM = '{"spdxVersion": "SPDX-2.3"}'
# A registry with the API of OCI 1.1, and one where an index with a tag is the list.
KINDS: dict[str, type[Registry]] = {"api": ReferrersRegistry, "tag": Registry}


@dataclass
class Case:
    """An environment with one image, whose source is at a registry that oras reaches, too."""

    world: World
    signer: Signer
    folder: Path
    source: str
    target: str

    @property
    def upstream(self) -> Registry:
        return self.signer.upstream

    @property
    def digest(self) -> str:
        return self.world.images[self.source].digest

    @property
    def subject(self) -> str:
        """The image at its source."""
        return f"{self.upstream.host}/{split(self.source)[0]}@{self.digest}"

    @property
    def copy(self) -> str:
        """The image in the private registry."""
        return f"{split(self.target)[0]}@{self.digest}"

    def oras(self, *words: str) -> str:
        command = [binaries.binary("oras", "oras"), *words]
        done = subprocess.run(command, cwd=self.signer.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def access(self) -> list[str]:
        """How oras reaches the private registry."""
        login = str(self.world.folder / "auth.json")
        return ["--plain-http=false", "--ca-file", str(self.world.keys / "ca.crt"), "--registry-config", login]

    def attach(self) -> str:
        """Signs the image, attaches an SBOM and signs that, too. Returns the digest of the SBOM."""
        self.signer.sign(self.source, REFERRERS)
        (self.signer.folder / "sbom.json").write_text(SBOM, encoding="utf-8")
        words = ["--artifact-type", SPDX, "--format", "json", self.subject, f"sbom.json:{SPDX}"]
        made = json.loads(self.oras("attach", *words))
        self.signer.sign_reference(f"{split(self.subject)[0]}@{made['digest']}", REFERRERS)
        return str(made["digest"])

    def make(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        path = f"{binaries.binary('oras', 'oras').parent}:{os.environ['PATH']}"
        return self.world.make_target(
            self.folder, *words, **({"PATH": path, "HOME": str(self.home), "ORAS": "oras"} | more)
        )

    @property
    def home(self) -> Path:
        return self.folder.parent / "home"

    def check(self, sbom: str) -> None:
        """Everything is found and verified in the private registry."""
        signed = f"{split(self.copy)[0]}@{sbom}"
        for reference in (self.copy, signed):
            for kind in ("verify", "verify-attestation"):
                assert self.signer.verify_reference(kind, reference, form=REFERRERS) == (0, "")
        assert self.signer.verify_reference("verify", self.copy, "other.pub", REFERRERS)[0] != 0
        found = json.loads(self.oras("discover", "--format", "json", *self.access(), self.copy))["referrers"]
        assert sbom in [one["digest"] for one in found]
        self.oras("pull", "--output", "pulled", *self.access(), signed)
        assert (self.signer.folder / "pulled" / "sbom.json").read_text(encoding="utf-8") == SBOM


def case(world: World, folder: Path, upstream: Registry, *, pinned: bool = True, host: str = "") -> Case:
    """host: another name of the registry upstream, which only registries.conf knows."""
    world.log_in()
    environment = shortened(world.environment, folder / "environment", len(world.images))
    lines = [line for line in world.lines(environment) if ("@" in line[0]) is pinned]
    source, target, *_ = next(line for line in lines if len(world.images[line[0]].platforms) == 2)
    text = f"{host or upstream.host}/{source} {target}\n"
    (environment / "images" / "images.txt").write_text(text, encoding="utf-8")
    signer = Signer.make(folder / "cosign", world, upstream)
    world.write_home(folder / "home", upstream.host, **{host or upstream.host: upstream.host})
    signer.publish(source)
    return Case(world, signer, environment, source, target)


@pytest.fixture
def upstream(world: World, tmp_path: Path) -> Iterator[Registry]:
    registry = Registry.start(tmp_path / "upstream")
    yield registry
    registry.stop()


@pytest.fixture
def signed(world: World, empty: Registry, upstream: Registry, tmp_path: Path) -> Case:
    made = case(world, tmp_path, upstream)
    made.attach()
    return made


@pytest.mark.parametrize("way", ["mirror", "bundle"])
@pytest.mark.parametrize(("here", "there"), [("api", "tag"), ("tag", "api")])
def test_referrers_can_be_verified_on_the_far_side(
    world: World, tmp_path: Path, here: str, there: str, way: str
) -> None:
    upstream = KINDS[here](tmp_path / "upstream", free_port())
    private = KINDS[there](tmp_path / "private", world.port, world.keys)
    for registry in (upstream, private):
        registry.serve()
    try:
        made = case(world, tmp_path, upstream, pinned=way == "mirror")
        sbom = made.attach()
        done = made.make(way)
        assert (done.returncode, done.stderr) == (0, "")
        upstream.stop()
        if way == "bundle":
            done = made.make("unbundle")
            assert (done.returncode, done.stderr) == (0, "")
        # Signatures and attestations of both, and the SBOM.
        assert done.stdout.count(": referrer copied: ") == 5
        made.check(sbom)
        listed = private.digest(split(made.target)[0].partition("/")[2], made.digest.replace(":", "-"))
        assert bool(listed) is (there == "tag")
        assert made.make("verify-mirror").returncode == 0
        if way == "mirror":
            again = made.make("mirror")
            assert (again.returncode, "referrer" in again.stdout) == (0, False)
    finally:
        upstream.stop()
        private.stop()


def test_a_referrer_that_is_lost_is_named_and_copied_again(empty: Registry, signed: Case) -> None:
    assert signed.make("mirror").returncode == 0
    repository, digest = split(signed.copy)
    tag = digest.replace(":", "-")
    empty.remove(repository.partition("/")[2], empty.digest(repository.partition("/")[2], tag))

    done = signed.make("verify-mirror")

    assert error_of(done) == "error: 5 images are missing from the registry or differ; see above"
    assert all(f"REFERRER MISSING: {repository}@sha256:" in line for line in done.stdout.splitlines())
    done = signed.make("mirror")
    assert (done.returncode, done.stderr) == (0, "")
    assert signed.make("verify-mirror").returncode == 0


@pytest.mark.parametrize("way", ["mirror", "bundle"])
def test_a_sparse_index_keeps_its_referrers(world: World, upstream: Registry, tmp_path: Path, way: str) -> None:
    private = Registry(tmp_path / "private", world.port, world.keys, sparse=True)
    private.serve()
    try:
        made = case(world, tmp_path, upstream)
        sbom = made.attach()
        for target in [way, "unbundle"] if way == "bundle" else [way]:
            done = made.make(target, "PLATFORMS=linux/amd64")
            assert (done.returncode, done.stderr) == (0, "")
        made.check(sbom)
        repository = split(made.copy)[0].partition("/")[2]
        children = [sha256(content) for _, content in world.images[made.source].manifests[:-1]]
        assert [bool(private.digest(repository, child)) for child in children] == [True, False]
    finally:
        private.stop()


def test_without_oras_a_note_says_what_is_not_copied(signed: Case) -> None:
    note = "note: absent is not on PATH, so referrers of OCI 1.1, such as signatures of cosign v3, are not {}: install "
    done = signed.make("mirror", "ORAS=absent")
    assert (done.returncode, done.stderr) == (0, "")
    assert note.format("copied") in done.stdout
    assert "referrer" not in signed.make("mirror", "ORAS=").stdout
    assert signed.make("mirror").stdout.count(": referrer copied: ") == 5
    assert note.format("compared") in signed.make("verify-mirror", "ORAS=absent").stdout


def test_a_bundle_with_referrers_is_not_loaded_without_oras(empty: Registry, signed: Case) -> None:
    assert signed.make("bundle").returncode == 0
    done = signed.make("unbundle", "ORAS=absent")
    assert error_of(done).endswith(
        "has referrers, and absent is not on PATH: install oras, or set ORAS= to load it without them"
    )
    repository = split(signed.copy)[0].partition("/")[2]
    assert not empty.digest(repository, signed.digest)
    assert signed.make("unbundle", "ORAS=").returncode == 0
    assert empty.digest(repository, signed.digest)


def test_a_host_that_only_skopeo_reaches(world: World, empty: Registry, upstream: Registry, tmp_path: Path) -> None:
    """oras does not read registries.conf."""
    made = case(world, tmp_path, upstream, host="upstream.invalid")
    assert error_of(made.make("mirror")) == "error: upstream.invalid cannot be reached: no such host"
    done = made.make("mirror", "ORAS=")
    assert (done.returncode, done.stderr) == (0, "")
