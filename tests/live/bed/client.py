"""The result of a request from a Pod of the cluster: DNS, the Service's port, and the response.

The outcome is a status such as `200`, or an error as a person would write it: `no such host`, `no endpoints`,
`connection refused`, `connection reset`, `timed out`.
"""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path

from tests.live.bed.api import Api, Object
from tests.live.bed.dns import endpoints


@dataclass(frozen=True)
class Answer:
    """outcome: as above. body: the model's response as JSON, or {}. server: the header of that name."""

    outcome: str
    body: Object
    server: str = ""


def ask(api: Api, host: str, cluster_domain: str, path: str = "/") -> Answer:
    """Request http://<host><path> from inside the cluster, where <host> is the name of a Service."""
    service = _resolve(api, host, cluster_domain)
    if isinstance(service, str):
        return Answer(service, {})
    ready = endpoints(api, service["metadata"]["name"], service["metadata"]["namespace"])
    port = next((p for p in service["spec"]["ports"] if p["port"] == 80), None)
    if port is None:
        return Answer("connection refused", {})
    if not ready:
        return Answer("no endpoints", {})
    address, ports = ready[0]
    return send(address, ports[port.get("name", "")], host, path)


def send(address: str, port: int, host: str, path: str = "/", ca: Path | None = None) -> Answer:
    """Send one GET with this Host header to an address; with `ca` over TLS, with a certificate valid for the host."""
    connection = _Tls(address, port, host, ca) if ca else http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        is_json = "json" in (answer.headers.get("Content-Type") or "")
        return Answer(str(answer.status), json.loads(text) if is_json else {}, answer.headers.get("Server") or "")
    except ConnectionRefusedError:
        return Answer("connection refused", {})
    except TimeoutError:
        return Answer("timed out", {})
    except (ConnectionResetError, ssl.SSLEOFError):
        return Answer("connection reset", {})
    except ssl.SSLCertVerificationError as error:
        return Answer(error.verify_message, {})
    finally:
        connection.close()


class _Tls(http.client.HTTPConnection):
    """Connects to an address, with the name of a host in the TLS handshake."""

    def __init__(self, address: str, port: int, host: str, ca: Path) -> None:
        super().__init__(address, port, timeout=5)
        self._name, self._context = host, ssl.create_default_context(cafile=str(ca))

    def connect(self) -> None:
        super().connect()
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self._name)


def _resolve(api: Api, host: str, cluster_domain: str) -> Object | str:
    """The Service of a name, through ExternalName, or the error of a resolver."""
    suffix = f".svc.{cluster_domain}"
    name, _, namespace = host.removesuffix(suffix).partition(".")
    found = api.find("v1/Service", name, namespace) if host.endswith(suffix) else None
    if found is None:
        return "no such host"
    if found["spec"].get("type") == "ExternalName":
        return _resolve(api, found["spec"]["externalName"], cluster_domain)
    return found
