"""What `make preflight` says about each way in which a registry, or what is in between, does not serve an image."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.live.bed.control_plane import certificate_authority, issue
from tests.mirror.faulty import send, serving
from tests.mirror.registry import free_port
from tools.console import ROOT

PAGE = b"<html><body>Please log in</body></html>"
MANIFEST = b'{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}'
LIMITED = "{host} limits the number of requests (429): wait, or log in, then run the command again"
GONE = "{host} is no registry: it has no /v2/ (404); correct the answer registry_host"
ABSENT = "{image} does not exist: run make mirror"
NO_MANIFEST = "{host} is no registry: its answer for {image} is not a manifest; correct the answer registry_host"
LOGIN = "{host} rejects the credentials for {image}: run make login, or set REGISTRY_AUTH_FILE"
FORBIDDEN = "{host} forbids access to {image} (403): give the user of the login the right to it"
SILENT = "{host} does not answer in time: check the network, or set REGISTRY_TIMEOUT to more than 5s"


def status(code: int, body: bytes = b"", path: str = "/v2/", other: int = 200) -> Callable[..., None]:
    """An answer to each path that begins with `path`, and a status for the others."""
    return lambda request: send(request, *((code, body) if request.path.startswith(path) else (other,)))


def moved(request: BaseHTTPRequestHandler) -> None:
    """A registry behind a login page."""
    if request.path == "/login":
        send(request, 200, PAGE)
    else:
        send(request, 302, Location="/login")


def token(realm: str, code: int) -> Callable[..., None]:
    """A registry that sends its clients to a token service, which answers with a status."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        address = realm.format(host=request.headers["Host"])
        challenge = {"WWW_Authenticate": f'Bearer realm="{address}/token",service="x"'}
        send(request, code) if request.path.startswith("/token") else send(request, 401, **challenge)

    return answer


# The answer of the registry, and the line; "" if it serves the image.
ANSWERS: dict[str, tuple[Callable[[BaseHTTPRequestHandler], None], str]] = {
    "a manifest": (status(200, MANIFEST), ""),
    "401 without a challenge": (status(401), LOGIN),
    "401 of the token service": (token("https://{host}", 401), LOGIN),
    "503 of the token service": (token("https://{host}", 503), "{host} fails with 503: look into its log"),
    "no token service": (
        token("https://auth.invalid:1", 200),
        "auth.invalid:1, to which {host} refers, cannot be reached: no such host",
    ),
    "403": (status(403), FORBIDDEN),
    "403 in words": (status(403, b'{"errors": [{"code": "DENIED", "message": "denied"}]}', "/v2/k"), LOGIN),
    "404 of everything": (status(404, PAGE, "/"), GONE),
    "404 of the image": (status(404, PAGE, "/v2/kserve"), ABSENT),
    "404 in words": (status(404, b'{"errors": [{"code": "NAME_UNKNOWN", "message": "no"}]}', "/v2/kserve"), ABSENT),
    "429 of everything": (status(429, b"slow down"), LIMITED),
    "429 for an hour": (lambda request: send(request, 429, Retry_After="3600"), LIMITED),
    "404 of /v2/ only": (status(404, PAGE), GONE),
    "500": (status(500, PAGE), "{host} fails with 500: look into its log"),
    "a web page": (status(200, PAGE, "/"), NO_MANIFEST),
    "a login page": (moved, NO_MANIFEST),
    "no answer after TLS": (lambda _: time.sleep(8), SILENT),
    "end after TLS": (lambda request: request.connection.close(), "{host} cannot be reached: no answer"),
}
# The answer of a proxy to CONNECT.
PROXIES = {
    0: "the proxy for {host} cannot be reached: correct HTTPS_PROXY, or add {host} to NO_PROXY",
    403: "the proxy does not let requests to {host} pass: allow them there, or add {host} to NO_PROXY",
    407: "the proxy rejects the credentials: put them into HTTPS_PROXY, or add {host} to NO_PROXY",
}


@dataclass(frozen=True)
class Place:
    """An environment as far as scripts/reach-registry.sh needs it. keys: of the CA and of the registry."""

    folder: Path
    keys: Path

    def ask(self, host: str, **more: str) -> tuple[int, str]:
        """The exit code, and what is printed, when the registry is at this host."""
        image = f"{host}/kserve/redis:7.4"
        (self.folder / "images" / "images.txt").write_text(f"docker.io/library/redis:7.4 {image}\n", encoding="utf-8")
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "REGISTRY": host, "REGISTRY_TIMEOUT": "5s"}
        env |= {"CERTS": str(self.folder / "images" / "certs")} | more
        command = ["bash", "scripts/reach-registry.sh"]
        done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    if not os.environ.get("KSERVE_TEST_REGISTRY"):
        pytest.skip("needs skopeo: make test-registry")
    folder = tmp_path_factory.mktemp("reach")
    certificate_authority(folder / "keys", "ca")
    issue(folder / "keys", "registry", "localhost")
    (folder / "images" / "certs").mkdir(parents=True)
    shutil.copy(folder / "keys" / "ca.crt", folder / "images" / "certs")
    shutil.copytree(ROOT / "template" / "scripts", folder / "scripts")
    return Place(folder, folder / "keys")


def result(line: str, host: str) -> tuple[int, str]:
    """The exit code and the output for a line of the tables above."""
    return (2, f"error: {line.format(host=host, image=f'{host}/kserve/redis:7.4')}\n") if line else (0, "")


@pytest.mark.parametrize("name", ANSWERS)
def test_each_answer_of_a_registry_is_one_line(place: Place, name: str) -> None:
    answer, line = ANSWERS[name]
    port = free_port()
    with serving(port, answer, place.keys):
        assert place.ask(f"localhost:{port}") == result(line, f"localhost:{port}")


def test_a_registry_that_asks_for_a_client_certificate(place: Place, tmp_path: Path) -> None:
    port = free_port()
    host = f"localhost:{port}"
    for name in ("ca.crt", "registry.key"):
        shutil.copy(place.keys / name, tmp_path)
    with serving(port, status(200, MANIFEST), place.keys, clients=True):
        line = "{host} asks for a client certificate: add client.cert and client.key to the folder CERTS"
        assert place.ask(host) == result(line, host)
        half = "CERTS has half of a client certificate: add the other of client.cert and client.key"
        assert place.ask(host, CERTS=str(tmp_path)) == result(half, host)
        shutil.copy(place.keys / "registry.crt", tmp_path / "registry.cert")
        assert place.ask(host, CERTS=str(tmp_path)) == result("", host)


def test_a_host_without_an_address(place: Place) -> None:
    assert place.ask("registry.invalid") == result("{host} cannot be reached: no such host", "registry.invalid")


@pytest.mark.parametrize("code", PROXIES)
def test_a_proxy_in_between_is_named(place: Place, code: int) -> None:
    port = free_port()
    proxy = {"HTTPS_PROXY": f"http://localhost:{port}"}
    if not code:
        assert place.ask("registry.invalid", **proxy) == result(PROXIES[code], "registry.invalid")
        return
    with serving(port, lambda request: send(request, code), None):
        assert place.ask("registry.invalid", **proxy) == result(PROXIES[code], "registry.invalid")
