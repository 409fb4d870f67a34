"""etcd, kube-apiserver and kube-controller-manager: a real control plane without nodes."""

from __future__ import annotations

import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.live.bed import network, processes
from tests.live.bed.api import Api, ApiError, until
from tests.live.bed.binaries import binary
from tests.live.bed.processes import Process

PORT = 6443
CONTEXT = "bed"
ETCD = 2379
# Controllers that need nodes, disks or a cloud. The node lifecycle controller would evict every Pod, because nothing
# renews the node's lease.
WITHOUT = "node-lifecycle-controller,node-ipam-controller,persistentvolume-attach-detach-controller,ttl-controller"


@dataclass(repr=False)
class ControlPlane:
    """A running control plane. state: folder of its keys, data and logs.

    number: 0 for that of the bed. Another one has ports of its own, and no nodes, not even simulated ones.
    """

    state: Path
    cluster_domain: str
    processes: list[Process]
    api: Api
    kubeconfig: Path
    number: int = 0

    @classmethod
    def start(cls, state: Path, cluster_domain: str, number: int = 0) -> ControlPlane:
        """Start the processes and wait until the API server is ready."""
        keys = state / "keys"
        keys.mkdir(parents=True)
        certificate_authority(keys, "bed-ca")
        issue(keys, "apiserver", network.HOST, "127.0.0.1", "10.247.0.1", "kubernetes.default.svc")
        issue(keys, "accounts")
        token = secrets.token_hex(16)
        (keys / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n", encoding="utf-8")
        api = Api(network.HOST, PORT + number, token, keys / "ca.crt")
        kubeconfig = write_kubeconfig(state / "kubeconfig", keys / "ca.crt", token, PORT + number)
        plane = cls(state, cluster_domain, [], api, kubeconfig, number)
        plane._start_all(keys)
        until("API server ready", lambda: plane._ready(), 60, 0.1)
        return plane

    @property
    def server(self) -> str:
        """URL of the API server."""
        return f"https://{network.HOST}:{PORT + self.number}"

    @property
    def etcd(self) -> str:
        return f"http://127.0.0.1:{ETCD + 10 * self.number}"

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()

    def _ready(self) -> bool:
        for process in self.processes:
            if not process.running:
                raise ApiError(0, f"{process.name} ended: {process.last_lines(5)}")
        return bool(self.api.call("GET", "/readyz") == "ok")

    def _start_all(self, keys: Path) -> None:
        logs = self.state / "logs"
        for name, arguments in (
            ("etcd", self._etcd()),
            ("kube-apiserver", self._apiserver(keys)),
            ("kube-controller-manager", self._controller_manager(keys)),
        ):
            component = "etcd" if name == "etcd" else "kubernetes"
            self.processes.append(processes.start(name, [binary(component, name), *arguments], logs / f"{name}.log"))

    def _etcd(self) -> list[str]:
        return [
            f"--data-dir={self.state / 'etcd'}",
            f"--listen-client-urls={self.etcd}",
            f"--advertise-client-urls={self.etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{ETCD + 10 * self.number + 1}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]

    def _apiserver(self, keys: Path) -> list[str]:
        return [
            f"--etcd-servers={self.etcd}",
            f"--advertise-address={network.HOST}",
            f"--bind-address={network.HOST}",
            f"--secure-port={PORT + self.number}",
            f"--tls-cert-file={keys / 'apiserver.crt'}",
            f"--tls-private-key-file={keys / 'apiserver.key'}",
            f"--token-auth-file={keys / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            f"--service-cluster-ip-range={network.SERVICES}",
            f"--service-account-issuer=https://kubernetes.default.svc.{self.cluster_domain}",
            f"--service-account-signing-key-file={keys / 'accounts.key'}",
            f"--service-account-key-file={keys / 'accounts.key'}",
            # The API server finds webhooks through EndpointSlices, so no kube-proxy is needed.
            "--enable-aggregator-routing=true",
            "--allow-privileged=true",
            "--watch-cache=true",
        ]

    def _controller_manager(self, keys: Path) -> list[str]:
        return [
            f"--kubeconfig={self.kubeconfig}",
            f"--secure-port={10257 + self.number}",
            f"--root-ca-file={keys / 'ca.crt'}",
            f"--service-account-private-key-file={keys / 'accounts.key'}",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            f"--controllers=*,{','.join('-' + name for name in WITHOUT.split(','))}",
            "--concurrent-deployment-syncs=10",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        ]


def certificate_authority(folder: Path, name: str) -> None:
    """Write ca.crt and ca.key."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([binary("pki", "pki"), "ca", folder, name], check=True)


def issue(folder: Path, name: str, *hosts: str) -> None:
    """Write <name>.crt and <name>.key for these hosts, signed by the folder's CA."""
    subprocess.run([binary("pki", "pki"), "leaf", folder, name, *hosts], check=True)


def write_kubeconfig(path: Path, ca: Path, token: str, port: int = PORT) -> Path:
    path.write_text(
        f"""apiVersion: v1
kind: Config
current-context: {CONTEXT}
clusters: [{{name: bed, cluster: {{server: "https://{network.HOST}:{port}", certificate-authority: {ca}}}}}]
users: [{{name: admin, user: {{token: {token}}}}}]
contexts: [{{name: {CONTEXT}, context: {{cluster: bed, user: admin}}}}]
""",
        encoding="utf-8",
    )
    path.chmod(0o600)
    return path
