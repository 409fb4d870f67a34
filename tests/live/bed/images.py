"""The program in an image. Selected by the image and not by the container's name: a container with the image of another
component then runs that component, as on a real node.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import yaml

from tests.live.bed import binaries
from tools.console import ROOT

# Knative's clients limit themselves to a few requests a second (knative.dev/pkg environment/client_config.go). The
# operator sends hundreds for every change of its object, and nothing else uses this API server.
QUICK = (("KUBE_API_QPS", "200"), ("KUBE_API_BURST", "400"))
OPERATORS = ROOT / "stacks" / "operator"


@dataclass(frozen=True)
class Program:
    """The program to run for an image. path: its path in the image. data: folders of the image, (path, folder)."""

    file: Path
    path: str
    data: tuple[tuple[str, Path], ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    # Dynamically linked: it needs the system's libraries.
    dynamic: bool = False


KNATIVE = ("controller", "webhook", "autoscaler", "autoscaler-hpa", "activator")
NET_ISTIO = {
    "net-istio/cmd/controller": "NET_ISTIO_CONTROLLER",
    "net-istio/cmd/webhook": "NET_ISTIO_WEBHOOK",
}


def repository(image: str) -> str:
    """The image without tag and digest."""
    return re.sub(r":[^/]*$", "", image.partition("@")[0])


def registry(image: str) -> str:
    """The registry of an image, host[:port]."""
    first, _, rest = image.partition("/")
    return first if rest and ("." in first or ":" in first) else "docker.io"


def program(image: str) -> Program | None:
    """The program of an image; None if the bed only simulates it: models, sidecars, cert-manager."""
    name = repository(image)
    for tool in KNATIVE:
        if name.endswith(f"serving/cmd/{tool}"):
            return _ko(binaries.binary(serving(image), tool))
    for suffix, variable in NET_ISTIO.items():
        if name.endswith(suffix):
            return _given(variable)
    return _operator(name, image) or _other(name, image)


def serving(image: str) -> str:
    """The component built for an image of Knative Serving: of the same minor version, or the next one available.

    Every mirror keeps the digest, and the operator's manifests map the digest to the release of the image.
    """
    built = sorted(name for name in binaries.components() if name.startswith("knative-serving-"))
    wanted = f"knative-serving-{_minors().get(image.partition('@')[2], '')}"
    return next((name for name in built if name >= wanted), built[-1])


@cache
def _minors() -> dict[str, str]:
    """{digest: "1.23"} of the images in the manifests of all operators."""
    return {
        image.partition("@")[2]: release.rpartition(".")[0]
        for path in sorted(OPERATORS.glob("*.yaml"))
        for release, images in yaml.safe_load(path.read_text(encoding="utf-8"))["serving"].items()
        for image in images.values()
    }


def istio(image: str) -> str:
    """The component built for an image of istiod, which reads only the templates of its own chart."""
    minor = image.rpartition(":")[2].rpartition(".")[0]
    return f"istio-{minor}" if f"istio-{minor}" in binaries.components() else "istio-1.27"


def _given(variable: str) -> Program | None:
    """A binary that the user built, perhaps dynamically linked."""
    path = os.environ.get(variable)
    return replace(_ko(Path(path)), dynamic=True) if path else None


def _ko(file: Path, data: tuple[tuple[str, Path], ...] = ()) -> Program:
    return Program(file, f"/ko-app/{file.name}", data, (("KO_DATA_PATH", "/var/run/ko"), *QUICK))


def _operator(name: str, image: str) -> Program | None:
    for suffix, tool in (("operator/cmd/operator", "operator"), ("operator/cmd/webhook", "operator-webhook")):
        if name.endswith(suffix):
            component = f"knative-operator-{image.rpartition(':')[2].removeprefix('v').rpartition('.')[0]}"
            return _ko(binaries.binary(component, tool), (("/var/run/ko", binaries.files(component)),))
    return None


def _other(name: str, image: str) -> Program | None:
    last = name.rpartition("/")[2]
    if last == "kserve-controller":
        return Program(binaries.binary("kserve", "manager"), "/manager")
    if last == "llmisvc-controller":
        return Program(binaries.binary("kserve", "llmisvc"), "/manager")
    if last == "pilot":
        return Program(binaries.binary(istio(image), "pilot-discovery"), "/usr/local/bin/pilot-discovery")
    if last == "proxyv2":
        return Program(binaries.envoy(), "/envoy", dynamic=True)
    return None
