"""Which program an image holds. By the image and not by the container's name: a container that was given the image of
another component then runs that other component, as on a real node.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from tests.cluster.bed import binaries


@dataclass(frozen=True)
class Program:
    """What runs in place of an image. `path`: where the image has it; `data`: folders of the image, (path, folder)."""

    file: Path
    path: str
    data: tuple[tuple[str, Path], ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    # Dynamically linked: it needs the system's libraries.
    dynamic: bool = False


KNATIVE = {
    "serving/cmd/controller": ("knative-serving", "controller"),
    "serving/cmd/webhook": ("knative-serving", "webhook"),
    "serving/cmd/autoscaler": ("knative-serving", "autoscaler"),
    "serving/cmd/autoscaler-hpa": ("knative-serving", "autoscaler-hpa"),
    "serving/cmd/activator": ("knative-serving", "activator"),
}
NET_ISTIO = {
    "net-istio/cmd/controller": "NET_ISTIO_CONTROLLER",
    "net-istio/cmd/webhook": "NET_ISTIO_WEBHOOK",
}


def repository(image: str) -> str:
    """The image without tag and digest."""
    return re.sub(r":[^/]*$", "", image.partition("@")[0])


def registry(image: str) -> str:
    """host[:port] that an image is pulled from."""
    first, _, rest = image.partition("/")
    return first if rest and ("." in first or ":" in first) else "docker.io"


def program(image: str) -> Program | None:
    """The program of an image, or None when the bed only plays it: models, sidecars, cert-manager."""
    name = repository(image)
    for suffix, (component, tool) in KNATIVE.items():
        if name.endswith(suffix):
            return _ko(binaries.binary(component, tool))
    for suffix, variable in NET_ISTIO.items():
        if name.endswith(suffix):
            return _given(variable)
    return _operator(name, image) or _other(name)


def _given(variable: str) -> Program | None:
    """A binary that the user built: perhaps linked dynamically."""
    path = os.environ.get(variable)
    return replace(_ko(Path(path)), dynamic=True) if path else None


def _ko(file: Path, data: tuple[tuple[str, Path], ...] = ()) -> Program:
    return Program(file, f"/ko-app/{file.name}", data, (("KO_DATA_PATH", "/var/run/ko"),))


def _operator(name: str, image: str) -> Program | None:
    for suffix, tool in (("operator/cmd/operator", "operator"), ("operator/cmd/webhook", "operator-webhook")):
        if name.endswith(suffix):
            component = f"knative-operator-{image.rpartition(':')[2].removeprefix('v').rpartition('.')[0]}"
            kodata = binaries.module_folder(component) / "cmd" / "operator" / "kodata"
            return _ko(binaries.binary(component, tool), (("/var/run/ko", kodata),))
    return None


def _other(name: str) -> Program | None:
    last = name.rpartition("/")[2]
    if last == "kserve-controller":
        return Program(binaries.binary("kserve", "manager"), "/manager")
    if last == "pilot":
        return Program(binaries.binary("istio", "pilot-discovery"), "/usr/local/bin/pilot-discovery")
    if last == "proxyv2":
        return Program(binaries.envoy(), "/envoy", dynamic=True)
    return None
