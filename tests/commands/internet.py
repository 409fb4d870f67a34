"""The internet as the commands of an environment see it: upstream's repositories of charts, behind an https proxy.

A client reaches every host through HTTPS_PROXY and trusts the certificates by SSL_CERT_FILE, so its commands and
addresses are those of the documents. Charts in oci:// repositories come from the registry that plays upstream's.
"""

from __future__ import annotations

import http.client
import ssl
import subprocess
import threading
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.live.bed.control_plane import certificate_authority, issue
from tests.mirror.registry import Registry
from tests.mirror.world import STACK
from tools import stacks
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm


class Internet(ThreadingHTTPServer):
    """A proxy that is every host at once. folder: <host>/<path> of the repositories."""

    daemon_threads = True

    def __init__(self, folder: Path, upstream: Registry) -> None:
        super().__init__(("127.0.0.1", 0), _Proxy)
        self.folder, self.upstream = folder, upstream
        self.hosts = sorted({urlsplit(chart.repository).netloc for chart in stacks.charts(STACK)})
        certificate_authority(folder / "keys", "public-ca")
        issue(folder / "keys", "internet", *self.hosts)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def env(self) -> dict[str, str]:
        """Environment variables with which a client is on this internet."""
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self.server_port}",
            "SSL_CERT_FILE": str(self.folder / "keys" / "ca.crt"),
        }

    @cached_property
    def tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "keys" / "internet.crt", self.folder / "keys" / "internet.key")
        return context

    def publish(self, charts: Upstream, helm: Helm) -> None:
        """Puts every chart where upstream has it. A repository may list another version than Chart.yaml has."""
        indexes: dict[str, dict[str, Any]] = {}
        for chart in stacks.charts(STACK):
            file = self.folder / chart.repository.partition("://")[2] / f"{chart.folder}.tgz"
            packed = package(helm, charts.folders[chart.name, chart.version], self.folder / "packed")
            file.parent.mkdir(parents=True, exist_ok=True)
            packed.rename(file)
            if chart.repository.startswith("oci://"):
                target = f"oci://{self.upstream.host}/{chart.repository.partition('://')[2]}"
                subprocess.run([helm.path, "push", str(file), target, "--plain-http"], check=True, capture_output=True)
            entry = {"apiVersion": "v2", "name": chart.name, "version": chart.version}
            urls = [f"{chart.repository}/{file.name}"]
            indexes.setdefault(str(file.parent), {})[chart.name] = [entry | {"urls": urls}]
        for folder, found in indexes.items():
            index = {"apiVersion": "v1", "entries": found}
            (Path(folder) / "index.yaml").write_text(yaml.safe_dump(index), encoding="utf-8")


def package(helm: Helm, chart: Path, folder: Path) -> Path:
    """The package of a chart, named by helm."""
    command = [helm.path, "package", str(chart), "--destination", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Path(done.stdout.partition(": ")[2].strip())


class _Proxy(BaseHTTPRequestHandler):
    server: Internet

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        host = self.path.partition(":")[0]
        try:
            with self.server.tls.wrap_socket(self.connection, server_side=True) as connection:
                _Host(host, connection, self.client_address, self.server)
        except OSError:
            pass  # the client does not trust us, or leaves
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


class _Host(BaseHTTPRequestHandler):
    """One host of the internet: its folder, or its repositories in the registry."""

    protocol_version = "HTTP/1.1"
    server: Internet

    def __init__(self, host: str, *args: object) -> None:
        self.host = host
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        file = self.server.folder / self.host / urlsplit(self.path).path.lstrip("/")
        if self.path.startswith("/v2/"):
            self._of_the_registry()
        elif self.host in self.server.hosts and file.is_file():
            self._answer(200, {}, file.read_bytes())
        else:
            self._answer(404, {}, b"not found\n")

    do_HEAD = do_GET  # noqa: N815

    def _of_the_registry(self) -> None:
        upstream = http.client.HTTPConnection(self.server.upstream.host, timeout=30)
        kept = {name: value for name, value in self.headers.items() if name in ("Accept", "Range")}
        place = self.path.removeprefix("/v2/")
        upstream.request(self.command, f"/v2/{self.host}/{place}" if place else "/v2/", headers=kept)
        answer = upstream.getresponse()
        names = ("Content-Type", "Docker-Content-Digest", "Docker-Distribution-Api-Version")
        headers = {name: answer.headers[name] for name in names if name in answer.headers}
        length = answer.headers.get("Content-Length", "0")
        self._answer(answer.status, headers, answer.read(), length if self.command == "HEAD" else "")
        upstream.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes, length: str = "") -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": length or str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass
