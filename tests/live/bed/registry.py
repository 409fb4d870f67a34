"""A real OCI registry on the bed's own address, with TLS from a private CA and a password."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path

from tests.live.bed import processes
from tests.live.bed.api import until
from tests.live.bed.binaries import binary
from tests.live.bed.control_plane import certificate_authority, issue
from tests.live.bed.environments import PASSWORD
from tests.live.bed.network import HOST
from tests.live.bed.processes import Process

# The logins that a test can let the registry accept, as "user:password", and the bcrypt hashes of their passwords, the
# only format that the registry reads.
ROTATED = "robot:second-password"
HASHES = {
    PASSWORD: "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
    ROTATED: "$2b$05$abcdefghijklmnopqrstuuQQ3svipWaDLu5Kgwa3hvLrUP0FshBnK",
}
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass
class Registry:
    """A running registry at https://<name>:<port>. ca: the PEM file of the CA that signed its certificate."""

    name: str
    port: int
    ca: Path
    process: Process

    @classmethod
    def start(cls, state: Path, name: str, port: int) -> Registry:
        folder = state / "registry"
        certificate_authority(folder, "registry-ca")
        issue(folder, "registry", name, HOST)
        _write_login(folder, PASSWORD)
        config = folder / "config.yaml"
        config.write_text(json.dumps(_config(folder, port)), encoding="utf-8")
        command: list[str | Path] = [binary("registry", "registry"), "serve", config]
        process = processes.start("registry", command, state / "logs" / "registry.log")
        registry = cls(name, port, folder / "ca.crt", process)
        until("registry", lambda: registry._call("GET", "/v2/")[0] == 200, 20)
        return registry

    def accept(self, login: str) -> None:
        """From now on, accept only this login, one of HASHES."""
        _write_login(self.ca.parent, login)

    @property
    def host(self) -> str:
        return f"{self.name}:{self.port}"

    def push(self, repository: str, tag: str) -> str:
        """Push an image without layers and return its digest."""
        config = self._blob(repository, json.dumps({"architecture": "amd64", "os": "linux", "tag": tag}).encode())
        body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}
        path = f"/v2/{repository}/manifests/{tag}"
        status, headers = self._call("PUT", path, json.dumps(body).encode(), MANIFEST)
        assert status == 201, f"push of {repository}:{tag} gave {status}"
        return headers["Docker-Content-Digest"]

    def _blob(self, repository: str, content: bytes) -> dict[str, object]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        status, headers = self._call("POST", f"/v2/{repository}/blobs/uploads/")
        assert status == 202, f"upload to {repository} gave {status}"
        location = headers["Location"].partition(self.host)[2] or headers["Location"].partition(str(self.port))[2]
        status, _ = self._call("PUT", f"{location}&digest={digest}", content, "application/octet-stream")
        assert status == 201, f"blob of {repository} gave {status}"
        return {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(content)}

    def _call(self, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, dict[str, str]]:
        context = ssl.create_default_context(cafile=str(self.ca))
        connection = http.client.HTTPSConnection(HOST, self.port, context=context, timeout=5)
        headers = {"Authorization": f"Basic {base64.b64encode(PASSWORD.encode()).decode()}"}
        if kind:
            headers["Content-Type"] = kind
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, dict(answer.headers.items())


def _write_login(folder: Path, login: str) -> None:
    """The registry reads the file again when its time has changed."""
    (folder / "htpasswd").write_text(f"{login.partition(':')[0]}:{HASHES[login]}\n", encoding="utf-8")


def _config(folder: Path, port: int) -> dict[str, object]:
    return {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {"inmemory": {}},
        "http": {
            "addr": f"{HOST}:{port}",
            "tls": {"certificate": str(folder / "registry.crt"), "key": str(folder / "registry.key")},
        },
        "auth": {"htpasswd": {"realm": "bed", "path": str(folder / "htpasswd")}},
    }
