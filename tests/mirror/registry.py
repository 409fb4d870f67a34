"""A real OCI registry on loopback: the distribution project's, built from a pinned Go module."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kserve_wiring.grammar.image import auth_key_matches, parse_image
from tests.live.bed import binaries, processes
from tests.mirror.standins import INDEX, MANIFEST, StandIn, sha256

ACCEPT = ", ".join([*INDEX.values(), *MANIFEST.values()])
# The bcrypt hashes of the passwords; the registry reads no other hash.
USER, FIRST, SECOND = "robot", "first-password", "second-password"
ODD = """ a $b ${c} $(d) "e" 'f' \\g #h% """
HASHES = {
    FIRST: "$2b$05$abcdefghijklmnopqrstuuM3sQey8DZviRRkMjmk7wGr.7zlb4loC",
    ODD: "$2b$05$abcdefghijklmnopqrstuuOrApSMkypGQJEo3ckwEyTeulHAuNxPe",
    SECOND: "$2b$05$abcdefghijklmnopqrstuuQQ3svipWaDLu5Kgwa3hvLrUP0FshBnK",
}


@dataclass
class Registry:
    """A running registry. With `keys`, it serves TLS with registry.crt of that folder and requires the password.

    With `remote`, the URL of another registry, it is a pull-through cache of that. If it is `sparse`, it accepts an
    index without all its manifests.
    """

    folder: Path
    port: int
    keys: Path | None = None
    password: str = FIRST
    remote: str = ""
    sparse: bool = False
    process: processes.Process | None = field(default=None, init=False)

    @classmethod
    def start(cls, folder: Path, keys: Path | None = None) -> Registry:
        registry = cls(folder, free_port(), keys)
        registry.serve()
        return registry

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def serve(self) -> None:
        """Starts the registry with the images it had before."""
        self.process = processes.start(
            "registry", self._command(), self.folder / "registry.log", {"OTEL_TRACES_EXPORTER": "none"}
        )
        for _ in range(200):
            try:
                self.call("GET", "/v2/")
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"the registry does not start: {self.process.last_lines()}")

    def write(self) -> Path:
        """Writes the configuration and returns its file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.accept(self.password)
        config = self.folder / "config.json"
        config.write_text(json.dumps(self._config()), encoding="utf-8")
        return config

    def stop(self) -> None:
        if self.process:
            self.process.stop()

    def accept(self, password: str) -> None:
        """Changes the accepted password. The registry reloads the file when it changes."""
        self.password = password
        (self.folder / "htpasswd").write_text(f"{USER}:{HASHES[password]}\n", encoding="utf-8")

    def push(self, repository: str, tag: str, image: StandIn) -> None:
        """Uploads a stand-in. Without a tag, it can be pulled only by digest."""
        for digest, content in image.blobs.items():
            _, headers, _ = self.call("POST", f"/v2/{repository}/blobs/uploads/")
            place = "/v2/" + headers["location"].partition("/v2/")[2]
            joint = "&" if "?" in place else "?"
            status, _, body = self.call("PUT", f"{place}{joint}digest={digest}", content, "application/octet-stream")
            assert status == 201, body
        for number, (kind, content) in enumerate(image.manifests, 1):
            last = number == len(image.manifests)
            name = tag if last and tag else sha256(content)
            status, _, body = self.call("PUT", f"/v2/{repository}/manifests/{name}", content, kind)
            assert status == 201, body

    def digest(self, repository: str, name: str) -> str:
        """The digest of the manifest with this tag or digest; "" if it does not exist."""
        status, headers, _ = self.call("HEAD", f"/v2/{repository}/manifests/{name}")
        return headers["docker-content-digest"] if status == 200 else ""

    def remove(self, repository: str, digest: str) -> None:
        status, _, body = self.call("DELETE", f"/v2/{repository}/manifests/{digest}")
        assert status == 202, body

    def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        kind: str = "",
        login: str | None = None,
        ca: Path | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Sends one request. login is the `auth` of a pull Secret; None is ours. Header names are lower case."""
        if self.keys:
            context = ssl.create_default_context(cafile=str(ca or self.keys / "ca.crt"))
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                "localhost", self.port, context=context, timeout=10
            )
        else:
            connection = http.client.HTTPConnection("localhost", self.port, timeout=10)
        login = base64.b64encode(f"{USER}:{self.password}".encode()).decode() if login is None else login
        headers = {"Accept": ACCEPT} | ({"Authorization": f"Basic {login}"} if login else {})
        connection.request(method, path, body or None, headers | ({"Content-Type": kind} if kind else {}))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, {key.lower(): value for key, value in answer.headers.items()}, content

    def pull(self, reference: str, secret: dict[str, Any], ca: Path) -> str:
        """Requests a manifest like a kubelet: with the matching credentials of the pull Secret and the node's CA.

        Returns the digest, or the status code and the reference.
        """
        image = parse_image(reference)
        assert image.registry == self.host, f"{reference} is not in {self.host}"
        logins = [entry["auth"] for key, entry in secret["auths"].items() if auth_key_matches(key, image)]
        path = f"/v2/{image.repository}/manifests/{image.digest or image.tag}"
        status, headers, _ = self.call("HEAD", path, login=logins[0] if logins else "", ca=ca)
        return headers["docker-content-digest"] if status == 200 else f"{status} for {reference}"

    def _command(self) -> list[str | Path]:
        return [binaries.binary("registry", "registry"), "serve", self.write()]

    def _config(self) -> dict[str, Any]:
        storage = {"filesystem": {"rootdirectory": str(self.folder / "data")}, "delete": {"enabled": True}}
        config: dict[str, Any] = {"version": "0.1", "log": {"level": "warn"}, "storage": storage}
        config["http"] = {"addr": f"127.0.0.1:{self.port}"}
        if self.keys:
            config["http"]["tls"] = {
                "certificate": str(self.keys / "registry.crt"),
                "key": str(self.keys / "registry.key"),
            }
            config["auth"] = {"htpasswd": {"realm": "test", "path": str(self.folder / "htpasswd")}}
        if self.remote:
            config["proxy"] = {"remoteurl": self.remote}
        if self.sparse:
            config["validation"] = {"manifests": {"indexes": {"platforms": "none"}}}
        return config


class ReferrersRegistry(Registry):
    """A registry with the referrers API of OCI 1.1. It asks for no password, and forgets its images when it stops."""

    def _command(self) -> list[str | Path]:
        self.folder.mkdir(parents=True, exist_ok=True)
        keys = [self.keys / "registry.crt", self.keys / "registry.key"] if self.keys else []
        return [binaries.binary("referrers", "referrers"), f"127.0.0.1:{self.port}", *keys]


def pull_secret(host: str, password: str) -> dict[str, Any]:
    """.dockerconfigjson as `kubectl create secret docker-registry` writes it (kubectl pkg/cmd/create)."""
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    return {"auths": {host: {"username": USER, "password": password, "auth": auth}}}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
