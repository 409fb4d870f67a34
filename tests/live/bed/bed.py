"""The whole bed: a control plane, the simulated parts, and helpers for tests."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.live.bed import binaries, models
from tests.live.bed.api import Api, Object, until
from tests.live.bed.certificates import Certificates
from tests.live.bed.control_plane import ControlPlane
from tests.live.bed.dns import Dns
from tests.live.bed.external_secrets import ExternalSecrets
from tests.live.bed.kubelet import Kubelet
from tests.live.bed.net_istio import WithoutNetIstio, missing
from tests.live.bed.network import HOST, Network
from tests.live.bed.processes import last_lines
from tests.live.bed.pulls import Pulls
from tools.upstream import helm

if TYPE_CHECKING:
    from tests.live.bed.environments import Environment

RUNS = binaries.CACHE / "runs"
ISVC = "serving.kserve.io/v1beta1/InferenceService"


@dataclass(repr=False)
class Bed:
    """A running bed. state: its keys, data, logs and the root folders of its Pods."""

    state: Path
    plane: ControlPlane
    net: Network
    dns: Dns
    kubelet: Kubelet
    certificates: Certificates
    pulls: Pulls
    cluster_domain: str
    external_secrets: ExternalSecrets
    # The environment that is installed.
    installed: Environment | None = None

    @classmethod
    def start(cls, cluster_domain: str = "cluster.local", pulls: Pulls | None = None) -> Bed:
        """Start everything but the environment. Only inside a network namespace of its own (see enter.py)."""
        forget_old_runs()
        RUNS.mkdir(parents=True, exist_ok=True)
        state = Path(tempfile.mkdtemp(prefix=time.strftime("%Y%m%d-%H%M%S-"), dir=RUNS))
        _lock(state, 0)
        net = Network()
        net.start()
        plane = ControlPlane.start(state, cluster_domain)
        pulls = pulls or Pulls()
        kubelet = Kubelet(plane.api, net, pulls, state, cluster_domain)
        kubelet.start()
        certificates = Certificates(plane.api, state / "keys")
        certificates.start()
        if missing():
            WithoutNetIstio(plane.api).start()
        models.start()
        dns = Dns(plane.api, HOST, cluster_domain)
        external = ExternalSecrets(plane.api)
        external.start()
        bed = cls(state, plane, net, dns, kubelet, certificates, pulls, cluster_domain, external)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, bed._end)
        return bed

    def stop(self) -> None:
        self.external_secrets.stop()
        self.certificates.stop()
        self.kubelet.stop()
        self.plane.stop()
        shutil.rmtree(self.state / "pods", ignore_errors=True)
        shutil.rmtree(self.state / "etcd", ignore_errors=True)

    def clear(self) -> None:
        """Remove the environment, its namespaces and everything in them, so that the cluster is as new."""
        self.remove_models()
        if self.installed:
            self.installed.uninstall()
        own = [name for item in self.api.list("v1/Namespace") if not builtin(name := item["metadata"]["name"])]
        for name in own:
            self.api.delete("v1/Namespace", name)
        until("the namespaces are gone", lambda: not any(self.api.find("v1/Namespace", name) for name in own), 60)

    def remove_models(self) -> None:
        for item in self.api.list(ISVC):
            self.api.delete(ISVC, item["metadata"]["name"], item["metadata"]["namespace"])
        until("the InferenceServices are gone", lambda: self.api.list(ISVC) == [], 60)

    def rename(self, cluster_domain: str) -> None:
        """Change the DNS domain of the cluster. A running Pod keeps its domain, as on a node."""
        self.cluster_domain = self.dns.cluster_domain = self.kubelet.cluster_domain = cluster_domain

    def reach(self, pulls: Pulls) -> None:
        """Change which registries the nodes reach."""
        self.pulls = self.kubelet.pulls = pulls

    def _end(self, *_: object) -> None:
        """On Ctrl-C, end without the cleanup of the tests, which takes half a minute.

        All other processes end with this one, the first of its namespace.
        """
        self.stop()
        os._exit(130)

    @property
    def api(self) -> Api:
        return self.plane.api

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables for a user's commands: make, helm, kubectl."""
        return {
            "KUBECONFIG": str(self.plane.kubeconfig),
            "HELM": helm.find().path,
            "KUBECTL": str(binaries.binary("kubernetes", "kubectl")),
            "HOME": str(self.state),
        }

    def kubectl(self, *arguments: str, text: str = "") -> str:
        command = [self.variables["KUBECTL"], *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=self.variables)
        if done.returncode:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def log(self, namespace: str, name: str, lines: int = 25) -> str:
        """Last log lines of the newest Pod of a Deployment, such as ("knative-serving", "controller")."""
        found = sorted((self.state / "logs").glob(f"{namespace}_{name}-*.log"), key=lambda p: p.stat().st_mtime)
        return last_lines(found[-1], lines) if found else f"(no log of {namespace}/{name})"

    def pods(self, namespace: str, labels: str = "") -> list[Object]:
        return self.api.list("v1/Pod", namespace, labels)


def builtin(namespace: str) -> bool:
    """True for a namespace that every cluster has."""
    return namespace == "default" or namespace.startswith("kube-")


def _lock(run: Path, wait: int = fcntl.LOCK_NB) -> int | None:
    """Mark the folder of a bed as in use until the descriptor is closed; None if another one uses it or has removed it.

    wait: 0 for the own folder, which a bed that starts at the same time holds while it looks for old ones.
    """
    try:
        descriptor = os.open(run, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | wait)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def forget_old_runs(keep: int = 3) -> None:
    """Remove data and root folders of old runs, including killed ones, but nothing of a bed that still runs."""
    locks = {run: lock for run in sorted(RUNS.glob("*")) if (lock := _lock(run)) is not None}
    runs = list(locks)
    old = runs[: -keep or None]
    for folder in [*old, *(run / part for run in runs for part in ("etcd", "pods"))]:
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)
    for lock in locks.values():
        os.close(lock)
