"""Fixtures with the registry of the distribution project, on loopback, with TLS from a private CA and a password."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mirror.registry import FIRST, Registry
from tests.mirror.state import FEW
from tests.mirror.world import World, shortened


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if not os.environ.get("KSERVE_TEST_REGISTRY"):
        pytest.skip("needs a real registry and skopeo: make test-registry")
    assert shutil.which("skopeo"), "skopeo is missing: install it (apt-get install skopeo)"
    world = World.make(tmp_path_factory.mktemp("world"))
    yield world
    world.upstream.stop()


@pytest.fixture
def empty(world: World, tmp_path: Path) -> Iterator[Registry]:
    """An empty private registry."""
    world.log_in()
    registry = world.private(tmp_path / "registry")
    yield registry
    registry.stop()


@pytest.fixture
def mirrored(world: World) -> Iterator[Registry]:
    """The private registry, filled by `make mirror`."""
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
