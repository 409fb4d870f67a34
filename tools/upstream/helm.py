"""Find helm, or build it once from its pinned Go module.

`python -m tools.upstream.helm` prints the path of a recent enough helm: $HELM, else helm on PATH, else one built into
build/tools/ from tools/upstream/helm4. `--all` prints one helm of each supported major version, for the tests.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.console import BUILD, ROOT, Stop, note, run, shown
from tools.upstream import golang

# The charts are tested with helm 3.16 and newer.
MINIMUM = (3, 16)
# The newest first: if only one is needed, this one is built.
MAJORS = (4, 3)
INSTALL = f"install helm >= {MINIMUM[0]}.{MINIMUM[1]} (https://helm.sh/docs/intro/install) or Go >= 1.21"


@dataclass(frozen=True)
class Helm:
    path: str
    version: tuple[int, int]

    def __str__(self) -> str:
        return f"helm {self.version[0]}.{self.version[1]} ({shown(Path(self.path))})"


def find() -> Helm:
    """A recent enough helm: $HELM, helm on PATH, or a built helm 4.

    Raises Stop when $HELM is missing or too old, or when there is none and it cannot be built.
    """
    return _named() or _on_path() or build(MAJORS[0])


def find_major(major: int) -> Helm:
    """A helm of this major version: $HELM or helm on PATH if it matches, else a built one."""
    for candidate in (_named(), _on_path(quiet=True)):
        if candidate and candidate.version[0] == major:
            return candidate
    return build(major)


def build(major: int) -> Helm:
    """The helm built from tools/upstream/helm<major>, cached by its inputs."""
    module = ROOT / "tools" / "upstream" / f"helm{major}"
    path = f"helm.sh/helm/v{major}"
    pins = golang.pinned(module / "go.mod")
    flags = _linker_flags(path, pins)
    digest = hashlib.sha256((module / "go.sum").read_bytes() + flags.encode()).hexdigest()[:12]
    target = BUILD / "tools" / f"helm-{pins[path]}-{digest}" / "helm"
    title, options = f"helm {pins[path]} from its Go module", ["-ldflags", flags]
    golang.build_once(title, target, module, f"{path}/cmd/helm", options, remedy=f"{INSTALL}, and ")
    return Helm(str(target), version_of(str(target)))


def _linker_flags(path: str, pins: dict[str, str]) -> str:
    """The linker flags of helm's own Makefile.

    Without them helm 3 reports Kubernetes 1.20 as its version, which charts refuse.
    """
    minor = pins["k8s.io/client-go"].split(".")[1]
    variables = {f"{path}/internal/version.version": pins[path]}
    for package in ("pkg/lint/rules", "pkg/chartutil") if path.endswith("/v3") else ():
        variables |= {f"{path}/{package}.k8sVersionMajor": "1", f"{path}/{package}.k8sVersionMinor": minor}
    return " ".join(["-s -w", *(f"-X {name}={value}" for name, value in variables.items())])


def version_of(path: str) -> tuple[int, int]:
    """Major and minor version of a helm command, from output such as `v3.16.2+g13654a5`, `v4.3`, `Client: v2.17.0`."""
    try:
        done = subprocess.run([path, "version", "--short"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Stop(f"{path} does not run: {error}") from error
    found = re.search(r"v(\d+)\.(\d+)", done.stdout)
    if found is None:
        raise Stop(f"{path} is not helm: `version --short` prints {(done.stdout or done.stderr).strip()[:80]!r}")
    return int(found[1]), int(found[2])


def _named() -> Helm | None:
    wanted = os.environ.get("HELM")
    if not wanted:
        return None
    path = shutil.which(wanted)
    if path is None:
        raise Stop(f"HELM is {wanted} but there is no such command: unset HELM or set it to a helm >= 3.16")
    helm = Helm(path, version_of(path))
    if helm.version < MINIMUM:
        raise Stop(f"HELM is {wanted}, {_version_text(helm)}: unset HELM or set it to a helm >= 3.16")
    return helm


def _on_path(quiet: bool = False) -> Helm | None:
    path = shutil.which("helm")
    if path is None:
        _require_go("there is no helm on PATH")
        return None
    helm = Helm(path, version_of(path))
    if helm.version >= MINIMUM:
        return helm
    _require_go(f"helm on PATH is too old ({_version_text(helm)})")
    if not quiet:
        note(f"helm on PATH is too old ({_version_text(helm)}): using another one")
    return None


def _require_go(reason: str) -> None:
    """Raises Stop with both remedies in one line, instead of an error about Go alone."""
    if shutil.which("go") is None:
        raise Stop(f"{reason} and there is no Go to build one: {INSTALL}")


def _version_text(helm: Helm) -> str:
    return f"version {helm.version[0]}.{helm.version[1]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="one helm of each supported major version")
    options = parser.parse_args()
    for helm in [find_major(major) for major in MAJORS] if options.all else [find()]:
        print(helm.path)
    return 0


if __name__ == "__main__":
    run(main)
