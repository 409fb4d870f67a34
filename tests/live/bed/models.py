"""The simulated model Pods: one server that answers for every address of their range.

It plays queue-proxy with a model behind it (port 8012, and queue-proxy's answer to Knative's probes), and the model
alone (port 8080), as Standard mode has it, and the server of an LLM (port 8000). Its answer names the address of the
requested Pod.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

QUEUE_PORT, MODEL_PORT, LLM_PORT = 8012, 8080, 8000


class Model(BaseHTTPRequestHandler):
    """Answers 200 with the requested address, the path and the Host header."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers.get("K-Network-Probe") == "queue":
            self._send(b"queue", "text/plain")
            return
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        address = self.connection.getsockname()[0]
        answer = {"pod": address, "path": self.path, "host": self.headers.get("Host")}
        self._send(json.dumps(answer).encode(), "application/json")

    do_POST = do_GET  # noqa: N815 - the name is http.server's

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Log nothing: tests look at the answers."""

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def start() -> None:
    for port in (QUEUE_PORT, MODEL_PORT, LLM_PORT):
        server = ThreadingHTTPServer(("0.0.0.0", port), Model)  # noqa: S104 - the namespace has no outside
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, name=f"models on {port}", daemon=True).start()
