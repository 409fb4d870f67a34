"""What cosign has attached to an image goes where the image goes, and cosign verifies it there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mirror.registry import Registry
from tests.mirror.signer import Signer
from tests.mirror.state import error_of
from tests.mirror.world import World, shortened, split


@pytest.fixture
def signer(world: World, tmp_path: Path) -> Iterator[Signer]:
    world.log_in()
    signer = Signer.make(tmp_path / "cosign", world, Registry.start(tmp_path / "upstream"))
    world.write_home(tmp_path / "home", signer.upstream.host)
    yield signer
    signer.upstream.stop()


@pytest.fixture
def three(world: World, tmp_path: Path) -> Path:
    return shortened(world.environment, tmp_path / "environment", 3)


@pytest.mark.parametrize("way", ["mirror", "bundle"])
def test_signatures_can_be_verified_on_the_far_side(
    world: World, empty: Registry, signer: Signer, three: Path, tmp_path: Path, way: str
) -> None:
    lines = world.lines(three)
    for source, *_ in lines:
        signer.publish(source)
    # An index and a plain manifest are signed, and one image is not.
    shapes = {len(world.images[source].platforms): (source, target) for source, target, *_ in lines}
    signed, home = list(shapes.values()), str(tmp_path / "home")
    assert sorted(shapes) == [1, 2]
    for source, _ in signed:
        signer.sign(source)

    done = world.make_target(three, way, HOME=home)
    assert (done.returncode, done.stderr) == (0, "")
    signer.upstream.stop()
    if way == "bundle":
        done = world.make_target(three, "unbundle", HOME=home)
        assert (done.returncode, done.stderr) == (0, "")

    for source, target, *_ in lines:
        if (source, target) in signed:
            assert signer.verify("verify", target, source) == (0, "")
            assert signer.verify("verify-attestation", target, source) == (0, "")
            assert signer.verify("verify", target, source, "other.pub")[0] != 0
        else:
            assert signer.verify("verify", target, source)[1] == "Error: no signatures found"


def test_a_signature_that_is_lost_is_named(
    world: World, empty: Registry, signer: Signer, three: Path, tmp_path: Path
) -> None:
    for source, *_ in world.lines(three):
        signer.publish(source)
    source, target, *_ = world.lines(three)[0]
    signer.sign(source)
    home = str(tmp_path / "home")
    assert world.make_target(three, "mirror", HOME=home).returncode == 0
    repository = split(target.partition("/")[2])[0]
    tag = world.images[source].digest.replace(":", "-") + ".sig"
    empty.remove(repository, empty.digest(repository, tag))

    done = world.make_target(three, "verify-mirror", HOME=home)

    assert done.stdout.splitlines() == [f"[1/3] {source}: SIGNATURE MISSING: {world.host}/{repository}:{tag}"]
    assert error_of(done) == "error: 1 images are missing from the registry or differ; see above"
