"""Download pinned Go modules, and refuse content that differs from the pin."""

from __future__ import annotations

import json
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from tools import stacks
from tools.console import Heartbeat, Stop, run, step
from tools.upstream import golang


class Unavailable(Exception):
    """The module is not available here. The message gives the reason."""


@cache
def folder(stack: str, path: str) -> Path:
    """Folder with the content of a module at the version that the stack pins. It is read-only and shared.

    Raises Unavailable when Go is missing or the module proxy is unreachable, Stop when the content differs from go.sum.
    """
    pins = stacks.modules(stack)
    version = golang.pinned(pins / "go.mod")[path]
    expected = golang.sums(pins / "go.sum").get((path, version))
    answer = _download(path, version)
    if answer["Sum"] != expected:
        raise Stop(
            f"{path} {version} is {answer['Sum']} but stacks/modules/{stack}/go.sum has {expected or 'nothing'}: "
            "do not use it; if the pin was moved on purpose, run make pin"
        )
    return Path(answer["Dir"])


def pin(stack: str) -> None:
    """Rewrite the stack's go.sum from its go.mod, through Go's own checksum database."""
    pins = stacks.modules(stack)
    lines = []
    for path, version in sorted(golang.pinned(pins / "go.mod").items()):
        answer = _download(path, version)
        lines += [f"{path} {version} {answer['Sum']}", f"{path} {version}/go.mod {answer['GoModSum']}"]
    (pins / "go.sum").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _download(path: str, version: str) -> dict[str, str]:
    """Output of `go mod download -json`: Sum, GoModSum, Dir."""
    try:
        go = golang.find_go()
    except Stop as stop:
        raise Unavailable(str(stop)) from stop
    # An empty folder: if go found a go.mod, it would load the whole module graph first.
    with tempfile.TemporaryDirectory() as empty:
        output = _wait([go, "mod", "download", "-json", f"{path}@{version}"], Path(empty), f"downloading {path}")
    try:
        answer: dict[str, str] = json.loads(output)
    except ValueError as error:
        raise Unavailable(f"go mod download of {path}@{version} gave no answer") from error
    if "Error" in answer:
        raise Unavailable(answer["Error"].strip().splitlines()[-1])
    return answer


def _wait(command: list[str], cwd: Path, doing: str) -> str:
    beat = Heartbeat()
    env = golang.environment() | {"GOFLAGS": ""}
    with subprocess.Popen(
        command, cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as go:
        while True:
            try:
                return go.communicate(timeout=1)[0]
            except subprocess.TimeoutExpired:
                beat.tick(doing)


def main() -> int:
    for pins in sorted((stacks.STACKS / "modules").iterdir()):
        step(f"Pinning the modules of {pins.name}")
        pin(pins.name)
    return 0


if __name__ == "__main__":
    run(main)
