"""Istio's host matching and port translation."""

from __future__ import annotations

import pytest

from kserve_wiring.cluster import gateways as gw
from kserve_wiring.manifests.load import load_values
from kserve_wiring.manifests.objects import KubeObject


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("*", "a.ml", True),
        ("*.ml", "a.ml", True),
        ("*.ml", "a.ml.svc", False),
        ("*.svc.cluster.local", "a.ml.svc.cluster.local", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("a.ml", "a.ml", True),
        ("ml/*", "a.ml", True),
        ("other/*", "a.ml", False),
        ("./*", "a.ml", False),
        ("*/*.ml", "a.ml", True),
    ],
)
def test_covers(pattern: str, host: str, covered: bool) -> None:
    """I:pkg/config/host/name.go and core/gateway.go: suffix match, namespace before the slash."""
    assert gw.covers(pattern, host, "ml") is covered


def service(port: int, target: int | str | None, *, label: bool = False) -> KubeObject:
    labels = {gw.NO_TRANSLATION: "true"} if label else {}
    entry = {"name": "http2", "port": port} | ({} if target is None else {"targetPort": target})
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "labels": labels},
        "spec": {"ports": [entry]},
    }
    return load_values([body])[0]


@pytest.mark.parametrize(
    ("number", "services", "listens"),
    [
        (80, [service(80, 80)], 80),
        (80, [service(80, 8080)], 8080),
        (80, [service(80, None)], 80),
        (80, [service(80, "http")], "http"),
        (80, [service(80, "8080")], 8080),
        (8081, [service(80, 8081)], 8081),
        (80, [service(80, 8080, label=True)], 80),
        (80, [service(80, 8080, label=True), service(80, 8082)], 8082),
        (80, [], 80),
    ],
)
def test_listening_port(number: int, services: list[KubeObject], listens: int | str) -> None:
    """I:pilot/pkg/model/gateway.go resolvePorts."""
    server = gw.Server((), number, "HTTP", ("*",), {})
    assert gw.listening_port(server, services) == listens


@pytest.mark.parametrize(
    ("host", "parts"),
    [
        ("a.b.svc.cluster.local", ("a", "b", "cluster.local")),
        ("a.b.svc.cluster.local.", ("a", "b", "cluster.local")),
        ("a.b.svc.corp.internal", ("a", "b", "corp.internal")),
        ("a.b.svc", None),
        ("a.b", None),
        ("a", None),
    ],
)
def test_split_service_host(host: str, parts: tuple[str, str, str] | None) -> None:
    assert gw.split_service_host(host) == parts
