"""Argo CD's ApplicationSet controller on the bed, with progressive syncs, and what it takes of the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.live.bed import binaries, processes
from tests.live.bed.argocd import REPO_SERVER, ArgoCD
from tests.live.bed.processes import Process

NAME = "argocd-applicationset-controller"
# Seconds after which it looks at git again.
REQUEUE = 10
_ADDRESSES = {"metrics-addr": 28090, "probe-addr": 28091, "webhook-addr": 28092}


def start(argocd: ArgoCD) -> Process:
    """Start it beside the other programs of Argo CD, which stop it."""
    program = argocd.folder / "bin" / NAME
    program.symlink_to(binaries.binary("argocd", "argocd"))
    addresses = [f"--{option}=127.0.0.1:{port}" for option, port in _ADDRESSES.items()]
    options = ["--argocd-repo-server", REPO_SERVER, "--repo-server-plaintext", "--enable-progressive-syncs"]
    env = os.environ | argocd.env | {"ARGOCD_APPLICATIONSET_CONTROLLER_REQUEUE_AFTER": f"{REQUEUE}s"}
    log = argocd.bed.state / "logs" / f"{NAME}.log"
    # Do not wait before an outdated Application is refreshed.
    options += ["--refresh-grace-period-seconds", "1"]
    argocd.running[NAME] = processes.start(NAME, [program, *addresses, *options], log, env, argocd.folder / "home")
    return argocd.running[NAME]


@dataclass(frozen=True)
class Usage:
    """seconds of processor time, and the most memory so far in MiB."""

    seconds: float
    memory: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s of processor, {self.memory:.0f} MiB at most"


def usage(process: Process) -> Usage:
    """What a process has taken since it began: proc_pid_stat(5), proc_pid_status(5)."""
    folder = Path("/proc") / str(process.popen.pid)
    fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    lines = (folder / "status").read_text(encoding="utf-8").splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return Usage((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), peak / 1024)
