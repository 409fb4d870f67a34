"""The network of the bed: one namespace without an uplink, and one more per Pod that runs a process.

    10.244.0.0/16  simulated Pods: every address answers in the parent namespace (AnyIP)
    10.245.0.0/16  Pods with a process: one namespace each, joined by a veth pair and a /32 route
    10.246.0.1     the parent namespace itself: API server, DNS, registry

No bridge and no NAT, so that an address seen anywhere is the address of its Pod.
"""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

HOST = "10.246.0.1"
PLAYED = "10.244"
RUN = "10.245"
SERVICES = "10.247.0.0/16"


class Network:
    """Assigns addresses and namespaces. Nothing needs cleanup: everything ends with the parent namespace."""

    def __init__(self) -> None:
        self._played = itertools.count(2)
        self._run = itertools.count(2)

    def start(self) -> None:
        """Prepare the parent namespace. Call once, inside it."""
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        _ip("link set lo up", f"addr add {HOST}/32 dev lo", f"route add local {PLAYED}.0.0/16 dev lo")

    def played_address(self) -> str:
        return _address(PLAYED, next(self._played))

    def pod(self) -> tuple[str, str]:
        """Create a namespace and return (name, address)."""
        number = next(self._run)
        name, address = f"pod{number}", _address(RUN, number)
        _ip(
            f"netns add {name}",
            f"link add {name} type veth peer name eth0 netns {name}",
            f"link set {name} up",
            f"route add {address}/32 dev {name} src {HOST}",
        )
        _ip(
            "link set lo up",
            f"addr add {address}/32 dev eth0",
            "link set eth0 up",
            f"route add {HOST}/32 dev eth0 scope link",
            f"route add default via {HOST} dev eth0",
            namespace=name,
        )
        return name, address

    def remove(self, name: str) -> None:
        _ip(f"link delete {name}", f"netns delete {name}")


def _address(prefix: str, number: int) -> str:
    return f"{prefix}.{number // 250}.{number % 250 + 1}"


def _ip(*commands: str, namespace: str = "") -> None:
    within = ["-netns", namespace] if namespace else []
    subprocess.run(["ip", *within, "-batch", "-"], input="\n".join(commands) + "\n", text=True, check=True)
