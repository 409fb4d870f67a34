"""A registry that gives one wrong answer to everything, or none."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.live.bed.control_plane import certificate_authority, issue
from tests.mirror.registry import free_port


@contextmanager
def answering(port: int, status: int, keys: Path | None) -> Iterator[None]:
    """Every request gets this status, over TLS with registry.crt of the folder `keys`, or over plain http.

    With 429, the path /v2/ itself is answered with 200: a registry that limits requests still accepts a login.
    """

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        headers = {"WWW-Authenticate": 'Basic realm="test"'} if status == 401 else {}
        send(request, 200 if request.path == "/v2/" and status == 429 else status, **headers)

    with serving(port, answer, keys):
        yield


def send(request: http.server.BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    """Answers a request."""
    request.send_response(status)
    for name, text in headers.items():
        request.send_header(name.replace("_", "-"), text)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)


@contextmanager
def serving(
    port: int,
    answer: Callable[[http.server.BaseHTTPRequestHandler], None],
    keys: Path | None,
    clients: bool = False,
    address: str = "127.0.0.1",
) -> Iterator[None]:
    """Every request gets this answer. With `clients`, only those with a certificate of ca.crt in `keys` get one."""

    class Handler(http.server.BaseHTTPRequestHandler):
        default_request_version = "HTTP/1.0"  # with a status line also when TLS is spoken to it, as Go's servers do
        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_CONNECT = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Keep the output of the tests short."""

    server = http.server.ThreadingHTTPServer((address, port), Handler)
    if keys:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(keys / "registry.crt", keys / "registry.key")
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(keys / "ca.crt")
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda request, _: _drain(request)  # type: ignore[method-assign,assignment]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _drain(request: socket.socket) -> None:
    """Read what comes until the client closes: a reset in between would overtake the alert that says why TLS failed."""
    with contextlib.suppress(OSError):
        request.settimeout(5)
        while socket.socket.recv(request, 65536):
            pass


@dataclass
class Flaky:
    """A registry of plain http that has faults: for a part of the path, the statuses of the next requests.

    The status 0 breaks the connection off. The last status is given for ever. `asked` counts the requests of each part.
    `slow` is a part of the paths that take two seconds.
    """

    port: int
    faults: dict[str, list[int | None]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    slow: str = ""

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def fault(self, path: str) -> int | None:
        """The status for this request. None reaches the registry."""
        if self.slow and self.slow in path:
            time.sleep(2)
        for part, statuses in self.faults.items():
            if part in path and statuses:
                self.asked[part] += 1
                return statuses.pop(0) if statuses[1:] else statuses[0]
        return None


@contextmanager
def flaky(behind: str) -> Iterator[Flaky]:
    """Passes all requests that have no fault to the registry at this host and port."""
    made = Flaky(free_port())

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            status = made.fault(self.path)
            if status == 0:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            connection = http.client.HTTPConnection(behind, timeout=10)
            names = {name for name in self.headers if name != "Host"}
            headers = {name: ", ".join(self.headers.get_all(name, [])) for name in names}
            connection.request(self.command, self.path, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
            self.send_response(status or answer.status)
            for name, text in answer.headers.items() if not status else [("Content-Length", "0"), ("Retry-After", "1")]:
                self.send_header(name, text)
            self.end_headers()
            if self.command != "HEAD" and not status:
                self.wfile.write(content)
            connection.close()

        do_GET = do_HEAD = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Keep the output of the tests short."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", made.port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def silent(port: int) -> Iterator[None]:
    """Connections are accepted, and nothing is ever answered."""
    with socket.create_server(("127.0.0.1", port)):
        yield


def wrong_keys(folder: Path, ca: Path, fault: str) -> Path:
    """A folder with registry.crt and registry.key: from an unknown CA, for another name, or expired."""
    if fault == "unknown CA":
        certificate_authority(folder, "other-ca")
    else:
        folder.mkdir()
        for name in ("ca.crt", "ca.key"):
            shutil.copy(ca / name, folder)
    issue(folder, "registry", "registry.other" if fault == "wrong name" else "localhost")
    if fault == "expired":
        _expire(folder)
    return folder


def _expire(folder: Path) -> None:
    (folder / "san").write_text("subjectAltName=DNS:localhost\n", encoding="utf-8")
    request = ["openssl", "req", "-new", "-key", "registry.key", "-subj", "/CN=localhost", "-out", "csr"]
    sign = "openssl x509 -req -in csr -CA ca.crt -CAkey ca.key -set_serial 7 -days -1 -extfile san -out registry.crt"
    for command in (request, sign.split()):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
