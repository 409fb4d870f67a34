"""Rewrite <component>/go.mod and go.sum from upstream's own go.mod, after a version change in components.yaml.

A module that only requires upstream's would build with other versions than upstream's release, because `replace` lines
count only in the main module. So every go.mod here repeats upstream's lines and adds upstream itself.

Usage: python -m tests.live.modules.pin [component...]
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tools.console import run, step
from tools.upstream import golang

HERE = Path(__file__).resolve().parent
HEAD = """// Written by tests/live/modules/pin.py from the go.mod of {module}.
module copier-kserve/tests/live/{name}
"""


def main() -> int:
    components = yaml.safe_load((HERE / "components.yaml").read_text(encoding="utf-8"))
    for name in sys.argv[1:] or [name for name in components if not components[name]["module"].endswith("@local")]:
        step(f"Pinning {name}")
        pin(name, components[name])
    return 0


def pin(name: str, component: dict[str, Any]) -> None:
    """Write one component's folder.

    Raises subprocess.CalledProcessError when go cannot complete go.mod or go.sum.
    """
    path, version = component["module"].split("@")
    if not component["binaries"]:
        unbuilt(name, component["module"])
        return
    upstream = download(path, version)
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    lines = rewritten((upstream / "go.mod").read_text(encoding="utf-8"), component.get("staging", ""))
    head = HEAD.format(module=component["module"], name=name)
    others = "".join(f"replace {other} => {other} {v}\n" for other, v in component.get("replace", {}).items())
    (folder / "go.mod").write_text(f"{head}{lines}\nrequire {path} {version}\n{others}", encoding="utf-8")
    shutil.copyfile(upstream / "go.sum", folder / "go.sum")
    complete(folder, list(component["binaries"].values()))


def unbuilt(name: str, module: str) -> None:
    """Write the folder of a component of which only files are read."""
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    head = HEAD.format(module=module, name=name)
    (folder / "go.mod").write_text(f"{head}\ngo 1.24\n\nrequire {module.replace('@', ' ')}\n", encoding="utf-8")
    command = [golang.find_go(), "mod", "download", module.partition("@")[0]]
    subprocess.run(command, cwd=folder, env=golang.environment() | {"GOFLAGS": "-mod=mod"}, check=True)


def download(path: str, version: str) -> Path:
    """The folder of a module in Go's module cache."""
    with tempfile.TemporaryDirectory() as empty:
        command = [golang.find_go(), "mod", "download", "-json", f"{path}@{version}"]
        done = subprocess.run(command, cwd=empty, capture_output=True, text=True, check=True)
    return Path(json.loads(done.stdout)["Dir"])


def rewritten(text: str, staging: str) -> str:
    """Upstream's go.mod without its name, its tools and its replacements by folders of its own repository.

    With `staging`, such a folder becomes the published module of that version.
    """
    text = re.sub(r"(?m)^module .*\n", "", text)
    text = re.sub(r"(?ms)^tool \(.*?^\)\n|^tool .*?\n", "", text)
    folders = re.compile(r"(?m)^(\s*(?:replace )?)(\S+)((?: v\S+)?) => \.\.?/.*\n")
    return folders.sub(rf"\1\2 => \2 {staging}\n" if staging else "", text)


def complete(folder: Path, packages: list[str]) -> None:
    """Let go add what the packages need and upstream's files lack."""
    env = golang.environment() | {"GOFLAGS": "-mod=mod"}
    command = [golang.find_go(), "list", "-deps", *packages]
    subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    run(main)
