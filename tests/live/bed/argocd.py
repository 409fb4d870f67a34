"""Argo CD on the bed: its real controllers and a real redis, as processes that use the cluster's API.

The kubelet would mount ConfigMap argocd-tls-certs-cm into the repo-server; a thread does.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import shutil
import subprocess
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.live.bed import binaries, processes
from tests.live.bed.api import ApiError, Object, until
from tests.live.bed.bed import Bed
from tests.live.bed.environments import PATH
from tests.live.bed.processes import Process
from tools.console import Stop

NAMESPACE = "argocd"
APPLICATION = "argoproj.io/v1alpha1/Application"
REDIS, REPO_SERVER = "127.0.0.1:26379", "127.0.0.1:28081"
# util/cache/appstate/cache.go, with CacheVersion of common/common.go and the ending of util/cache/redis.go.
COMPARED = "app|managed-resources|{}|1.8.3.gz"
# Seconds after which Argo CD looks for new commits (default 120) and heals again.
RECONCILE = 30


def redis() -> Path:
    """The program of Debian's package redis-server. Raises Stop when it is not installed."""
    found = shutil.which("redis-server", path=PATH)
    if found is None:
        raise Stop("Argo CD needs redis: install redis-server (Debian: apt-get install redis-server)")
    return Path(found)


@dataclass(frozen=True)
class Difference:
    """A field that differs from git. path: as jqPathExpressions write it, without question marks.

    managers: who has written it.
    """

    kind: str
    name: str
    path: str
    managers: tuple[str, ...]

    def ignored_by(self, entry: Object) -> bool:
        """True if an entry of ignoreDifferences covers it."""
        pointers = [pointer.replace("/", ".") for pointer in entry.get("jsonPointers", [])]
        paths = [path.replace("?", "") for path in entry.get("jqPathExpressions", [])]
        fields = self.path in [*pointers, *paths] or set(self.managers) & set(entry.get("managedFieldsManagers", []))
        return bool(fields) and entry["kind"] == self.kind and entry.get("name", self.name) == self.name


@dataclass(repr=False)
class ArgoCD:
    """A running Argo CD. folder: its programs, home and certificates."""

    bed: Bed
    folder: Path
    running: dict[str, Process] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def start(cls, bed: Bed) -> ArgoCD:
        made = cls(bed, bed.state / "argocd")
        made._programs()
        made._install()
        threading.Thread(target=made._mount_certificates, name="argocd certificates", daemon=True).start()
        made._run("redis", redis(), "--port", REDIS.rpartition(":")[2], "--bind", "127.0.0.1", "--save", "")
        made._run("argocd-repo-server", *_arguments(REPO_SERVER, "28084"), "--disable-tls", "--client-ca-path", "")
        made.start_controller()
        return made

    def start_controller(self) -> None:
        name = "argocd-application-controller"
        options = ["--repo-server-plaintext", "--repo-server", REPO_SERVER, "--redis", REDIS, "--metrics-port", "28082"]
        # Not right after a sync, when it does not know all new objects yet, and not ever later as by default.
        self._run(name, *options, "--self-heal-timeout-seconds", "5")

    def kill_controller(self) -> None:
        """End it as a node that fails does."""
        self.running["argocd-application-controller"].kill()

    def stop(self) -> None:
        self._stopping.set()
        for process in reversed(self.running.values()):
            process.stop()

    @property
    def env(self) -> dict[str, str]:
        """Environment variables of its programs."""
        home = self.folder / "home"
        return {
            "PATH": f"{self.folder / 'bin'}:{PATH}",
            "HOME": str(home),
            "TMPDIR": str(home),
            "XDG_CONFIG_HOME": str(home),
            "KUBECONFIG": str(self.folder / "kubeconfig"),
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_GPG_ENABLED": "false",
            "ARGOCD_RECONCILIATION_TIMEOUT": f"{RECONCILE}s",
            "ARGOCD_RECONCILIATION_JITTER": "0s",
            # By default an Application shows for three minutes that all is well when its manifests cannot be rendered.
            "ARGOCD_REPO_ERROR_GRACE_PERIOD_SECONDS": "1s",
            # For the table of a failing test: which object an Application waits for.
            "ARGOCD_APPLICATION_CONTROLLER_PERSIST_RESOURCE_HEALTH": "true",
            "ARGOCD_TLS_DATA_PATH": str(self.folder / "tls"),
            "ARGOCD_SSH_DATA_PATH": str(self.folder / "ssh"),
        }

    def _mount_certificates(self) -> None:
        while not self._stopping.wait(1):
            with contextlib.suppress(ApiError, OSError):
                data = self.bed.api.get("v1/ConfigMap", "argocd-tls-certs-cm", NAMESPACE).get("data", {})
                for host, certificate in data.items():
                    (self.folder / "tls" / host).write_text(certificate, encoding="utf-8")

    def applications(self) -> dict[str, Object]:
        return {item["metadata"]["name"]: item for item in self.bed.api.list(APPLICATION, NAMESPACE)}

    def refresh(self, application: str, kind: str = "normal") -> None:
        """Make it look at git and the cluster now; "hard": fetch the chart again, too."""
        annotation = {"argocd.argoproj.io/refresh": kind}
        self.bed.api.patch(APPLICATION, application, NAMESPACE, {"metadata": {"annotations": annotation}})

    def differences(self, application: str) -> Iterator[Difference]:
        """What its last comparison found, from the cache out of which `argocd app diff` is answered."""
        host, _, port = REDIS.rpartition(":")
        key = COMPARED.format(application)
        command = ["redis-cli", "-h", host, "-p", port, "--raw", "GET", key]
        found = subprocess.run(command, capture_output=True, check=True, env=self.env).stdout
        for item in json.loads(zlib.decompressobj(wbits=31).decompress(found)) or []:
            live, wanted = (json.loads(item.get(f"{key}LiveState") or "{}") for key in ("normalized", "predicted"))
            for path in sorted(set(_differing(live, wanted))):
                kind = f"{live['apiVersion']}/{item['kind']}"
                whole = self.bed.api.get(kind, item["name"], item.get("namespace", ""))
                yield Difference(item["kind"], item["name"], path, tuple(_managers(whole, path)))

    def _programs(self) -> None:
        for name in ("bin", "home", "tls", "ssh"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "ssh" / "ssh_known_hosts").touch()
        for name in ("argocd", "argocd-repo-server", "argocd-application-controller"):
            (self.folder / "bin" / name).symlink_to(binaries.binary("argocd", "argocd"))
        (self.folder / "bin" / "helm").symlink_to(self.bed.variables["HELM"])
        # Go's module cache keeps no mode of a file.
        for name in ("git-verify-wrapper.sh", "gpg-wrapper.sh"):
            target = self.folder / "bin" / name
            target.write_bytes((binaries.files("argocd") / "hack" / name).read_bytes())
            target.chmod(0o755)
        text = self.bed.plane.kubeconfig.read_text(encoding="utf-8")
        text = text.replace("user: admin}", f"user: admin, namespace: {NAMESPACE}}}")
        (self.folder / "kubeconfig").write_text(text, encoding="utf-8")
        (self.folder / "kubeconfig").chmod(0o600)

    def _install(self) -> None:
        """Upstream's manifests without Pods, and the project that Argo CD's API server makes at its first start."""
        manifests = binaries.files("argocd") / "manifests"
        api, meta = self.bed.api, {"namespace": NAMESPACE}
        api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        self.bed.kubectl("apply", "--server-side", "--kustomize", str(manifests / "crds"))
        self.bed.kubectl("apply", "--namespace", NAMESPACE, "--kustomize", str(manifests / "base" / "config"))
        key = {"server.secretkey": base64.b64encode(secrets.token_hex(16).encode()).decode()}
        api.patch("v1/Secret", "argocd-secret", NAMESPACE, {"data": key})
        everything = {"sourceRepos": ["*"], "destinations": [{"namespace": "*", "server": "*"}]}
        spec = everything | {"clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}
        project = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": meta | {"name": "default"}}
        until("Argo CD's kinds", lambda: api.apply(project | {"spec": spec}), 60)
        # A server-side apply of a new CRD can reset the storage of its objects once more.
        until("Argo CD's Applications", lambda: api.call("GET", api.path(APPLICATION, NAMESPACE)), 60)

    def _run(self, name: str, *arguments: str | Path) -> None:
        command: list[str | Path] = [arguments[0]] if name == "redis" else [self.folder / "bin" / name]
        rest = list(arguments[1:] if name == "redis" else arguments)
        log = self.bed.state / "logs" / f"{name}.log"
        self.running[name] = processes.start(name, [*command, *rest], log, os.environ | self.env, self.folder / "home")


def _arguments(address: str, metrics: str) -> list[str]:
    host, _, port = address.rpartition(":")
    return ["--address", host, "--port", port, "--metrics-address", host, "--metrics-port", metrics, "--redis", REDIS]


def _differing(live: Any, wanted: Any, path: str = "") -> Iterator[str]:
    if isinstance(live, dict) and isinstance(wanted, dict):
        for key in live.keys() | wanted.keys():
            yield from _differing(live.get(key), wanted.get(key), f"{path}.{key}")
    elif isinstance(live, list) and isinstance(wanted, list) and len(live) == len(wanted):
        for one, other in zip(live, wanted, strict=True):
            yield from _differing(one, other, f"{path}[]")
    elif live != wanted:
        yield path


def _managers(found: Object, path: str) -> Iterator[str]:
    """The managers of a field, by the first part of its path that is no item of a list."""
    for entry in found.get("metadata", {}).get("managedFields", []):
        fields: Any = entry["fieldsV1"]
        for key in path.partition("[]")[0].strip(".").split("."):
            fields = fields.get(f"f:{key}") if fields is not None else None
        if fields is not None:
            yield entry["manager"]
