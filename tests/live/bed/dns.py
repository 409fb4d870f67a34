"""A simulated cluster DNS: Services as CoreDNS answers for headless ones, and the external names that the bed sets.

There is no kube-proxy, so a Service with a ClusterIP resolves to the addresses of its ready Pods.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable

from tests.live.bed.api import Api, ApiError

NXDOMAIN, OK = 3, 0
A = 1


class Dns:
    """Answers on UDP port 53 of an address. outside: external names, {name: address}."""

    def __init__(self, api: Api, address: str, cluster_domain: str) -> None:
        self._api, self.cluster_domain = api, cluster_domain
        self.outside: dict[str, str] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        threading.Thread(target=self._serve, name="dns", daemon=True).start()

    def addresses(self, name: str) -> list[str] | None:
        """Addresses of a name; None if it does not exist, [] if it has no addresses now."""
        name = name.rstrip(".").lower()
        if name in self.outside:
            return [self.outside[name]]
        suffix = f".svc.{self.cluster_domain}"
        if not name.endswith(suffix):
            return None
        service, _, namespace = name.removesuffix(suffix).partition(".")
        found = self._api.find("v1/Service", service, namespace) if namespace and "." not in namespace else None
        if found is None:
            return None
        if found["spec"].get("type") == "ExternalName":
            return self.addresses(found["spec"]["externalName"])
        return [address for address, _ in endpoints(self._api, service, namespace)]

    def _serve(self) -> None:
        while True:
            query, client = self._socket.recvfrom(512)
            threading.Thread(target=self._answer, args=(query, client), daemon=True).start()

    def _answer(self, query: bytes, client: tuple[str, int]) -> None:
        try:
            self._socket.sendto(reply(query, self.addresses), client)
        except (ApiError, OSError, struct.error, IndexError):
            return  # the client retries


def endpoints(api: Api, service: str, namespace: str) -> list[tuple[str, dict[str, int]]]:
    """Ready endpoints of a Service as (address, {port name: number})."""
    slices = api.list("discovery.k8s.io/v1/EndpointSlice", namespace, f"kubernetes.io/service-name={service}")
    return [
        (endpoint["addresses"][0], {port.get("name", ""): port["port"] for port in slice_["ports"] or []})
        for slice_ in slices
        for endpoint in slice_["endpoints"] or []
        if endpoint["conditions"].get("ready")
    ]


def reply(query: bytes, addresses: Callable[[str], list[str] | None]) -> bytes:
    """The answer to a DNS message with one question (RFC 1035)."""
    labels, position = [], 12
    while query[position]:
        length = query[position]
        labels.append(query[position + 1 : position + 1 + length].decode())
        position += 1 + length
    question = query[12 : position + 5]
    (wanted,) = struct.unpack("!H", question[-4:-2])
    found = addresses(".".join(labels))
    listed = (found or []) if wanted == A else []
    flags = 0x8580 | (NXDOMAIN if found is None else OK)
    header = query[:2] + struct.pack("!HHHHH", flags, 1, len(listed), 0, 0)
    records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 1, 4) + socket.inet_aton(item) for item in listed)
    return header + question + records
