"""The Go command, which the tools use to build helm and to download pinned modules."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.console import BUILD, Heartbeat, Stop, note, shown, step

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
    """The environment for go: a user's workspace file, vendoring flags or old toolchain must not change the build."""
    return {**os.environ, "GOWORK": "off", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "auto"}


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time in a folder, which is made if needed: the others wait, and find what this one made."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build_once(
    title: str, target: Path, module: Path, package: str, options: Sequence[str] = (), remedy: str = ""
) -> None:
    """Build a Go program, unless it is there. Raises Stop when that fails.

    module: the folder of the go.mod that pins it. options: more of `go build`. remedy: what else helps if it fails.
    """
    with alone(target.parent):
        if not target.exists():
            step(f"Building {title}, once")
            _build(title, target, module, [*options, package], remedy)


def pinned_program(name: str, module: Path, package: str, options: Sequence[str] = ()) -> Path:
    """A program of a Go module, built once for each content of its go.sum. Raises Stop when that fails."""
    digest = hashlib.sha256((module / "go.sum").read_bytes()).hexdigest()[:12]
    target = BUILD / "tools" / f"{module.name}-{digest}" / name
    build_once(f"{name} from its Go module", target, module, package, options)
    return target


def _build(title: str, target: Path, module: Path, words: Sequence[str], remedy: str) -> None:
    # Built next to the target and moved: an interrupted build leaves no half-written program.
    partial = target.with_name(f".{target.name}.partial")
    polite = ["nice", "-n", "19"] if shutil.which("nice") else []
    command = [*polite, find_go(), "build", "-v", "-trimpath", "-o", str(partial), *words]
    beat = Heartbeat()
    packages, problem = 0, ""
    env = environment() | {"CGO_ENABLED": "0"}  # no C compiler, and a program that runs in any root file system
    with subprocess.Popen(command, cwd=module, env=env, text=True, stderr=subprocess.PIPE) as process:
        for line in process.stderr or ():
            packages += 1
            problem = line.strip() or problem
            beat.tick(f"{packages} modules and packages so far")
    if process.returncode:
        partial.unlink(missing_ok=True)
        raise Stop(f"building {title} failed ({problem}): {remedy}let Go reach its module proxy")
    partial.replace(target)
    note(f"built {shown(target)} in {beat.seconds:.0f} s")


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
