"""A registry with the charts of stacks, as `make mirror` of an environment leaves it."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.commands.internet import package
from tests.live.bed.bed import Bed
from tests.live.bed.control_plane import issue
from tests.mirror.registry import FIRST, USER, Registry
from tools import stacks
from tools.console import BUILD
from tools.upstream import helm


@contextlib.contextmanager
def charts_in_a_registry(bed: Bed, folder: Path, *names: str) -> Iterator[Registry]:
    """The registry, with the charts of these stacks, TLS and a password, until the end."""
    issue(bed.state / "keys", "registry", "localhost")
    registry = Registry.start(folder, bed.state / "keys")
    env = bed.variables | {"SSL_CERT_FILE": str(bed.state / "keys" / "ca.crt")}
    found = helm.find()
    login = ["registry", "login", registry.host, "--username", USER, "--password", FIRST]
    subprocess.run([found.path, *login], env=env, check=True, capture_output=True)
    modules = [BUILD / "upstream" / name / "modules" / chart.folder for name in names for chart in stacks.charts(name)]
    for chart in {folder.name: folder for folder in modules}.values():
        packed = package(found, chart, bed.state / "packages")
        push = ["push", str(packed), f"oci://{registry.host}/charts"]
        subprocess.run([found.path, *push], env=env, check=True, capture_output=True)
    yield registry
    registry.stop()
