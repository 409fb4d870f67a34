"""A git server on loopback: git's own http-backend, with TLS by the bed's CA and a password."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.live.bed.control_plane import issue
from tests.mirror.registry import FIRST, USER

# What a CGI program reads of a request (RFC 3875, and git-http-backend(1)).
HEADERS = {"CONTENT_TYPE": "Content-Type", "HTTP_GIT_PROTOCOL": "Git-Protocol"}
HEADERS |= {"CONTENT_LENGTH": "Content-Length", "HTTP_CONTENT_ENCODING": "Content-Encoding"}


class GitServer(ThreadingHTTPServer):
    """Serves the bare repositories of a folder. keys: folder of the CA that signs its certificate."""

    daemon_threads = True

    def __init__(self, folder: Path, keys: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Backend)
        self.folder = folder
        folder.mkdir(parents=True)
        issue(keys, "git", "localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(keys / "git.crt", keys / "git.key")
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, name="git", daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: Argo CD rejects the certificate until it has the CA."""

    def url(self, name: str) -> str:
        return f"https://localhost:{self.server_port}/{name}.git"

    def repository(self, name: str) -> Path:
        """A new and empty repository, to push to by its path."""
        path = self.folder / f"{name}.git"
        git(self.folder, "init", "--quiet", "--bare", "--initial-branch", "main", str(path))
        return path


class _Backend(BaseHTTPRequestHandler):
    server: GitServer
    # With the length of each answer: a client takes the end of a connection without TLS's close_notify for an error.
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        expected = "Basic " + base64.b64encode(f"{USER}:{FIRST}".encode()).decode()
        if self.headers.get("Authorization") != expected:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=self._env(), check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - the name is http.server's

    def _env(self) -> dict[str, str]:
        address = urlsplit(self.path)
        given = {name: self.headers[header] for name, header in HEADERS.items() if header in self.headers}
        given |= {"PATH_INFO": address.path, "QUERY_STRING": address.query, "REQUEST_METHOD": self.command}
        root = {"GIT_PROJECT_ROOT": str(self.server.folder), "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_USER": USER}
        return os.environ | given | root

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Log nothing."""


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody who has a name."""
    name = ["-c", "user.name=bed", "-c", "user.email=bed@localhost", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *name, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


def commit(folder: Path, message: str) -> None:
    """Commit everything in a clone."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)


def push(folder: Path, message: str) -> str:
    """Commit everything in a clone and push it; the commit."""
    commit(folder, message)
    git(folder, "push", "--quiet", "--set-upstream", "origin", "main")
    return git(folder, "rev-parse", "HEAD")


def clone(folder: Path, repository: Path) -> None:
    """Make a folder the clone of an empty repository. Keys and certificates stay out of it."""
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "remote", "add", "origin", str(repository))
    (folder / ".git" / "info" / "exclude").write_text("*.crt\n*.key\n", encoding="utf-8")
