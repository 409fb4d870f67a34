"""A registry with the charts of a stack, as `make mirror` of an environment leaves it."""

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
def charts_in_a_registry(bed: Bed, stack: str, folder: Path) -> Iterator[Registry]:
    """The registry, with TLS and a password, until the end."""
    issue(bed.state / "keys", "registry", "localhost")
    registry = Registry.start(folder, bed.state / "keys")
    env = bed.variables | {"SSL_CERT_FILE": str(bed.state / "keys" / "ca.crt")}
    found = helm.find()
    login = ["registry", "login", registry.host, "--username", USER, "--password", FIRST]
    subprocess.run([found.path, *login], env=env, check=True, capture_output=True)
    for chart in stacks.charts(stack):
        packed = package(found, BUILD / "upstream" / stack / "modules" / chart.folder, bed.state / "packages")
        push = ["push", str(packed), f"oci://{registry.host}/charts"]
        subprocess.run([found.path, *push], env=env, check=True, capture_output=True)
    yield registry
    registry.stop()
