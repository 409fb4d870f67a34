"""The part of the kubelet that the API server asks for logs: GET /containerLogs/<namespace>/<pod>/<container>."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.live.bed.control_plane import issue
from tests.live.bed.network import HOST

# bed/certificates.py has the kubelet's usual port.
PORT = 10251


class Logs(ThreadingHTTPServer):
    """Serves the log files of the containers. state: the folder of the bed."""

    daemon_threads = True

    def __init__(self, state: Path) -> None:
        super().__init__((HOST, PORT), _Handler)
        self.folder = state / "logs"
        issue(state / "keys", "kubelet", HOST)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(state / "keys" / "kubelet.crt", state / "keys" / "kubelet.key")
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, name="logs", daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Logs

    def do_GET(self) -> None:
        file = self.server.folder / f"{'_'.join(urlsplit(self.path).path.split('/')[2:])}.log"
        found = file.is_file()
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(file.read_bytes() if found else b"no such container\n")

    def log_message(self, *args: object) -> None:
        pass
