"""The smoke test: its objects, and the two programs in them, run unchanged."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.chart.conftest import Object, Values, named, only

Render = Callable[[Values], list[Object]]


def container(objects: list[Object], kind: str) -> dict[str, Any]:
    spec = only(objects, kind)["spec"]
    found: dict[str, Any] = spec.get("predictor", spec)["containers"][0]
    return found


@pytest.fixture(scope="session")
def serve(wiring: Render) -> list[str]:
    """The arguments of the smoke test's model."""
    return [sys.executable, *container(wiring(named("minimal")), "InferenceService")["command"][1:]]


@pytest.fixture(scope="session")
def ask(wiring: Render) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Runs the smoke test's request against a URL, for a second."""
    command = container(wiring(named("minimal")), "Pod")["command"]

    def run(url: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"URL": url, "SECONDS": "0"}
        # python3 -c <program>: the program is what the Pod runs, the interpreter is this one.
        return subprocess.run(
            [sys.executable, *command[1:]], env=environment, capture_output=True, text=True, check=False
        )

    return run


@contextmanager
def answering(status: int) -> Iterator[str]:
    """The URL of a server that responds with this status."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"body")

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def test_runs_as_the_tenant_after_the_model(wiring: Render) -> None:
    objects = wiring(named("offline"))
    model, request = only(objects, "InferenceService"), only(objects, "Pod")
    assert model["spec"]["predictor"]["serviceAccountName"] == request["spec"]["serviceAccountName"] == "models"
    assert model["spec"]["predictor"]["imagePullSecrets"] == request["spec"]["imagePullSecrets"] == [{"name": "harbor"}]
    weights = [o["metadata"]["annotations"]["helm.sh/hook-weight"] for o in (model, request)]
    assert weights == ["0", "1"]
    for item in (model, request):
        assert item["metadata"]["annotations"]["helm.sh/hook"] == "test"
        assert item["metadata"]["annotations"]["helm.sh/hook-delete-policy"] == "before-hook-creation"


def test_asks_through_the_host_that_users_ask(wiring: Render) -> None:
    env = {item["name"]: item["value"] for item in container(wiring(named("offline")), "Pod")["env"]}
    assert env["URL"] == "http://kserve-environment-smoke.fraud.svc.corp.internal/"


def test_both_use_the_smoke_image(wiring: Render) -> None:
    objects = wiring({"tenants": [{"name": "ml"}], "images": {"smoke": "docker.io/mine/python:1"}})
    assert {container(objects, kind)["image"] for kind in ("InferenceService", "Pod")} == {"docker.io/mine/python:1"}


@pytest.mark.parametrize(
    ("values", "namespace"),
    [
        ({"tenants": [{"name": "a"}, {"name": "b"}]}, "a"),
        ({"tenants": [{"name": "a"}, {"name": "b"}], "smoke": {"namespace": "b"}}, "b"),
        ({"tenants": [], "smoke": {"namespace": "trial"}}, "trial"),
        ({"tenants": []}, None),
        ({"tenants": [{"name": "a"}], "smoke": {"enabled": False}}, None),
    ],
)
def test_namespace(wiring: Render, values: Values, namespace: str | None) -> None:
    namespaces = {o["metadata"]["namespace"] for o in wiring(values) if o["kind"] in ("InferenceService", "Pod")}
    assert namespaces == ({namespace} if namespace else set())


def test_the_model_answers(serve: list[str], ask: Callable[[str], subprocess.CompletedProcess[str]]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = serve[2].replace("8080", str(port))
    assert program != serve[2]
    with subprocess.Popen([*serve[:2], program], stderr=subprocess.DEVNULL) as model:
        try:
            deadline = time.monotonic() + 10
            while (done := ask(f"http://127.0.0.1:{port}/")).returncode and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            model.terminate()
    assert done.stdout == f"http://127.0.0.1:{port}/: 200 kserve-environment\n"


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (
            404,
            "the gateway has no route: KServe's localGateway and Knative's local-gateways must name the same Gateway",
        ),
        (503, "the route has no healthy backend: check knativeLocalGatewayService and the model's Pods"),
        (500, "see the conditions of the InferenceService"),
    ],
)
def test_another_answer_fails_with_a_hint(
    ask: Callable[[str], subprocess.CompletedProcess[str]], status: int, hint: str
) -> None:
    with answering(status) as url:
        done = ask(url)
    assert done.returncode == 1
    assert done.stdout == f"{url}: {status} body\ngave up: {hint}\n"


def test_no_answer_fails_with_a_hint(ask: Callable[[str], subprocess.CompletedProcess[str]]) -> None:
    assert ask("http://127.0.0.1:1/").stdout.splitlines() == [
        "http://127.0.0.1:1/: connection refused",
        "gave up: no gateway Pod listens: compare the Gateway's selector and port with the gateway's Service",
    ]
    assert ask("http://no-such-host.invalid/").stdout.splitlines() == [
        "http://no-such-host.invalid/: no such host",
        "gave up: KServe's localGatewayService names a Service that does not exist",
    ]
