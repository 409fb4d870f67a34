"""PLATFORMS= copies some platforms of each image, with upstream's digests: the index stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.mirror.registry import Registry
from tests.mirror.signer import Signer
from tests.mirror.state import error_of, held, wanted
from tests.mirror.world import World, shortened, split

AMD64, ARM64 = "linux/amd64", "linux/arm64"


@pytest.fixture
def few(world: World, tmp_path: Path) -> Path:
    """An environment with two indexes and a plain image."""
    return shortened(world.environment, tmp_path / "environment", 3)


@pytest.fixture
def sparse(world: World, tmp_path: Path) -> Iterator[Registry]:
    """An empty private registry that accepts an index without all its manifests."""
    world.log_in()
    registry = Registry(tmp_path / "registry", world.port, world.keys, sparse=True)
    registry.serve()
    yield registry
    registry.stop()


def platforms(registry: Registry, world: World, environment: Path) -> set[tuple[str, ...]]:
    """The platforms that the registry has of an index; each combination once."""
    found = set()
    for source, target, *_ in world.lines(environment):
        entries = json.loads(world.images[source].manifests[-1][1]).get("manifests", [])
        repository, _ = split(target.partition("/")[2])
        has = [entry["platform"]["architecture"] for entry in entries if registry.digest(repository, entry["digest"])]
        if entries:
            found.add(tuple(sorted(has)))
    return found


def test_some_platforms_are_mirrored_and_others_added_later(world: World, sparse: Registry, few: Path) -> None:
    done = world.make_target(few, "mirror", f"PLATFORMS={AMD64}")
    assert (done.returncode, done.stderr) == (0, "")
    assert held(sparse, few, world) == wanted(few, world)
    assert platforms(sparse, world, few) == {("amd64",)}
    again = world.make_target(few, "mirror", f"PLATFORMS={AMD64}").stdout.splitlines()
    assert [line for line in again[:-1] if not line.endswith(": already present")] == []
    assert world.make_target(few, "lock", f"PLATFORMS={AMD64}").returncode == 0
    lock = yaml.safe_load((few / "images.lock.yaml").read_text(encoding="utf-8"))
    assert set(map(tuple, lock["_platforms"].values())) == {(AMD64,)}
    assert lock["image_digests"].items() <= wanted(few, world).items()

    done = world.make_target(few, "verify-mirror")
    source, target, *_ = world.lines(few)[0]
    assert done.stdout.splitlines()[0] == (
        f"[1/3] {source}: PLATFORM MISSING: {target} has no {ARM64}: "
        "run make mirror, or set PLATFORMS as it was for the mirror"
    )
    assert error_of(done) == "error: 2 images are missing from the registry or differ; see above"
    done = world.make_target(few, "mirror")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "All 3 images are in the registry.")
    assert platforms(sparse, world, few) == {("amd64", "arm64")}


def test_a_bundle_of_some_platforms(world: World, sparse: Registry, few: Path) -> None:
    whole = world.make_target(few, "bundle", f"BUNDLE={few}/whole").stdout.splitlines()[0]
    done = world.make_target(few, "bundle", f"PLATFORMS={ARM64}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].split()[:5] != whole.split()[:5]
    bundle = few / "build" / "bundle"
    size = {folder: sum(file.stat().st_size for file in folder.rglob("*")) for folder in (bundle, few / "whole")}
    assert size[bundle] < size[few / "whole"]
    first = world.lines(few)[0][0]

    refused = world.make_target(few, "unbundle")
    assert error_of(refused) == (
        f"error: {first} in {bundle} lacks some platforms: set PLATFORMS as it was for make bundle, or run that again"
    )
    refused = world.make_target(few, "unbundle", f"PLATFORMS={AMD64}")
    assert error_of(refused).startswith(f"error: {first} in {bundle} lacks {AMD64}: ")
    assert set(held(sparse, few, world).values()) == {""}
    done = world.make_target(few, "unbundle", f"PLATFORMS={ARM64}")
    assert (done.returncode, done.stderr) == (0, "")
    assert held(sparse, few, world) == wanted(few, world)
    assert platforms(sparse, world, few) == {("arm64",)}

    assert world.make_target(few, "bundle").returncode == 0
    assert world.make_target(few, "unbundle").returncode == 0
    assert platforms(sparse, world, few) == {("amd64", "arm64")}


@pytest.mark.parametrize("target", ["mirror", "bundle"])
def test_a_registry_that_checks_each_index_refuses_it(world: World, empty: Registry, few: Path, target: str) -> None:
    done = world.make_target(few, target, f"PLATFORMS={AMD64}")
    if target == "bundle":
        assert done.returncode == 0
        done = world.make_target(few, "unbundle", f"PLATFORMS={AMD64}")
    assert error_of(done) == f"error: {world.host} refuses an index without its other platforms: leave out PLATFORMS"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("linux/adm64", "PLATFORMS has linux/adm64"),
        ("amd64", "PLATFORMS has amd64"),
        ("linux/amd64,,linux/arm64", "PLATFORMS is 'linux/amd64,,linux/arm64'"),
        ("linux/amd64 linux/arm64", "PLATFORMS is 'linux/amd64 linux/arm64'"),
        ("linux/amd64'; touch x '", "PLATFORMS has linux/amd64';"),
    ],
)
def test_a_wrong_value_writes_nothing(world: World, few: Path, given: str, named: str) -> None:
    for target in ("mirror", "bundle"):
        done = world.make_target(few, target, f"PLATFORMS={given}")
        assert done.stdout == ""
        assert error_of(done).startswith(f"error: {named}: write ")
    assert not (few / "build").exists()
    assert not (few / "x").exists()


@pytest.mark.parametrize("target", ["mirror", "bundle"])
def test_an_image_without_the_platform_is_named(world: World, sparse: Registry, few: Path, target: str) -> None:
    done = world.make_target(few, target, "PLATFORMS=linux/s390x")
    indexes = [source for source, *_ in world.lines(few) if world.images[source].platforms[1:]]
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert errors[:-1] == [f"error: {one} has no linux/s390x, only {AMD64}, {ARM64}" for one in indexes]


def test_a_signature_stays_valid(world: World, sparse: Registry, tmp_path: Path) -> None:
    """cosign signs the digest of the index, which does not change."""
    signer = Signer.make(tmp_path / "cosign", world, Registry.start(tmp_path / "upstream"))
    world.write_home(tmp_path / "home", signer.upstream.host)
    one = shortened(world.environment, tmp_path / "environment", 1)
    source, target, *_ = world.lines(one)[0]
    try:
        signer.publish(source)
        signer.sign(source)
        done = world.make_target(one, "mirror", f"PLATFORMS={ARM64}", HOME=str(tmp_path / "home"))
        assert (done.returncode, done.stderr) == (0, "")
    finally:
        signer.upstream.stop()
    assert platforms(sparse, world, one) == {("arm64",)}
    assert signer.verify("verify", target, source) == (0, "")
