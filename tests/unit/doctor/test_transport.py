"""Connections to Pods through a kubectl that forwards ports as the real one does."""

from __future__ import annotations

import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kserve_wiring.doctor.kubectl import Kubectl
from kserve_wiring.doctor.transport import Direct, NoWayError, PortForward
from kserve_wiring.manifests.load import load_values
from kserve_wiring.manifests.objects import KubeObject
from tests.unit.doctor.routed import pod as pod_of

# As kubectl writes it (k8s.io/client-go/tools/portforward, PortForwarder.listenOnPortAndAddress and handleConnection).
KUBECTL = f"""#!{sys.executable}
import socket, sys
if "port-forward" not in sys.argv:
    sys.exit(3)
pod, port = next(word for word in sys.argv if word.startswith("pod/")), next(w for w in sys.argv if w[0] == ":")[1:]
if pod == "pod/forbidden":
    sys.exit('Error from server (Forbidden): pods "forbidden" is forbidden: User "x" cannot get resource "pods"')
listener = socket.create_server(("127.0.0.1", 0))
print(f"Forwarding from 127.0.0.1:{{listener.getsockname()[1]}} -> {{port}}", flush=True)
while True:
    client, _ = listener.accept()
    try:
        target = socket.create_connection(("127.0.0.1", int(port)))
        client.sendall(target.recv(100))
    except ConnectionRefusedError:
        why = "failed to connect to localhost:1 inside namespace: connection refused"
        print("E0101 an error occurred forwarding:", why, file=sys.stderr, flush=True)
    client.close()
"""


@pytest.fixture
def forward(tmp_path: Path) -> Iterator[PortForward]:
    script = tmp_path / "kubectl"
    script.write_text(KUBECTL, encoding="utf-8")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    found = PortForward(Kubectl((str(script),)))
    yield found
    found.close()
    assert all(running.process.poll() is not None for running in found._running.values())


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        yield found


def pod(name: str = "gateway-1") -> KubeObject:
    return load_values([pod_of(name, "ml-gateway", {})])[0]


def test_a_connection_reaches_the_port_of_the_pod(forward: PortForward, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    for _ in range(2):
        with forward.connect(pod(), port, 5) as client:
            accepted, _ = listener.accept()
            accepted.sendall(b"hello")
            accepted.close()
            assert client.recv(100) == b"hello"
    assert len(forward._running) == 1


def test_a_pod_that_does_not_listen_on_the_port(forward: PortForward, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    with forward.connect(pod(), port, 5) as client:
        assert client.recv(100) == b""
    assert forward.is_refused(pod(), port)


def test_a_connection_that_the_pod_cuts_is_not_refused(forward: PortForward, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    with forward.connect(pod(), port, 5) as client:
        accepted, _ = listener.accept()
        accepted.close()
        assert client.recv(100) == b""
    assert not forward.is_refused(pod(), port)


def test_without_the_right(forward: PortForward) -> None:
    with pytest.raises(NoWayError, match=r'to Pod ml-gateway/forbidden: \(Forbidden\): pods "forbidden" is forbidden'):
        forward.connect(pod("forbidden"), 80, 5)


def test_without_kubectl() -> None:
    with pytest.raises(NoWayError, match="cannot start /absent/kubectl: No such file or directory"):
        PortForward(Kubectl(("/absent/kubectl",))).connect(pod(), 80, 5)


def test_direct(listener: socket.socket) -> None:
    with Direct().connect(pod(), listener.getsockname()[1], 5):
        listener.accept()[0].close()
    without = load_values([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "y"}}])[0]
    with pytest.raises(NoWayError, match="Pod y/x has no address"):
        Direct().connect(without, 80, 5)
