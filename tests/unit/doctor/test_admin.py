"""The configuration of Envoy, from its administration port."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from kserve_wiring.doctor.admin import add_envoys
from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.envoy import ADMIN_PORT, read
from kserve_wiring.doctor.transport import Direct, NoWayError
from kserve_wiring.manifests.load import load_values
from kserve_wiring.manifests.objects import KubeObject
from tests.unit.doctor.dumps import listener, routes
from tests.unit.doctor.routed import Object, cluster

DUMP = {"dynamic_listeners": [listener(8080)], "dynamic_route_configs": [routes("http.8080", "a.b")]}


class _Admin(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        (resource,) = parse_qs(urlsplit(self.path).query)["resource"]
        configs = DUMP.get(resource, [])
        body = json.dumps({"configs": configs} if configs else {}).encode()  # Envoy leaves out what is empty
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Log nothing."""


class ToAdmin(Direct):
    """Connects to a server of the test in place of port 15000."""

    def __init__(self, port: int) -> None:
        self.port = port

    def connect(self, pod: KubeObject, port: int, timeout: float) -> socket.socket:
        if pod.namespace == "ml-gateway":
            raise NoWayError("pods/portforward is forbidden")
        assert port == ADMIN_PORT
        return super().connect(pod, self.port, timeout)


@pytest.fixture
def admin() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Admin) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


def as_router(one: Object) -> Object:
    if one["kind"] == "Pod" and one["metadata"]["namespace"] != "models":
        one["metadata"]["annotations"] = {"inject.istio.io/templates": "gateway"}
    return one


def test_each_gateway_is_asked(admin: int) -> None:
    collected = Collected(load_values([as_router(one) for one in cluster()]))
    add_envoys(collected, ToAdmin(admin), 5)
    assert list(collected.envoys) == [("istio-system", "ingress-1")]
    found = read(collected.envoys["istio-system", "ingress-1"])
    assert (found.ports, dict(found.domains)) == ({8080}, {"http.8080": {"a.b"}})
    name = "Envoy's configuration in Pod ml-gateway/ml-local-1"
    assert collected.unseen == [f"{name}: pods/portforward is forbidden"]


def test_nothing_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        collected = Collected(load_values([as_router(one) for one in cluster()]))
        add_envoys(collected, ToAdmin(free.getsockname()[1]), 5)
    assert collected.envoys == {}
    assert collected.unseen[1].endswith("no answer of Envoy on port 15000: [Errno 111] Connection refused")
