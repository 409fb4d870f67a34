"""The images that the registry has and should have, and the error that a command printed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from kserve_wiring.cluster.facts import make_facts
from kserve_wiring.inventory.find import found_images
from kserve_wiring.manifests.environment import plan
from kserve_wiring.manifests.load import load_text
from tests.mirror.registry import Registry
from tests.mirror.world import World, split
from tools.environment import render
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

FEW = 8


def references(environment: Path, upstream: Upstream, helm: Helm) -> list[str]:
    """Every image that the rendered environment pulls."""
    work, missing = plan(environment, upstream.folder)
    assert missing == []
    objects = [
        obj
        for one in render.render(work, helm)
        for obj in load_text(one.text, one.release, release=one.release, namespace=one.namespace).objects
    ]
    found, notes = found_images(objects, make_facts(objects))
    assert notes == []
    return sorted({one.image for one in found})


def held(registry: Registry, environment: Path, world: World) -> dict[str, str]:
    """The digest in the registry for each source."""
    found = {}
    for source, target, *_ in world.lines(environment):
        repository, name = split(target.partition("/")[2])
        found[source] = registry.digest(repository, name)
    return found


def wanted(environment: Path, world: World) -> dict[str, str]:
    return {source: world.images[source].digest for source, *_ in world.lines(environment)}


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    """The single error line, without the lines that make adds."""
    assert done.returncode == 2, done.stdout
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1, lines
    return lines[0]
