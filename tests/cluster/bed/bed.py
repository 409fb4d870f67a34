"""The whole bed: a control plane, the played parts, and what a test asks of them."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.bed import binaries, models
from tests.cluster.bed.api import Api, Object
from tests.cluster.bed.certificates import Certificates
from tests.cluster.bed.control_plane import ControlPlane
from tests.cluster.bed.dns import Dns
from tests.cluster.bed.kubelet import Kubelet
from tests.cluster.bed.net_istio import WithoutNetIstio, missing
from tests.cluster.bed.network import HOST, Network
from tests.cluster.bed.processes import last_lines
from tests.cluster.bed.pulls import Pulls
from tools import helm

RUNS = binaries.CACHE / "runs"


@dataclass
class Bed:
    """A running bed. `state`: its keys, data, logs and the root folders of its Pods."""

    state: Path
    plane: ControlPlane
    net: Network
    dns: Dns
    kubelet: Kubelet
    certificates: Certificates
    pulls: Pulls
    cluster_domain: str

    @classmethod
    def start(cls, cluster_domain: str = "cluster.local", pulls: Pulls | None = None) -> Bed:
        """Starts everything but the environment. Only inside a network namespace of its own (see enter.py)."""
        state = RUNS / time.strftime("%Y%m%d-%H%M%S")
        _forget_old_runs()
        state.mkdir(parents=True)
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
        return cls(state, plane, net, dns, kubelet, certificates, pulls, cluster_domain)

    def stop(self) -> None:
        self.certificates.stop()
        self.kubelet.stop()
        self.plane.stop()
        shutil.rmtree(self.state / "pods", ignore_errors=True)
        shutil.rmtree(self.state / "etcd", ignore_errors=True)

    @property
    def api(self) -> Api:
        return self.plane.api

    @property
    def variables(self) -> dict[str, str]:
        """For commands that a user runs: make, helm, kubectl."""
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
        """Last lines of the newest Pod of a Deployment, such as ("knative-serving", "controller")."""
        found = sorted((self.state / "logs").glob(f"{namespace}_{name}-*.log"), key=lambda p: p.stat().st_mtime)
        return last_lines(found[-1], lines) if found else f"(no log of {namespace}/{name})"

    def pods(self, namespace: str, labels: str = "") -> list[Object]:
        return self.api.list("v1/Pod", namespace, labels)


def _forget_old_runs(keep: int = 3) -> None:
    for folder in sorted(RUNS.glob("*"))[: -keep or None]:
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)
