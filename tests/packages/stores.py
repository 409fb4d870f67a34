"""Stores of models on loopback, each with a certificate of a private CA: S3, a mirror of Hugging Face, a web server."""

from __future__ import annotations

import hashlib
import json
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.mirror.registry import free_port
from tools.console import ROOT
from tools.upstream import golang

CONTENT = b"a model"
ACCESS, SECRET, TOKEN = "access-key", "secret-key", "hf_token"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUB = "/repository/huggingface"


def certificates(folder: Path) -> None:
    """A private CA as the bundle of KServe, and a certificate for localhost."""
    (folder / "san").write_text("subjectAltName=DNS:localhost\n", encoding="utf-8")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=Corp -keyout ca.key -out cabundle.crt",
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
        "x509 -req -in server.csr -CA cabundle.crt -CAkey ca.key -set_serial 7 -days 2 -extfile san -out server.crt",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)


def gateway() -> Path:
    """Versity's S3 gateway, which serves a folder, built once from its Go module."""
    module = ROOT / "tests" / "packages" / "versitygw"
    return golang.pinned_program("versitygw", module, "github.com/versity/versitygw/cmd/versitygw")


@contextmanager
def s3(served: Path, keys: Path) -> Iterator[str]:
    """host:port of a server of S3 for a folder, with the bucket models."""
    metadata = served.parent / "metadata"
    (served / "models" / "iris").mkdir(parents=True)
    (served / "models" / "iris" / "model.bin").write_bytes(CONTENT)
    metadata.mkdir()
    place = f"localhost:{free_port()}"
    certificate = ["--cert", str(keys / "server.crt"), "--key", str(keys / "server.key")]
    login = ["--access", ACCESS, "--secret", SECRET]
    port = place.replace("localhost", "127.0.0.1")
    command: list[str | Path] = [gateway(), "--quiet", "--port", port, *certificate, *login]
    command += ["posix", "--sidecar", metadata, served]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait(place, keys)
        yield place
    finally:
        running.terminate()
        running.wait()


def wait(place: str, keys: Path) -> None:
    """Wait until a server answers, whatever it answers."""
    context = ssl.create_default_context(cafile=str(keys / "cabundle.crt"))
    for _ in range(100):
        try:
            urllib.request.urlopen(f"https://{place}/", context=context, timeout=5)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{place} does not answer")


class Hub(BaseHTTPRequestHandler):
    """What huggingface_hub asks of a mirror, for one model that wants a token; elsewhere, a file for everybody.

    As huggingface.co, it offers each file by Xet, too, whose servers are not in this network.
    """

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith(HUB) and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(b"", {}, status=401)
        elif self.path.startswith(f"{HUB}/api/models/org/iris/xet-read-token"):
            xet = {
                "X-Xet-Cas-Url": "https://cas.invalid",
                "X-Xet-Access-Token": "t",
                "X-Xet-Token-Expiration": "9" * 10,
            }
            self._send(b"{}", xet)
        elif self.path.startswith(f"{HUB}/api/models/org/iris"):
            lfs = {"size": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest(), "pointerSize": 1}
            info = {"id": "org/iris", "sha": COMMIT, "siblings": [{"rfilename": "model.bin", "lfs": lfs}]}
            self._send(json.dumps(info).encode(), {"Content-Type": "application/json"})
        elif self.path.startswith(HUB):
            route = f"https://{self.headers['Host']}{HUB}/api/models/org/iris/xet-read-token/{COMMIT}"
            self._send(CONTENT, {"X-Xet-Hash": "0" * 64, "Link": f'<{route}>; rel="xet-auth"'})
        else:
            self._send(CONTENT, {"Content-Type": "application/octet-stream"})

    do_HEAD = do_GET  # noqa: N815 - the name is http.server's

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Log nothing."""

    def _send(self, body: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in {"ETag": '"0f"', "X-Repo-Commit": COMMIT, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def hub(keys: Path) -> Iterator[str]:
    """host:port of the mirror and the web server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys / "server.crt", keys / "server.key")
    running = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    running.socket = context.wrap_socket(running.socket, server_side=True)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"localhost:{running.server_port}"
    running.shutdown()
