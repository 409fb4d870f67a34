# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Connections to a port of a Pod: through kubectl port-forward, or straight to the address of the Pod."""

from __future__ import annotations

import os
import re
import selectors
import socket
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import IO, Protocol

from kserve_wiring.doctor.kubectl import Kubectl, last_line
from kserve_wiring.manifests.objects import KubeObject

_LISTENING = re.compile(rb"Forwarding from 127\.0\.0\.1:(\d+)")
_REFUSED = re.compile(rb"refused|failed to connect to localhost", re.IGNORECASE)
_CUT = 0.5
"""Seconds in which kubectl writes why a connection was cut."""


class NoWayError(Exception):
    """Doctor cannot connect to the Pod, which says nothing about the request. One line."""


class Transport(Protocol):
    """A way to a port of a Pod."""

    def connect(self, pod: KubeObject, port: int, timeout: float) -> socket.socket:
        """A connection. Raises NoWayError, or OSError as a client in the cluster would see it."""

    def is_refused(self, pod: KubeObject, port: int) -> bool:
        """Whether a connection that was cut without an answer was refused by the Pod."""

    def close(self) -> None:
        """End what `connect` started."""


class Direct:
    """Connects to the address of the Pod, as other Pods and nodes can."""

    def connect(self, pod: KubeObject, port: int, timeout: float) -> socket.socket:
        """See Transport."""
        address = str(pod.get("status", "podIP") or "")
        if not address:
            raise NoWayError(f"Pod {pod.namespace}/{pod.name} has no address")
        return socket.create_connection((address, port), timeout)

    def is_refused(self, pod: KubeObject, port: int) -> bool:
        """Never: a refused connection is an error of `connect`."""
        return False

    def close(self) -> None:
        """Nothing was started."""


@dataclass(slots=True)
class _Forward:
    """A running kubectl port-forward. port: on this machine. errors: what it wrote to standard error."""

    process: subprocess.Popen[bytes]
    port: int
    errors: IO[bytes]

    def error(self) -> bytes:
        """All that it wrote to standard error."""
        self.errors.seek(0)
        return self.errors.read()


@dataclass(slots=True)
class PortForward:
    """Connects through kubectl port-forward, one process for each port of a Pod."""

    kubectl: Kubectl
    _running: dict[tuple[str, str, int], _Forward] = field(default_factory=dict)
    _locks: dict[tuple[str, str, int], threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))

    def connect(self, pod: KubeObject, port: int, timeout: float) -> socket.socket:
        """See Transport."""
        key = (pod.namespace, pod.name, port)
        with self._locks[key]:
            running = self._running.get(key)
            # It ends when the Pod refuses a connection.
            if running is None or running.process.poll() is not None:
                running = self._running[key] = self._start(pod, port, timeout)
        return socket.create_connection(("127.0.0.1", running.port), timeout)

    def is_refused(self, pod: KubeObject, port: int) -> bool:
        """kubectl accepts every connection, and then writes that the Pod refused it."""
        end = time.monotonic() + _CUT
        running = self._running[pod.namespace, pod.name, port]
        while time.monotonic() < end:
            if _REFUSED.search(running.error()):
                return True
            time.sleep(0.05)
        return False

    def close(self) -> None:
        """End every process."""
        for running in self._running.values():
            running.process.terminate()
            running.process.wait()
            running.errors.close()

    def _start(self, pod: KubeObject, port: int, timeout: float) -> _Forward:
        arguments = ["port-forward", f"pod/{pod.name}", f":{port}", "-n", pod.namespace, "--address", "127.0.0.1"]
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
        command = self.kubectl.command(arguments)
        try:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL)
        except OSError as error:
            raise NoWayError(f"cannot start {command[0]}: {error.strerror}") from None
        local = _listening(process, timeout)
        running = _Forward(process, local, errors)
        if not local:
            process.kill()
            process.wait()
            why = last_line(running.error().decode(errors="replace"))
            raise NoWayError(f"kubectl port-forward to Pod {pod.namespace}/{pod.name}: {why}")
        return running


def _listening(process: subprocess.Popen[bytes], timeout: float) -> int:
    """The port on which kubectl listens; 0 if it ends, or does not say so in time."""
    assert process.stdout is not None
    end, seen = time.monotonic() + timeout, b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() < end:
            if not selector.select(max(end - time.monotonic(), 0)):
                return 0
            part = os.read(process.stdout.fileno(), 4096)
            seen += part
            match = _LISTENING.search(seen)
            if match or not part:
                return int(match[1]) if match else 0
    return 0
