"""A terminal shows the progress of each image and how long the others take; without one, the lines stay plain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.mirror.faulty import Flaky, flaky
from tests.mirror.registry import Registry
from tests.mirror.state import held, wanted
from tests.mirror.world import World, shortened

CLEAR = "\r\x1b[K"
AMOUNT = r"[\d.]+ k?B"


@pytest.fixture
def slow(world: World, tmp_path: Path) -> Iterator[Flaky]:
    """The upstream registry, where each blob takes two seconds."""
    with flaky(world.upstream.host) as made:
        made.slow = "/blobs/"
        world.write_home(tmp_path / "home", made.host)
        yield made


@pytest.fixture
def two(world: World, tmp_path: Path) -> Path:
    return shortened(world.environment, tmp_path / "environment", 2)


def size_of(source: str, world: World) -> str:
    """The bytes of an index and all that belongs to it, each once."""
    image = world.images[source]
    size = sum(map(len, image.blobs.values())) + sum(len(content) for _, content in image.manifests[:-1])
    return f"{size / 1000:.1f} kB"


@pytest.mark.parametrize(("target", "word"), [("mirror", "copied"), ("bundle", "added")])
def test_on_a_terminal(
    world: World, empty: Registry, two: Path, slow: Flaky, tmp_path: Path, target: str, word: str
) -> None:
    env = world.env(HOME=str(tmp_path / "home"), TERM="xterm")
    first, second = [source for source, *_ in world.lines(two)]
    terminal = pexpect.spawn(
        "make", [target], cwd=str(two), env=env, timeout=60, encoding="utf-8", dimensions=(24, 200)
    )
    said = terminal.read()
    terminal.close()
    assert terminal.exitstatus == 0, said
    lines = [line.strip().rpartition(CLEAR)[2] for line in said.split("\n")]
    done = [line for line in lines if f": {word}" in line]
    pace = rf"{AMOUNT} in \d+ s, {AMOUNT}/s"
    assert re.fullmatch(rf"\[1/2\] {re.escape(first)}: {word}, {pace}; about \d+ s left", done[0]), said
    assert re.fullmatch(rf"\[2/2\] {re.escape(second)}: {word}, {pace}", done[1]), said
    assert [line.partition(f"{word}, ")[2].partition(" in ")[0] for line in done] == [
        size_of(source, world) for source in (first, second)
    ]
    drawn = [line for line in said.split(CLEAR) if re.match(rf"\[[12]/2\] \S+: {AMOUNT}, {AMOUNT}/s, \d+ s", line)]
    assert len(drawn) >= 2, said
    assert all(re.search(r"; about \d+ s left$", line) is None for line in drawn if line.startswith("[2/2]"))


def test_a_narrow_terminal_keeps_one_line(
    world: World, empty: Registry, two: Path, slow: Flaky, tmp_path: Path
) -> None:
    env = world.env(HOME=str(tmp_path / "home"), TERM="xterm")
    terminal = pexpect.spawn(
        "make", ["mirror"], cwd=str(two), env=env, timeout=60, encoding="utf-8", dimensions=(24, 40)
    )
    said = terminal.read()
    drawn = [line for line in said.split(CLEAR) if "\n" not in line and line]
    assert drawn
    assert max(map(len, drawn)) <= 39
    assert held(empty, two, world) == wanted(two, world)


def test_without_a_terminal(world: World, empty: Registry, two: Path) -> None:
    done = world.make_target(two, "mirror")
    sources = [source for source, *_ in world.lines(two)]
    assert done.stdout.splitlines() == [
        *[f"[{number}/2] {source}: copied" for number, source in enumerate(sources, 1)],
        "All 2 images are in the registry.",
    ]
