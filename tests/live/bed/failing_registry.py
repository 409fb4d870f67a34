"""Registries at which Knative's controller cannot resolve a tag, each for another reason, on the bed's own address.

They answer with a fixed status, or not at all. What a person reads is the text of Knative's own resolver.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import subprocess
import threading
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.live.bed import network
from tests.live.bed.control_plane import certificate_authority, issue
from tests.mirror.faulty import send, serving

PORT = 5443
# Asked by HTTPS only. The resolver also tries plain HTTP for *.local (go-containerregistry pkg/name/registry.go).
SECURE = "registry.corp.test"
PLAIN = "registry.corp.local"
Server = Callable[[Path], contextlib.AbstractContextManager[None]]


def status(code: int, **headers: str) -> Server:
    """Every request for a manifest gets this status, over plain HTTP."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        send(request, 200 if request.path == "/v2/" and code != 401 else code, **headers)

    return lambda _keys: serving(PORT, answer, None, address=network.HOST)


def tls(
    host: str = SECURE,
    expired: bool = False,
    old: bool = False,
    authority: str = "",
) -> Server:
    """A TLS server with a certificate of the bed's CA, which the environment trusts, or of an authority of its own.

    old: only TLS 1.1, which Python still speaks and calls deprecated.
    """

    def context(keys: Path) -> ssl.SSLContext:
        folder = keys / authority
        if authority:
            certificate_authority(folder, authority)
        (expire if expired else issue)(folder, "failing-registry", host)
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if old:
            made.set_ciphers("DEFAULT@SECLEVEL=0")  # OpenSSL offers nothing below TLS 1.2 otherwise
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
                made.minimum_version = made.maximum_version = ssl.TLSVersion.TLSv1_1
        made.load_cert_chain(folder / "failing-registry.crt", folder / "failing-registry.key")
        return made

    @contextlib.contextmanager
    def served(keys: Path) -> Iterator[None]:
        secret = context(keys)

        def shake_hands(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), secret.wrap_socket(connection, server_side=True) as secured:
                secured.recv(1024)

        with _connections(shake_hands):
            yield

    return served


@contextlib.contextmanager
def silent(_keys: Path) -> Iterator[None]:
    """Connections are accepted, and never answered."""
    kept: list[socket.socket] = []
    with _connections(kept.append):
        yield
    for connection in kept:
        connection.close()


@contextlib.contextmanager
def reset(_keys: Path) -> Iterator[None]:
    """Connections are cut."""

    def cut(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    with _connections(cut):
        yield


@contextlib.contextmanager
def absent(_keys: Path) -> Iterator[None]:
    """Nothing listens."""
    yield


def expire(keys: Path, name: str, host: str) -> None:
    """Write <name>.crt and <name>.key for a host, signed by the folder's CA two days ago for one."""
    (keys / "san").write_text(f"subjectAltName=DNS:{host}", encoding="utf-8")
    for command in (
        f"openssl req -newkey rsa:2048 -nodes -keyout {name}.key -subj /CN={name} -out {name}.csr",
        f"openssl x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days -1 -extfile san"
        f" -out {name}.crt",
    ):
        subprocess.run(command.split(), cwd=keys, check=True, capture_output=True)


@contextlib.contextmanager
def _connections(handle: Callable[[socket.socket], object]) -> Iterator[None]:
    listener = socket.create_server((network.HOST, PORT))

    def accept() -> None:
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                handle(listener.accept()[0])

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
