"""Mirror, lock and pull with a real registry and real skopeo: `make test-registry`.

The registry is the distribution project's, with TLS from a private CA and a password, on loopback.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import copier
import pytest
import yaml

from kserve_wiring.context import make_context
from kserve_wiring.inventory.found import found_images
from kserve_wiring.load import load_text
from tests.cluster.bed import binaries
from tests.cluster.bed.control_plane import certificate_authority
from tests.images.registry import FIRST, SECOND, USER, Registry, pull_secret
from tests.images.world import STACK, World, shortened, split
from tools import render
from tools.helm import Helm
from tools.upstream import Upstream

pytestmark = pytest.mark.skipif(
    not os.environ.get("KSERVE_TEST_REGISTRY"), reason="needs a real registry and skopeo: make test-registry"
)
FEW = 8


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    assert shutil.which("skopeo"), "skopeo is missing: install it (apt-get install skopeo)"
    world = World.make(tmp_path_factory.mktemp("world"))
    yield world
    world.upstream.stop()


@pytest.fixture
def empty(world: World, tmp_path: Path) -> Iterator[Registry]:
    """A private registry that holds nothing."""
    world.log_in()
    registry = world.private(tmp_path / "registry")
    yield registry
    registry.stop()


@pytest.fixture
def mirrored(world: World) -> Iterator[Registry]:
    """The private registry with everything that `make mirror` puts there."""
    world.log_in()
    folder = world.folder / "private"
    first = not folder.exists()
    registry = world.private(folder)
    registry.accept(FIRST)
    try:
        if first:
            done = world.make_target(world.environment, "mirror")
            assert done.returncode == 0, done.stderr
        yield registry
    finally:
        registry.stop()


@pytest.fixture
def few(world: World, tmp_path: Path) -> Path:
    return shortened(world.environment, tmp_path / "environment", FEW)


def references(environment: Path, upstream: Upstream, helm: Helm) -> list[str]:
    """Every image that the rendered environment leads to."""
    work, missing = render.jobs(environment, upstream)
    assert missing == []
    objects = [
        obj
        for one in render.render(work, helm)
        for obj in load_text(one.text, one.release, release=one.release, namespace=one.namespace).objects
    ]
    found, notes = found_images(objects, make_context(objects))
    assert notes == []
    return sorted({one.image for one in found})


def held(registry: Registry, environment: Path, world: World) -> dict[str, str]:
    """What the registry has for each source."""
    found = {}
    for source, target, *_ in world.lines(environment):
        repository, name = split(target.partition("/")[2])
        found[source] = registry.digest(repository, name)
    return found


def wanted(environment: Path, world: World) -> dict[str, str]:
    return {source: world.images[source].digest for source, *_ in world.lines(environment)}


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of an error; make adds its own."""
    assert done.returncode == 2, done.stdout
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1, lines
    return lines[0]


def test_the_mirror_has_every_image_with_upstreams_digest(world: World, mirrored: Registry) -> None:
    expected = wanted(world.environment, world)
    assert len(expected) == 30
    assert held(mirrored, world.environment, world) == expected


def test_a_second_mirror_copies_nothing(world: World, mirrored: Registry) -> None:
    done = world.make_target(world.environment, "mirror")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[-1] == "All 30 images are in the registry."
    assert [line for line in lines[:-1] if not line.endswith(": there already")] == []
    assert lines[0] == "[1/30] quay.io/jetstack/cert-manager-controller:v1.17.0: there already"


def test_a_dry_run_copies_nothing(world: World, empty: Registry, few: Path) -> None:
    done = world.make_target(few, "mirror", "DRY_RUN=1")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == (
        "[1/8] quay.io/jetstack/cert-manager-controller:v1.17.0: would copy quay.io/jetstack/cert-manager-controller:"
        f"v1.17.0 to {world.host}/kserve/jetstack/cert-manager-controller:v1.17.0"
    )
    assert set(held(empty, few, world).values()) == {""}


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
    other = pull_secret("localhost", FIRST)  # without the port: another registry for a kubelet
    assert mirrored.pull(target, other, ca) == f"401 for {target}"


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
    expected = f"[1/30] {source}: OTHER IMAGE: {target} is {other.digest}, but {world.images[source].digest} was meant"
    assert done.stdout.splitlines() == [expected]
    assert world.make_target(world.environment, "mirror").returncode == 0


def test_the_lock_pins_an_environment_that_skips_no_registry(
    world: World, mirrored: Registry, upstream_charts: Callable[[str], Upstream], newest_helm: Helm, tmp_path: Path
) -> None:
    assert world.make_target(world.environment, "lock").returncode == 0
    lock = yaml.safe_load((world.environment / "images.lock.yaml").read_text(encoding="utf-8"))
    tagged = {source: digest for source, digest in wanted(world.environment, world).items() if "@" not in source}
    assert lock["image_digests"] == tagged
    assert lock["_platforms"] == {source: world.images[source].platforms for source in tagged}

    pinned = world.generate(tmp_path / "pinned", **lock)

    images = references(pinned, upstream_charts(STACK), newest_helm)
    assert [image for image in images if "@sha256:" not in image] == []
    assert "registries-skipping-tag-resolving" not in "".join(
        one.text
        for one in render.render(render.jobs(pinned, upstream_charts(STACK))[0], newest_helm)
        if one.release == "kserve-environment"
    )
    secret = pull_secret(world.host, FIRST)
    assert [mirrored.pull(image, secret, world.keys / "ca.crt") for image in images] == [
        image.partition("@")[2] for image in images
    ]
    assert world.make_target(pinned, "verify-mirror").returncode == 0
    again = world.make_target(pinned, "mirror")
    assert (again.returncode, again.stderr) == (0, "")
    assert world.make_target(pinned, "lock").returncode == 0
    locked = yaml.safe_load((pinned / "images.lock.yaml").read_text(encoding="utf-8"))
    assert locked["image_digests"].items() <= lock["image_digests"].items()


def test_the_lock_is_a_data_file_of_copier_update(world: World, mirrored: Registry, tmp_path: Path) -> None:
    template = shutil.copytree(world.folder / "template", tmp_path / "template", symlinks=True)
    commit(template)
    subprocess.run(["git", "tag", "v1.0.0"], cwd=template, check=True)
    answers = yaml.safe_load((world.environment / ".copier-answers.yml").read_text(encoding="utf-8"))
    answers = {key: value for key, value in answers.items() if not key.startswith("_")}
    project = tmp_path / "project"
    copier.run_copy(str(template), project, answers, defaults=True, quiet=True)
    assert world.make_target(project, "lock").returncode == 0
    commit(project)
    lock = yaml.safe_load((project / "images.lock.yaml").read_text(encoding="utf-8"))

    copier.run_update(project, lock, defaults=True, overwrite=True, quiet=True)

    updated = yaml.safe_load((project / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert updated["digest_policy"] == "pinned"
    assert updated["image_digests"] == lock["image_digests"]
    assert "_platforms" not in updated
    assert [target for _, target, *_ in world.lines(project) if "@sha256:" not in target] == []


def commit(folder: Path) -> None:
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com"]
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "all"]):
        subprocess.run([*git, *words], cwd=folder, check=True)


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
    again = [line.split()[1].rstrip(":") for line in done.stdout.splitlines() if line.endswith(": there already")]
    assert again == there


def test_a_bundle_carries_the_images_across_an_air_gap(world: World, empty: Registry, few: Path) -> None:
    empty.stop()
    done = world.make_target(few, "bundle")
    assert done.returncode == 0, done.stderr
    bundle = few / "build" / "bundle"
    check_layout(bundle, few, world)
    again = world.make_target(few, "bundle")
    assert [line for line in again.stdout.splitlines() if not line.endswith(": there already")] == []

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
    """The bundle is an OCI image layout: every blob has the digest of its name, and index.json names every image."""
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
        pytest.skip("needs user namespaces, for a disk that is full")

    done = subprocess.run(namespace, cwd=few, env=world.env(), capture_output=True, text=True, check=False)

    assert error_of(done) == "error: the disk is full: make room, then run it again, it goes on from here"
    index = json.loads((few / "kept" / "index.json").read_text(encoding="utf-8"))
    assert 0 < len(index["manifests"]) < FEW
    assert not (few / "kept" / ".partial").exists()
    for entry in index["manifests"]:
        blob = few / "kept" / "blobs" / "sha256" / entry["digest"].removeprefix("sha256:")
        assert blob.stat().st_size == entry["size"]


def test_a_wrong_password_is_one_error(world: World, empty: Registry, few: Path) -> None:
    world.log_in("wrong")
    target = world.lines(few)[0][1]
    for verb in ("mirror", "verify-mirror", "lock"):
        assert error_of(world.make_target(few, verb)) == (
            f"error: {world.host} refuses the credentials for {target}: skopeo login {world.host}, "
            "or set REGISTRY_AUTH_FILE"
        )
    assert not (few / "images.lock.yaml").exists()


def test_a_wrong_ca_is_one_error(world: World, empty: Registry, few: Path, tmp_path: Path) -> None:
    certificate_authority(tmp_path / "other", "other-ca")
    (tmp_path / "certs").mkdir()
    shutil.copy(tmp_path / "other" / "ca.crt", tmp_path / "certs")
    done = world.make_target(few, "mirror", f"CERTS={tmp_path / 'certs'}")
    assert error_of(done) == (
        f"error: the certificate of {world.host} is not trusted: set CERTS to a folder with the right ca.crt"
    )


def test_a_registry_that_is_down_is_one_error(world: World, few: Path) -> None:
    for verb in ("mirror", "verify-mirror", "lock"):
        message = error_of(world.make_target(few, verb))
        assert message == f"error: {world.host} cannot be reached: connection refused"


def test_a_host_without_an_address_is_one_error(world: World, few: Path) -> None:
    file = few / "images" / "images.txt"
    file.write_text(file.read_text(encoding="utf-8").replace(world.host, "registry.invalid:443"), encoding="utf-8")
    assert error_of(world.make_target(few, "verify-mirror")).startswith(
        "error: registry.invalid:443 cannot be reached: no"
    )


def test_a_registry_of_plain_http(world: World, tmp_path: Path) -> None:
    plain = {"registry_plain_http": True, "registry_ca": None, "registry_ca_bundle": None, "pull_secret": None}
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
    assert done.stdout.splitlines() == [f"[1/1] {own}: pulled as it is", f"[1/1] {own}: MISSING: {own}"]
    assert world.make_target(few, "bundle").stdout == f"[1/1] {own}: yours, not in the bundle\n"

    empty.push("kserve/own/initializer", "v1", next(iter(world.images.values())))

    assert world.make_target(few, "verify-mirror").stdout == "All 1 images are in the registry.\n"
    assert world.make_target(few, "lock").returncode == 0
    lock = yaml.safe_load((few / "images.lock.yaml").read_text(encoding="utf-8"))
    assert lock["image_digests"] == {}


def test_an_image_that_upstream_does_not_have_is_named(world: World, empty: Registry, few: Path) -> None:
    file = few / "images" / "images.txt"
    gone = f"docker.io/acme/gone:v1 {world.host}/kserve/acme/gone:v1\n"
    file.write_text(gone + file.read_text(encoding="utf-8"), encoding="utf-8")
    assert error_of(world.make_target(few, "mirror")) == "error: docker.io/acme/gone:v1 does not exist"
    assert error_of(world.make_target(few, "bundle")) == "error: docker.io/acme/gone:v1 does not exist"


def test_a_bundle_of_another_environment_is_refused(world: World, empty: Registry, few: Path) -> None:
    assert error_of(world.make_target(few, "unbundle", f"BUNDLE={few}/nothing")) == (
        f"error: {few}/nothing is no bundle: it has no index.json"
    )
    assert (
        world.make_target(
            shortened(world.environment, few / "less", 2), "bundle", f"BUNDLE={few}/less-bundle"
        ).returncode
        == 0
    )
    third = world.lines(few)[2][0]
    assert error_of(world.make_target(few, "unbundle", f"BUNDLE={few}/less-bundle")) == (
        f"error: {third} is not in {few}/less-bundle: make bundle again, from this environment"
    )


def test_the_readme_makes_this_pull_secret(world: World, tmp_path: Path) -> None:
    """`kubectl create secret`, as README.md tells it, gives the document that the other tests log in with."""
    kubectl = shutil.which("kubectl") or binaries.components()["kubernetes"].folder / "kubectl"
    if not Path(kubectl).exists():
        pytest.skip("kubectl is not on PATH and not built yet (make test-cluster builds it)")
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
    assert "refuses the credentials" in error_of(world.make_target(world.environment, "verify-mirror"))
    world.log_in(SECOND)
    assert world.make_target(world.environment, "verify-mirror").returncode == 0
