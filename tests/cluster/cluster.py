"""`make cluster`: one example on the bed, kept up for a person to look at."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from tests.cluster.bed.bed import Bed
from tests.cluster.bed.environments import Environment
from tests.cluster.bed.pulls import Pulls
from tools.console import note, step

PASSWORD = "robot:secret"  # noqa: S105 - of a registry that exists only here


def stay(arguments: list[str]) -> int:
    """Installs an example (offline-harbor unless one is named) and waits until the person leaves."""
    example = Path(arguments[0]).stem if arguments else "offline-harbor"
    begin = time.monotonic()
    step("Starting the control plane")
    bed = Bed.start()
    try:
        environment = Environment.generate(bed, example)
        host = environment.answers.get("registry_host")
        if host:
            bed.pulls = bed.kubelet.pulls = Pulls(not environment.answers.get("offline"), {host: PASSWORD})
        step(f"Installing {example}")
        environment.install()
        note(f"up after {time.monotonic() - begin:.0f} s")
        _shell(bed, environment)
    except KeyboardInterrupt:
        note("interrupted")
    finally:
        bed.stop()
    return 0


def _shell(bed: Bed, environment: Environment) -> None:
    note(f"KUBECONFIG={bed.plane.kubeconfig}")
    note(f"environment: {environment.folder}; logs: {bed.state / 'logs'}")
    pid = "$(pgrep -f -n 'tests.cluster.enter cluster')"
    note(f"from another terminal: nsenter -t {pid} -U --preserve-credentials -n -m -p")
    note("this shell is inside; leave it (exit) and everything ends")
    tools = Path(bed.variables["KUBECTL"]).parent
    env = os.environ | bed.variables | {"PATH": f"{tools}:{os.environ['PATH']}", "PS1": "(test bed) \\w$ "}
    subprocess.call([os.environ.get("SHELL", "/bin/bash"), "--norc"], env=env, cwd=environment.folder)
