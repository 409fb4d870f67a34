"""The real storage initializer of the pinned KServe, with the variables that KServe's webhook and our settings give it.

Each source is one server with a certificate of a private CA. Without one of the variables it fails, and its message is
a symptom that doctor explains. KServe's kserve_storage.py reads the variables; pkg/constants and pkg/credentials/s3 set
them.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kserve_wiring.doctor.explain import explain
from tools.upstream import modules

CONTENT = b"a model"
# Clients of python/storage/uv.lock that these sources need.
CLIENTS = ("boto3==1.40.61", "certifi", "huggingface-hub==0.32.4", "pyyaml", "requests")
TOKEN, KEY = "hf_token", "access-key"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Sources(BaseHTTPRequestHandler):
    """A bucket, a mirror of Hugging Face and a web server, as far as the clients ask. Each but the last wants a key."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        allowed = {"/models": KEY, "/api": TOKEN, "/org": TOKEN}
        wanted = next((key for path, key in allowed.items() if self.path.startswith(path)), "")
        if wanted not in self.headers.get("Authorization", ""):
            self._send(b"", status=401 if wanted == TOKEN else 403)
        elif self.path.startswith("/models?"):
            key = f"<Contents><Key>iris/model.bin</Key><Size>{len(CONTENT)}</Size></Contents>"
            self._send(f"<ListBucketResult><Name>models</Name>{key}</ListBucketResult>".encode(), "application/xml")
        elif self.path.startswith("/api/models/org/iris"):
            info = {"id": "org/iris", "sha": COMMIT, "siblings": [{"rfilename": "model.bin"}]}
            self._send(json.dumps(info).encode(), "application/json")
        else:
            self._send(CONTENT)

    do_HEAD = do_GET  # noqa: N815 - the name is http.server's

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Log nothing."""

    def _send(self, body: bytes, kind: str = "application/octet-stream", status: int = 200) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "ETag": '"0f"', "X-Repo-Commit": COMMIT}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.fixture(scope="module")
def initializer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a virtual environment with the clients."""
    if not os.environ.get("KSERVE_TEST_PACKAGES"):
        pytest.skip("installs packages: make test-packages")
    folder = tmp_path_factory.mktemp("initializer") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([folder / "bin" / "pip", "install", "--quiet", *CLIENTS], check=True)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private CA as the bundle of KServe, and a certificate for localhost."""
    folder = tmp_path_factory.mktemp("keys")
    (folder / "san").write_text("subjectAltName=DNS:localhost\n", encoding="utf-8")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=Corp -keyout ca.key -out cabundle.crt",
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
        "x509 -req -in server.csr -CA cabundle.crt -CAkey ca.key -set_serial 7 -days 2 -extfile san -out server.crt",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def server(keys: Path) -> Iterator[str]:
    """The address of the sources."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys / "server.crt", keys / "server.key")
    running = ThreadingHTTPServer(("127.0.0.1", 0), Sources)
    running.socket = context.wrap_socket(running.socket, server_side=True)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"https://localhost:{running.server_port}"
    running.shutdown()


BUNDLE = {"CA_BUNDLE_CONFIGMAP_NAME": "global-ca-bundle", "CA_BUNDLE_VOLUME_MOUNT_POINT": "KEYS"}
S3 = {
    "AWS_ENDPOINT_URL": "SERVER",
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "any",
}
MIRROR = {"HF_ENDPOINT": "SERVER", "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1"}
SOURCES = {
    "s3://models/iris": {**BUNDLE, **S3},
    "hf://org/iris": {**BUNDLE, **MIRROR},
    "SERVER/files/model.bin": BUNDLE,
}
# The variable that is absent, what the log then has, and the symptom by which doctor explains it.
ABSENT = [
    ("s3://models/iris", "CA_BUNDLE_CONFIGMAP_NAME", "CERTIFICATE_VERIFY_FAILED", "storage-unknown-ca"),
    ("s3://models/iris", "AWS_ACCESS_KEY_ID", "Unable to locate credentials", "storage-no-credentials"),
    ("hf://org/iris", "CA_BUNDLE_CONFIGMAP_NAME", "CERTIFICATE_VERIFY_FAILED", "storage-unknown-ca"),
    ("hf://org/iris", "HF_TOKEN", "401", "storage-gated"),
    ("SERVER/files/model.bin", "CA_BUNDLE_CONFIGMAP_NAME", "CERTIFICATE_VERIFY_FAILED", "storage-unknown-ca"),
]


def downloaded(python: Path, keys: Path, server: str, uri: str, target: Path, without: str = "") -> tuple[str, bytes]:
    """The log of a download, and the model; b"" if there is none."""
    folder = modules.folder("symptoms", "github.com/kserve/kserve") / "python"
    given = {key: value.replace("SERVER", server).replace("KEYS", str(keys)) for key, value in SOURCES[uri].items()}
    given.pop(without, None)
    variables = {"PATH": os.environ["PATH"], "HOME": str(target), "PYTHONPATH": str(folder / "storage"), **given}
    variables |= {"AWS_EC2_METADATA_DISABLED": "true", "PYTHONDONTWRITEBYTECODE": "1"}
    script = folder / "storage-initializer" / "scripts" / "initializer-entrypoint"
    command = [python, script, uri.replace("SERVER", server), target / "model"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120)
    found = [path for path in (target / "model").rglob("model.bin") if path.is_file()]
    assert (done.returncode == 0) == bool(found), done.stderr
    return done.stdout + done.stderr, found[0].read_bytes() if found else b""


@pytest.mark.parametrize("uri", SOURCES)
def test_each_source_is_downloaded(initializer: Path, keys: Path, server: str, tmp_path: Path, uri: str) -> None:
    log, model = downloaded(initializer, keys, server, uri, tmp_path)
    assert model == CONTENT, log


@pytest.mark.parametrize(
    ("uri", "variable", "message", "symptom"), ABSENT, ids=[f"{uri} {name}" for uri, name, *_ in ABSENT]
)
def test_without_one_variable_the_log_says_why(
    initializer: Path, keys: Path, server: str, tmp_path: Path, uri: str, variable: str, message: str, symptom: str
) -> None:
    log, model = downloaded(initializer, keys, server, uri, tmp_path, without=variable)
    assert model == b""
    said = [line for line in log.splitlines() if message in line]
    assert said, log
    assert {explanation.symptom.id for explanation in explain(said[-1])} == {symptom}, said[-1]
