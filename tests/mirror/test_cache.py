"""An environment whose registry has pull-through caches: what `make` copies, what they deliver, what is locked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.mirror.registry import FIRST, SECOND, USER, Registry, free_port, pull_secret
from tests.mirror.state import error_of, references
from tests.mirror.world import STACK, World
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

MIRRORED = ["nvcr.io", "quay.io"]


@pytest.fixture
def cache(world: World, tmp_path: Path) -> Iterator[Registry]:
    """A cache of the upstream registry, at another port than the private registry."""
    registry = Registry(tmp_path / "cache", free_port(), world.keys, remote=f"http://{world.upstream.host}")
    registry.serve()
    yield registry
    registry.stop()


@pytest.fixture
def environment(world: World, cache: Registry, tmp_path: Path) -> Path:
    places = {host: f"{cache.host}/{host}" for host in ("docker.io", "gcr.io")}
    folder = world.generate(tmp_path / "cached", registry_map=places | dict.fromkeys(MIRRORED, "mirror"))
    world.log_in(FIRST, cache.host)
    return folder


def test_only_what_no_cache_has_is_copied(world: World, empty: Registry, environment: Path) -> None:
    done = world.make_target(environment, "mirror")

    assert (done.returncode, done.stderr) == (0, "")
    copied = [line.split()[1] for line in done.stdout.splitlines() if line.endswith(": copied")]
    sources = [line[0] for line in world.lines(environment)]
    assert copied == [f"{source}:" for source in sources if source.partition("/")[0] in MIRRORED]
    cached = [line for line in done.stdout.splitlines() if line.endswith("fetches it when it is first pulled")]
    assert len(copied) + len(cached) == len(sources)
    assert done.stdout.splitlines()[-1] == f"All {len(sources)} images are in the registry."


def test_every_rendered_image_can_be_pulled(
    world: World,
    empty: Registry,
    cache: Registry,
    environment: Path,
    upstream_charts: Callable[[str], Upstream],
    newest_helm: Helm,
) -> None:
    assert world.make_target(environment, "mirror").returncode == 0
    secret = {"auths": pull_secret(empty.host, FIRST)["auths"] | pull_secret(cache.host, FIRST)["auths"]}
    by_target = {target: world.images[source].digest for source, target, *_ in world.lines(environment)}
    for image in references(environment, upstream_charts(STACK), newest_helm):
        registry = cache if image.startswith(cache.host) else empty
        assert registry.pull(image, secret, world.keys / "ca.crt") == by_target[image]


def test_the_lock_has_the_digests_of_the_caches(world: World, empty: Registry, environment: Path) -> None:
    assert world.make_target(environment, "mirror").returncode == 0
    assert world.make_target(environment, "lock").returncode == 0
    lock = yaml.safe_load((environment / "images.lock.yaml").read_text(encoding="utf-8"))
    tagged = [line[0] for line in world.lines(environment) if "@" not in line[0]]
    assert lock["image_digests"] == {source: world.images[source].digest for source in tagged}


def test_both_hosts_accept_a_new_password(world: World, empty: Registry, cache: Registry, environment: Path) -> None:
    secret = environment.parent / "secret.json"
    kubectl = environment.parent / "kubectl"
    kubectl.write_text(f"""#!/usr/bin/env bash
for word in "$@"; do case $word in .dockerconfigjson=*) cp "${{word#*=}}" {secret} ;; esac; done
""")
    kubectl.chmod(0o755)
    words = ["rotate-password", f"KUBECTL={kubectl}", f"REGISTRY_USER={USER}"]
    cache.accept(SECOND)
    error = error_of(world.make_target(environment, *words, REGISTRY_PASSWORD=FIRST))
    assert error == f"error: {cache.host} rejects the new password of {USER}; nothing is changed"
    assert not secret.exists()

    empty.accept(SECOND)
    done = world.make_target(environment, *words, REGISTRY_PASSWORD=SECOND)

    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(json.loads(secret.read_text())["auths"]) == sorted([empty.host, cache.host])


def test_an_image_that_the_cache_does_not_deliver(
    world: World, empty: Registry, cache: Registry, environment: Path
) -> None:
    absent = f"{cache.host}/docker.io/none/such:1"
    (environment / "images" / "images.txt").write_text(f"docker.io/none/such:1 {absent} cached\n", encoding="utf-8")
    done = world.make_target(environment, "verify-mirror")
    assert done.stdout.splitlines() == [f"[1/1] docker.io/none/such:1: NOT DELIVERED by the cache: {absent}"]
    assert done.returncode == 2
    where = f"correct its place in the answer registry_map, or its upstream in {cache.host}"
    error = error_of(world.make_target(environment, "lock"))
    assert error == f"error: the cache does not deliver {absent}: {where}"


def test_a_bundle_leaves_out_what_a_cache_has(world: World, environment: Path, cache: Registry) -> None:
    done = world.make_target(environment, "bundle")
    assert (done.returncode, done.stderr) == (0, "")
    added = [line.split()[1] for line in done.stdout.splitlines() if line.endswith(": added")]
    assert {source.partition("/")[0] for source in added} == set(MIRRORED)
    assert f": cached by {cache.host}, not bundled" in done.stdout
