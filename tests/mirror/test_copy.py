"""`make mirror` and `make verify-mirror`: what they copy and what they print."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import yaml

from tests.mirror.registry import Registry
from tests.mirror.state import FEW, held, wanted
from tests.mirror.world import World, shortened, split


def test_the_mirror_has_every_image_with_upstreams_digest(world: World, mirrored: Registry) -> None:
    expected = wanted(world.environment, world)
    assert len(expected) == 31
    assert f"{world.host}/kserve/library/redis:7.4" in [target for _, target, *_ in world.lines(world.environment)]
    assert held(mirrored, world.environment, world) == expected


def test_a_second_mirror_copies_nothing(world: World, mirrored: Registry) -> None:
    done = world.make_target(world.environment, "mirror")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[-1] == "All 31 images are in the registry."
    assert [line for line in lines[:-1] if not line.endswith(": already present")] == []
    assert lines[0] == "[1/31] quay.io/jetstack/cert-manager-controller:v1.17.0: already present"


def test_a_dry_run_copies_nothing(world: World, empty: Registry, few: Path) -> None:
    done = world.make_target(few, "mirror", "DRY_RUN=1")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == (
        "[1/8] quay.io/jetstack/cert-manager-controller:v1.17.0: would copy quay.io/jetstack/cert-manager-controller:"
        f"v1.17.0 to {world.host}/kserve/jetstack/cert-manager-controller:v1.17.0"
    )
    assert set(held(empty, few, world).values()) == {""}


def test_a_removed_image_is_named(world: World, mirrored: Registry) -> None:
    for source, target, *_ in world.lines(world.environment)[::7]:
        repository, _ = split(target.partition("/")[2])
        digest = world.images[source].digest
        mirrored.remove(repository, digest)

        done = world.make_target(world.environment, "verify-mirror")

        assert done.returncode == 2
        missing = [line for line in done.stdout.splitlines() if "MISSING" in line]
        assert [line.rpartition(" ")[2] for line in missing] == [target]
        mirrored.push(repository, "" if "@" in target else split(target)[1], world.images[source])
    assert world.make_target(world.environment, "verify-mirror").returncode == 0


def test_another_image_under_the_tag_is_named(world: World, mirrored: Registry) -> None:
    source, target, *_ = world.lines(world.environment)[0]
    repository, tag = split(target.partition("/")[2])
    other = world.images[world.lines(world.environment)[1][0]]
    mirrored.push(repository, tag, other)

    done = world.make_target(world.environment, "verify-mirror")

    assert done.returncode == 2
    expected = f"[1/31] {source}: DIFFERENT IMAGE: {target} is {other.digest}, expected {world.images[source].digest}"
    assert done.stdout.splitlines() == [expected]
    assert world.make_target(world.environment, "mirror").returncode == 0


def test_the_digest_of_an_image_whose_name_ends_in_anothers_is_kept(world: World, empty: Registry, few: Path) -> None:
    source, *_ = world.lines(few)[0]
    longer = f"mirror.{source}"
    (few / "build").mkdir()
    digests = few / "build" / "images.digests"
    digests.write_text(f"{longer} sha256:{'0' * 64}\n", encoding="utf-8")

    assert world.make_target(few, "mirror").returncode == 0

    kept = dict(line.split() for line in digests.read_text(encoding="utf-8").splitlines())
    assert kept == {longer: f"sha256:{'0' * 64}"} | wanted(few, world)


def test_an_interrupted_mirror_goes_on_and_ends_complete(world: World, empty: Registry, few: Path) -> None:
    command = ["bash", "images/mirror.sh", "copy"]
    env = world.env(REGISTRY=world.host, CERTS=str(few / "images" / "certs"))
    with subprocess.Popen(
        command, cwd=few, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout
        for _ in range(3):
            process.stdout.readline()
        os.killpg(process.pid, signal.SIGKILL)
    there = [source for source, digest in held(empty, few, world).items() if digest]
    assert 3 <= len(there) < FEW

    done = world.make_target(few, "mirror")

    assert done.returncode == 0, done.stderr
    assert held(empty, few, world) == wanted(few, world)
    again = [line.split()[1].rstrip(":") for line in done.stdout.splitlines() if line.endswith(": already present")]
    assert again == there


def test_a_registry_of_plain_http(world: World, tmp_path: Path) -> None:
    plain = {"registry_plain_http": True, "registry_ca_source": None, "registry_ca_bundle": None, "pull_secret": None}
    whole = world.generate(tmp_path / "whole", **plain)
    registry = Registry(tmp_path / "registry", world.port)
    registry.serve()
    try:
        few = shortened(whole, tmp_path / "environment", FEW)
        done = world.make_target(few, "mirror")
        assert done.returncode == 0, done.stderr
        assert held(registry, few, world) == wanted(few, world)
    finally:
        registry.stop()


def test_skopeo_sync_fills_a_registry_of_the_layout_prefix(world: World, empty: Registry, tmp_path: Path) -> None:
    folder = world.generate(tmp_path / "prefix", registry_layout="prefix")
    text = (folder / "images" / "skopeo-sync.yaml").read_text(encoding="utf-8")
    command = next(line for line in text.splitlines() if "skopeo sync" in line).removeprefix("# For ")
    words = command.replace("HOST/PROJECT", f"{world.host}/kserve").split()

    done = subprocess.run(
        [*words, "--dest-cert-dir", "images/certs"],
        cwd=folder,
        env=world.env(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert held(empty, folder, world) == wanted(folder, world)


def test_an_image_of_ones_own_is_verified_but_neither_copied_nor_locked(
    world: World, empty: Registry, few: Path
) -> None:
    own = f"{world.host}/kserve/own/initializer:v1"
    (few / "images" / "images.txt").write_text(f"{own} {own} own\n", encoding="utf-8")
    done = world.make_target(few, "mirror")
    assert done.stdout.splitlines() == [f"[1/1] {own}: not copied", f"[1/1] {own}: MISSING: {own}"]
    assert world.make_target(few, "bundle").stdout == f"[1/1] {own}: your own image, not bundled\n"

    empty.push("kserve/own/initializer", "v1", next(iter(world.images.values())))

    assert world.make_target(few, "verify-mirror").stdout == "All 1 images are in the registry.\n"
    assert world.make_target(few, "lock").returncode == 0
    lock = yaml.safe_load((few / "images.lock.yaml").read_text(encoding="utf-8"))
    assert lock["image_digests"] == {}
