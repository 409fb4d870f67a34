"""Run a command in an isolated network. Everything it starts ends with it.

Usage: python -m tests.live.enter pytest [arguments...] | cluster [example] | shell

New user, network, mount and process namespaces (man 1 unshare): needs neither root nor a cluster and changes nothing on
the machine. When the first process ends, in whatever way, the kernel ends all others.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.live.bed import argocd, binaries
from tools import stacks
from tools.console import ROOT, Stop, run, step
from tools.generate.schemas import sources
from tools.upstream import charts as upstream
from tools.upstream import helm

INSIDE = "KSERVE_TEST_BED"
UNSHARE = [
    "unshare",
    "--user",
    "--map-root-user",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
]


def main() -> int:
    if os.environ.get(INSIDE):
        return inside(sys.argv[1:])
    prepare()
    sys.stdout.flush()
    env = os.environ | {INSIDE: "1"}
    command = [*UNSHARE, sys.executable, "-m", "tests.live.enter", *sys.argv[1:]]
    return os.execvpe(command[0], command, env)  # noqa: S606


def prepare() -> None:
    """Build and download what is missing: inside there is no network.

    Raises Stop when something is not available, or when this kernel forbids user namespaces.
    """
    helm.find()
    for stack in stacks.names():
        upstream.charts(stack, only_modules=True)
    for files in sources.PROJECTS.values():
        list(files())
    known = binaries.components()
    for component in known.values():
        binaries.build(component)
    binaries.envoy()
    argocd.redis()
    try_it = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, check=False)
    if try_it.returncode:
        raise Stop(f"unshare is needed and does not work here: {try_it.stderr.strip()}")


def inside(arguments: list[str]) -> int:
    """The first process of the new namespaces."""
    # ip netns stores its names in /run/netns, and the machine's /run is neither ours nor private.
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    Path("/run/netns").mkdir()
    os.chdir(ROOT)
    kind, rest = (arguments or ["shell"])[0], arguments[1:]
    if kind == "pytest":
        import pytest

        return int(pytest.main(["-m", "live", *(rest or ["tests/live"])]))
    if kind == "cluster":
        from tests.live.cluster import stay

        return stay(rest)
    step("A shell without a network")
    return subprocess.call([os.environ.get("SHELL", "/bin/bash")])


if __name__ == "__main__":
    run(main)
