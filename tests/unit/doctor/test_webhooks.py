"""Webhooks, called as the API server does: a server with a certificate, and the CA of the configuration."""

from __future__ import annotations

import base64
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kserve_wiring.doctor.ask import ask
from kserve_wiring.doctor.bundle import read_bundle
from kserve_wiring.doctor.collect import write_bundle
from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.diagnose import Diagnosis, diagnose
from kserve_wiring.doctor.transport import Direct, NoWayError
from kserve_wiring.doctor.webhooks import webhooks
from kserve_wiring.formats.diagnosis import as_text
from kserve_wiring.manifests.load import load_values
from tests.unit.doctor.certificates import certificate, issued
from tests.unit.doctor.routed import Object, cluster, made, pod, service

NAME, SERVICE = "inferenceservice.kserve-webhook-server.validator", "kserve-webhook-server-service"
HOST = f"{SERVICE}.kserve.svc"


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def serve(listener: socket.socket, folder: Path) -> None:
    """Answer handshakes with the certificate of the folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "crt", folder / "key")

    def run() -> None:
        while True:
            try:
                client, _ = listener.accept()
                context.wrap_socket(client, server_side=True).close()
            except ssl.SSLError:
                continue
            except OSError:
                return

    threading.Thread(target=run, daemon=True).start()


def configuration(ca: bytes, name: str = NAME, policy: str = "Fail") -> Object:
    place = {"name": SERVICE, "namespace": "kserve", "path": "/validate", "port": 443}
    client = {"caBundle": base64.b64encode(ca).decode(), "service": place}
    webhook = {"name": name, "failurePolicy": policy, "clientConfig": client}
    found = made(
        "ValidatingWebhookConfiguration", "inferenceservice.serving.kserve.io", "", "admissionregistration.k8s.io/v1"
    )
    return found | {"webhooks": [webhook]}


def objects(port: int, ca: bytes, **more: Any) -> list[Object]:
    return [
        *cluster()[2:],
        configuration(ca, **more),
        service(SERVICE, "kserve", 443, port, {"app": "kserve"}),
        pod("kserve-controller-manager-1", "kserve", {"app": "kserve"}),
    ]


def judged(found: list[Object], tmp_path: Path, transport: Any = None) -> list[tuple[str, str]]:
    """Symptom and text of each verdict, which are the same live and from a bundle."""
    collected = Collected(load_values(found))
    ask(collected, transport or Direct(), 1)
    write_bundle(collected, tmp_path / "b.tgz")
    live, offline = (_verdicts(diagnose(one)) for one in (collected, read_bundle(str(tmp_path / "b.tgz"))))
    assert live == offline
    return live


def _verdicts(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    return [(one.explanation.symptom.id if one.explanation else "", one.message.text) for one in diagnosis.verdicts]


def test_a_webhook_that_answers(server: socket.socket, tmp_path: Path) -> None:
    ca = certificate(tmp_path, HOST)
    serve(server, tmp_path)
    assert judged(objects(server.getsockname()[1], ca), tmp_path) == []


@pytest.mark.parametrize(
    ("host", "days", "why"),
    [
        (HOST, -1, "certificate has expired"),
        ("webhook.knative-serving.svc", 1, f"Hostname mismatch, certificate is not valid for '{HOST}'"),
    ],
)
def test_a_certificate_that_the_api_server_refuses(
    server: socket.socket, tmp_path: Path, host: str, days: int, why: str
) -> None:
    ca = certificate(tmp_path, host, days)
    serve(server, tmp_path)
    ((symptom, text),) = judged(objects(server.getsockname()[1], ca), tmp_path)
    assert (symptom, why in text) == (
        "webhook-expired" if "expired" in why else "webhook-unknown-ca",
        True,
    )
    assert text.startswith(
        f'failed calling webhook "{NAME}": failed to call webhook: Post "https://{HOST}:443/validate"'
    )


def test_an_expired_certificate_has_its_date_and_its_secret(server: socket.socket, tmp_path: Path) -> None:
    ca = certificate(tmp_path, HOST, -1)
    serve(server, tmp_path)
    found = objects(server.getsockname()[1], ca)
    found[-1]["spec"]["volumes"] = [{"name": "cert", "secret": {"secretName": "server-cert"}}]
    secret = made("Secret", "server-cert", "kserve", data={"tls.crt": "", "tls.key": ""})
    ((_, text),) = judged([*found, secret], tmp_path)
    ended = subprocess.run(
        ["openssl", "x509", "-in", tmp_path / "crt", "-noout", "-enddate"], capture_output=True, check=True
    )
    date = ended.stdout.decode().strip().partition("=")[2]
    wanted = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ssl.cert_time_to_seconds(date)))
    assert text.endswith(f" is after {wanted}")
    collected = Collected(load_values([*found, secret]))
    ask(collected, Direct(), 1)
    (verdict,) = diagnose(collected).verdicts
    assert verdict.message.where == f"webhook {NAME}, certificate of Secret kserve/server-cert,"


def crd(*versions: str, namespace: str = "kserve") -> Object:
    client = {"service": {"name": SERVICE, "namespace": namespace, "path": "/convert"}}
    spec = {
        "group": "serving.kserve.io",
        "names": {"kind": "InferenceService"},
        "conversion": {"strategy": "Webhook", "webhook": {"clientConfig": client}},
        "versions": [{"name": version, "served": True} for version in versions],
    }
    return made(
        "CustomResourceDefinition", "inferenceservices.serving.kserve.io", "", "apiextensions.k8s.io/v1", spec=spec
    )


def test_a_conversion_webhook_that_is_not_there(tmp_path: Path) -> None:
    model = made("InferenceService", "iris", "models", "serving.kserve.io/v1")
    model["metadata"]["annotations"] = {"serving.kserve.io/stop": "true"}
    left = [*objects(1, b""), model, crd("v1", "v1beta1", namespace="other")]
    left = [one for one in left if one["kind"] != "ValidatingWebhookConfiguration"]
    assert judged(left, tmp_path) == [
        (
            "conversion-webhook",
            "conversion webhook for serving.kserve.io/v1, Kind=InferenceService failed: "
            f'Post "https://{SERVICE}.other.svc:443/convert": service "{SERVICE}" not found',
        )
    ]


@pytest.mark.parametrize("versions", [("v1",), ("v1", "v1beta1")])
def test_nothing_is_converted(versions: tuple[str, ...]) -> None:
    """Between versions of one object: not with a single version, and not without an object."""
    others = [made("InferenceService", "iris", "models", "serving.kserve.io/v1")] if len(versions) == 1 else []
    assert list(webhooks(load_values([crd(*versions), *others]))) == []


def test_a_certificate_of_another_ca(server: socket.socket, tmp_path: Path) -> None:
    issued(tmp_path, HOST, "webhook", issuer="one")
    serve(server, tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    ca = issued(other, HOST, "webhook", issuer="two")
    ((symptom, text),) = judged(objects(server.getsockname()[1], ca), tmp_path)
    assert (symptom, "unable to get local issuer certificate" in text) == ("webhook-unknown-ca", True)


def test_a_certificate_with_the_name_of_its_ca_is_not_taken_for_self_signed(
    server: socket.socket, tmp_path: Path
) -> None:
    """As Knative's webhooks have it."""
    ca = issued(tmp_path, HOST, HOST, issuer=HOST)
    serve(server, tmp_path)
    assert judged(objects(server.getsockname()[1], ca), tmp_path) == []


def test_without_a_ca(server: socket.socket, tmp_path: Path) -> None:
    certificate(tmp_path, HOST)
    serve(server, tmp_path)
    ((symptom, _),) = judged(objects(server.getsockname()[1], b""), tmp_path)
    assert symptom == "webhook-unknown-ca"


def test_nothing_listens(server: socket.socket, tmp_path: Path) -> None:
    port = server.getsockname()[1]
    server.close()
    ((symptom, text),) = judged(objects(port, b""), tmp_path)
    assert (symptom, text.endswith("connect: connection refused")) == ("webhook-unreachable", True)


@pytest.mark.parametrize(("lacks", "why"), [("Service", f'service "{SERVICE}" not found'), ("Pod", "no endpoints")])
def test_no_service_and_no_pod(tmp_path: Path, lacks: str, why: str) -> None:
    left = [one for one in objects(1, b"") if (one["kind"], one["metadata"]["namespace"]) != (lacks, "kserve")]
    ((symptom, text),) = judged(left, tmp_path)
    assert (symptom, why in text) == ("webhook-unreachable", True)


def test_a_part_that_is_off_says_so_itself(tmp_path: Path) -> None:
    off = made("Deployment", "kserve-controller-manager", "kserve", "apps/v1", spec={"replicas": 0})
    left = [one for one in objects(1, b"") if (one["kind"], one["metadata"]["namespace"]) != ("Pod", "kserve")]
    assert [symptom for symptom, _ in judged([*left, off], tmp_path)] == ["controller-off"]


@pytest.mark.parametrize("more", [{"policy": "Ignore"}, {"name": "gatekeeper.sh"}])
def test_webhooks_that_do_not_count(more: dict[str, str]) -> None:
    other = configuration(b"", **more)
    other["metadata"]["name"] = "other"
    assert list(webhooks(load_values([other]))) == []


def test_webhooks_with_one_service_and_ca_are_called_once() -> None:
    one = configuration(b"x")
    one["webhooks"] = [*one["webhooks"], configuration(b"x", name="a.kserve.io")["webhooks"][0]]
    assert [found.name for found in webhooks(load_values([one, configuration(b"x")]))] == [NAME]


def test_a_part_of_a_cluster_proves_nothing(tmp_path: Path) -> None:
    assert judged([configuration(b"")], tmp_path) == []


def test_no_way_is_no_verdict(tmp_path: Path) -> None:
    class Forbidden(Direct):
        def connect(self, *_: Any) -> socket.socket:
            raise NoWayError("forbidden")

    collected = Collected(load_values(objects(1, b"")))
    ask(collected, Forbidden(), 1)
    assert collected.unseen == [f'webhook "{NAME}": forbidden']
    assert diagnose(collected).verdicts == []


def test_a_webhook_is_no_part_that_has_to_be_ready() -> None:
    left = [one for one in objects(1, b"") if (one["kind"], one["metadata"]["namespace"]) != ("Service", "kserve")]
    text = as_text(diagnose(Collected(load_values(left))))
    assert "✓ platform: 0 of 0 parts are ready\n✗ webhooks: 1 do not answer as the API server needs\n" in text
