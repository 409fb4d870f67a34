"""`make bundle` and `make unbundle` carry the images across an air gap."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.mirror.registry import Registry
from tests.mirror.standins import sha256
from tests.mirror.state import FEW, error_of, held, wanted
from tests.mirror.world import World, shortened


def test_a_bundle_carries_the_images_across_an_air_gap(world: World, empty: Registry, few: Path) -> None:
    empty.stop()
    done = world.make_target(few, "bundle")
    assert done.returncode == 0, done.stderr
    bundle = few / "build" / "bundle"
    check_layout(bundle, few, world)
    again = world.make_target(few, "bundle")
    assert [line for line in again.stdout.splitlines() if not line.endswith(": already present")] == []

    world.upstream.stop()
    empty.serve()
    try:
        done = world.make_target(few, "unbundle")
    finally:
        world.upstream.serve()

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"All {FEW} images are in the registry."
    assert held(empty, few, world) == wanted(few, world)


def check_layout(bundle: Path, environment: Path, world: World) -> None:
    """The bundle is an OCI image layout: each blob is named after its digest, and index.json lists every image."""
    assert json.loads((bundle / "oci-layout").read_text(encoding="utf-8")) == {"imageLayoutVersion": "1.0.0"}
    for blob in (bundle / "blobs" / "sha256").iterdir():
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name
    index = json.loads((bundle / "index.json").read_text(encoding="utf-8"))
    named = {}
    for entry in index["manifests"]:
        source = entry["annotations"]["org.opencontainers.image.ref.name"]
        named[source] = entry["digest"]
        kind, content = world.images[source].manifests[-1]
        assert (entry["mediaType"], entry["size"]) == (kind, len(content))
    assert named == wanted(environment, world)
    assert not (bundle / ".partial").exists()


def test_a_full_disk_is_one_error_and_the_bundle_stays_whole(world: World, empty: Registry, few: Path) -> None:
    small = few / "small"
    small.mkdir()
    script = f"mount -t tmpfs -o size=64k tmpfs {small} && (make --no-print-directory bundle BUNDLE={small}; code=$?; "
    script += f"cp -r {small} {few}/kept; exit $code)"
    namespace = ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", script]
    probe = subprocess.run([*namespace[:-2], "-c", "true"], check=False, capture_output=True)
    if probe.returncode:
        pytest.skip("needs user namespaces, to mount a disk that fills up")

    done = subprocess.run(namespace, cwd=few, env=world.env(), capture_output=True, text=True, check=False)

    assert error_of(done) == "error: the disk is full: free some space, then run the command again to continue"
    index = json.loads((few / "kept" / "index.json").read_text(encoding="utf-8"))
    assert 0 < len(index["manifests"]) < FEW
    assert not (few / "kept" / ".partial").exists()
    for entry in index["manifests"]:
        blob = few / "kept" / "blobs" / "sha256" / entry["digest"].removeprefix("sha256:")
        assert blob.stat().st_size == entry["size"]


def test_a_disk_that_is_too_small_is_refused_before_anything_is_written(
    world: World, empty: Registry, few: Path
) -> None:
    small = few / "small"
    small.mkdir()
    script = f"mount -t tmpfs -o size=8k tmpfs {small} && (make --no-print-directory bundle BUNDLE={small}; code=$?; "
    script += f"ls -A {small} > {few}/written; exit $code)"
    namespace = ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", script]
    done = subprocess.run(namespace, cwd=few, env=world.env(), capture_output=True, text=True, check=False)
    need = human(blobs_of(few, world))
    assert error_of(done) == (
        f"error: the images need {need}, but {small} has 8.2 kB free: "
        "free some space, or set BUNDLE to a folder on another disk"
    )
    assert (few / "written").read_text(encoding="utf-8") == ""

    done = world.make_target(few, "bundle")
    first = done.stdout.splitlines()[0]
    assert first.startswith(f"The images need {need} in {few}/build/bundle, which has ")
    assert world.make_target(few, "bundle").stdout.splitlines()[0].endswith(": already present")


def blobs_of(environment: Path, world: World) -> int:
    """The bytes that a bundle needs: each blob once, and the most that one image shares with those before it."""
    blobs: dict[str, int] = {}
    shared = [0]
    for source, *_ in world.lines(environment):
        image = world.images[source]
        own = {digest: len(content) for digest, content in image.blobs.items()}
        own |= {sha256(content): len(content) for _, content in image.manifests[:-1]}
        uses = Counter(re.findall(r"sha256:[0-9a-f]{64}", "".join(text.decode() for _, text in image.manifests)))
        total = sum(own[digest] * count for digest, count in uses.items())
        new = sum(size for digest, size in own.items() if digest not in blobs)
        shared.append(total - new)
        blobs |= own
    return sum(blobs.values()) + max(shared)


def human(size: int) -> str:
    return f"{size / 1000:.1f} kB" if size < 100_000 else f"{size / 1000:.0f} kB"


def test_a_bundle_of_another_environment_is_refused(world: World, empty: Registry, few: Path) -> None:
    assert error_of(world.make_target(few, "unbundle", f"BUNDLE={few}/nothing")) == (
        f"error: {few}/nothing is not a bundle: it has no index.json"
    )
    assert (
        world.make_target(
            shortened(world.environment, few / "less", 2), "bundle", f"BUNDLE={few}/less-bundle"
        ).returncode
        == 0
    )
    third = world.lines(few)[2][0]
    assert error_of(world.make_target(few, "unbundle", f"BUNDLE={few}/less-bundle")) == (
        f"error: {third} is not in {few}/less-bundle: run make bundle again, in this environment"
    )
