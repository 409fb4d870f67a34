"""The Go command, which the tools use to build helm and to download pinned modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from tools.console import Stop

# From 1.21 on Go downloads the toolchain that a go.mod requires (https://go.dev/doc/toolchain).
MINIMUM = (1, 21)


def find_go() -> str:
    """Path of the go command. Raises Stop when there is none, or when it is older than 1.21."""
    go = shutil.which("go")
    if go is None:
        raise Stop(f"Go is needed but not on PATH: install Go >= {_dotted(MINIMUM)} from https://go.dev/dl/")
    version = _version(go)
    if version < MINIMUM:
        raise Stop(f"{go} is version {_dotted(version)}: install Go >= {_dotted(MINIMUM)} from https://go.dev/dl/")
    return go


def environment() -> dict[str, str]:
    """The environment for go: a user's workspace file or vendoring flags must not change the build."""
    return {**os.environ, "GOWORK": "off", "GOFLAGS": "-mod=readonly"}


def pinned(modfile: Path) -> dict[str, str]:
    """The modules that a go.mod requires, directly or not, as {path: version}."""
    text = modfile.read_text(encoding="utf-8")
    return dict(re.findall(r"(?m)^(?:require)?\s+([\w.-]+\.[\w.-]+/\S+)\s+(v\S+)", text))


def sums(sumfile: Path) -> dict[tuple[str, str], str]:
    """The content hashes of a go.sum, as {(path, version): "h1:..."}, without the hashes of go.mod files."""
    rows = (line.split() for line in sumfile.read_text(encoding="utf-8").splitlines() if line.strip())
    return {(path, version): digest for path, version, digest in rows if not version.endswith("/go.mod")}


def _version(go: str) -> tuple[int, int]:
    # GOTOOLCHAIN=local: the version of the installed go, without downloading another one.
    env = {**os.environ, "GOTOOLCHAIN": "local"}
    done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False, env=env, cwd="/")
    found = re.search(r"go(\d+)\.(\d+)", done.stdout)
    if found is None:
        raise Stop(f"{go} prints no version: {(done.stderr or done.stdout).strip() or 'no output'}")
    return int(found[1]), int(found[2])


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
