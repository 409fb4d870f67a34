"""Requests through a server that answers as Envoy does: which hop answered, and the verdict."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.diagnose import Diagnosis, diagnose
from kserve_wiring.doctor.hops import Hops
from kserve_wiring.doctor.probe import Probe
from kserve_wiring.doctor.transport import Direct, NoWayError
from kserve_wiring.manifests.load import load_values
from tests.unit.doctor.certificates import certificate
from tests.unit.doctor.routed import DOMAIN, Object, cluster, model, service

BEHIND = {"x-envoy-upstream-service-time": "3"}
REACHED = (200, BEHIND, '{"name": "iris", "ready": true}')
NO_ROUTE = (404, {}, "")
PREDICTOR, INSIDE, OUTSIDE = f"iris-predictor.models.{DOMAIN}", f"iris.models.{DOMAIN}", "iris.models.ml.example.com"


class Envoy(ThreadingHTTPServer):
    """Answers by Host. answers: status, headers and body of each; None cuts the connection, "" never answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Any] = dict.fromkeys((PREDICTOR, INSIDE, OUTSIDE), REACHED)
        self.asked: list[tuple[str, str]] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    server: Envoy
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        host = str(self.headers["Host"])
        self.server.asked.append((host, self.path))
        answer = self.server.answers[host]
        if answer == "":
            threading.Event().wait(2)
        if not answer:
            self.close_connection = True
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def version_string(self) -> str:
        return "istio-envoy"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Log nothing."""


@pytest.fixture
def envoy() -> Iterator[Envoy]:
    server = Envoy()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def probed(port: int, objects: list[Object] | None = None, transport: Any = None, **more: Any) -> Diagnosis:
    loaded = load_values(objects or cluster(local=port, ingress=port))
    return diagnose(Collected(loaded), probe=Probe(Hops(loaded), transport or Direct(), 0.5), **more)


def seen(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    return [(one.explanation.symptom.id if one.explanation else "", one.message.text) for one in diagnosis.verdicts]


def test_requests_that_arrive(envoy: Envoy) -> None:
    found = probed(envoy.port)
    assert (seen(found), found.requests, found.arrived, found.unseen) == ([], 3, 3, [])
    assert envoy.asked == [(host, "/v1/models/iris") for host in (PREDICTOR, INSIDE, OUTSIDE)]


def test_without_a_probe_nothing_is_sent(envoy: Envoy) -> None:
    loaded = load_values(cluster(envoy.port, envoy.port))
    assert diagnose(Collected(loaded)).requests == 0
    assert envoy.asked == []


def test_a_gateway_without_the_route(envoy: Envoy) -> None:
    envoy.answers[INSIDE] = NO_ROUTE
    ((symptom, text),) = seen(probed(envoy.port))
    assert symptom == "request-404"
    assert "from inside: Pod ml-gateway/ml-local-1 answers itself: HTTP/1.1 404" in text


def test_a_second_gateway_without_the_route(envoy: Envoy) -> None:
    envoy.answers[INSIDE] = (404, BEHIND, "")
    ((symptom, text),) = seen(probed(envoy.port))
    assert (symptom, "a hop behind Pod ml-gateway/ml-local-1 answers" in text) == ("request-404", True)


def test_the_predictor_stops_the_chain(envoy: Envoy) -> None:
    envoy.answers = dict.fromkeys(envoy.answers, NO_ROUTE)
    found = probed(envoy.port)
    assert [one.message.text.partition(" from")[0] for one in found.verdicts] == [
        f"GET http://{PREDICTOR}/v1/models/iris"
    ]
    assert len(envoy.asked) == 1


def test_inside_and_outside_are_two_faults(envoy: Envoy) -> None:
    envoy.answers |= {INSIDE: (503, {}, "no healthy upstream"), OUTSIDE: NO_ROUTE}
    found = probed(envoy.port)
    assert [symptom for symptom, _ in seen(found)] == ["request-no-endpoints", "request-404-outside"]
    assert [one.explanation and one.explanation.symptom.wires for one in found.verdicts] == [("W9",), ("W10",)]


@pytest.mark.parametrize(
    ("answer", "symptom"),
    [
        ((503, {}, "upstream connect error or disconnect/reset before headers. reset reason: x"), "request-upstream"),
        ((503, {}, ""), "request-503"),
        ((504, {}, "upstream request timeout"), "request-504"),
        ((426, {}, ""), "request-426"),
        ((403, {}, "RBAC: access denied"), "probe-denied"),
        ((302, {"location": "https://sso.example.com/dex/auth?client_id=x"}, ""), "request-302"),
        ((500, BEHIND, "oops"), "request-500"),
        ((503, BEHIND, '{"error": "Model with name iris is not ready"}'), "request-503"),
        (None, "request-reset"),
        ("", "request-504"),
    ],
)
def test_each_answer_has_its_verdict(envoy: Envoy, answer: Any, symptom: str) -> None:
    envoy.answers[OUTSIDE] = answer
    assert [found for found, _ in seen(probed(envoy.port))] == [symptom]


@pytest.mark.parametrize(
    "answer", [(404, BEHIND, '{"detail":"Not Found"}'), (405, BEHIND, "no"), (401, BEHIND, ""), (301, {}, "")]
)
def test_what_has_arrived(envoy: Envoy, answer: Any) -> None:
    envoy.answers[OUTSIDE] = answer
    found = probed(envoy.port)
    assert (seen(found), found.arrived) == ([], 3)


def test_nothing_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        ((symptom, text),) = seen(probed(free.getsockname()[1]))
    assert symptom == "request-refused"
    assert "Connection refused by port" in text


def test_a_model_that_is_scaled_to_zero_sleeps_on(envoy: Envoy) -> None:
    asleep = [one for one in cluster(envoy.port, envoy.port) if one["metadata"]["name"] != "iris-predictor-1"]
    assert probed(envoy.port, asleep).requests == 0
    assert probed(envoy.port, asleep, names=["iris"]).requests == 3


def test_no_way_is_no_verdict() -> None:
    class Forbidden(Direct):
        def connect(self, *_: Any) -> socket.socket:
            raise NoWayError('pods "x" is forbidden')

    found = probed(1, transport=Forbidden())
    assert (seen(found), found.requests, found.unseen) == ([], 0, ['pods "x" is forbidden'])


@pytest.mark.parametrize(
    ("host", "days", "reason"),
    [
        (OUTSIDE, 1, ""),
        ("*.models.ml.example.com", 1, ""),
        ("other.example.com", 1, "CERTIFICATE_VERIFY_FAILED] Hostname mismatch"),
        (OUTSIDE, -1, "CERTIFICATE_VERIFY_FAILED] certificate has expired"),
        ("", 0, "[SSL: "),
    ],
)
def test_tls(envoy: Envoy, tmp_path: Path, host: str, days: int, reason: str) -> None:
    """Any CA will do, another name will not; and http does not answer https."""
    if host:
        certificate(tmp_path, host, days)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "crt", tmp_path / "key")
        envoy.socket = context.wrap_socket(envoy.socket, server_side=True)
    objects = cluster(local=envoy.port, ingress=envoy.port)
    objects[0] = model("https")
    objects[0]["status"] = {key: objects[0]["status"][key] for key in ("url", "conditions")}
    ingress = next(one for one in objects if one["kind"] == "Service" and one["metadata"]["name"] == "ingress")
    ingress["spec"]["ports"] = [{"port": 443, "targetPort": envoy.port}]
    found = seen(probed(envoy.port, objects))
    assert [symptom for symptom, _ in found] == (["request-tls"] if reason else [])
    assert reason in "".join(text for _, text in found)


@pytest.fixture
def standard(envoy: Envoy) -> list[Object]:
    """The Services lead to the Pod of the model, as in Standard mode."""
    own = {"serving.kserve.io/inferenceservice": "iris"}
    kept = [one for one in cluster(envoy.port, envoy.port) if one.get("spec", {}).get("type") != "ExternalName"]
    return [*kept, *(service(name, "models", 80, envoy.port, own) for name in ("iris", "iris-predictor"))]


def test_the_pod_of_a_model_is_not_asked_behind_a_gateway_that_reaches_it(envoy: Envoy, standard: list[Object]) -> None:
    """With fifty models, kubectl would start fifty times."""
    found = probed(envoy.port, standard)
    assert (seen(found), found.requests, found.arrived) == ([], 1, 1)
    assert envoy.asked == [(OUTSIDE, "/v1/models/iris")]


def test_the_pod_of_a_model_is_asked_when_no_gateway_reaches_it(envoy: Envoy, standard: list[Object]) -> None:
    envoy.answers[OUTSIDE] = NO_ROUTE
    ((symptom, text),) = seen(probed(envoy.port, standard))
    assert (symptom, f"//{OUTSIDE}/" in text) == ("request-404-outside", True)
    assert [host for host, _ in envoy.asked] == [OUTSIDE, PREDICTOR, INSIDE]


def test_a_pod_that_does_not_answer_explains_the_gateway(envoy: Envoy, standard: list[Object]) -> None:
    envoy.answers = dict.fromkeys(envoy.answers, NO_ROUTE)
    ((_, text),) = seen(probed(envoy.port, standard))
    assert f"//{PREDICTOR}/" in text
    assert [host for host, _ in envoy.asked] == [OUTSIDE, PREDICTOR]


def test_the_pod_of_a_model_is_asked_without_a_gateway(envoy: Envoy, standard: list[Object]) -> None:
    local = next(one for one in standard if one["kind"] == "InferenceService")
    del local["status"]["url"]
    found = probed(envoy.port, standard)
    assert (seen(found), [host for host, _ in envoy.asked]) == ([], [PREDICTOR, INSIDE])
