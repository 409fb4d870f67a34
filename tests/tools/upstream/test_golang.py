"""Finding Go, and building a program once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.upstream.conftest import command
from tools.console import ROOT, Stop
from tools.upstream import golang


def test_go_too_old(empty_path: Path) -> None:
    path = command(empty_path, "go", "go1.19.8")
    with pytest.raises(Stop) as stop:
        golang.find_go()
    assert str(stop.value) == f"{path} is version 1.19: install Go >= 1.21 from https://go.dev/dl/"


BUILD = """
import sys
from pathlib import Path
from tools.upstream import golang
golang.build_once("the program", Path(sys.argv[1]), Path(sys.argv[2]), ".")
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A Go module without dependencies."""
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.test/program\n\ngo 1.21\n", encoding="utf-8")
    (folder / "main.go").write_text('package main\n\nfunc main() { print("built") }\n', encoding="utf-8")
    return folder


def test_of_several_processes_one_builds_and_the_others_wait_for_it(module: Path, tmp_path: Path) -> None:
    target = tmp_path / "tools" / "program"
    command = [sys.executable, "-c", BUILD, str(target), str(module)]
    several = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = "".join(process.communicate(timeout=120)[1] for process in several)
    assert [process.returncode for process in several] == [0, 0, 0], said
    assert said.count("==> Building the program, once") == 1
    assert subprocess.run([target], capture_output=True, text=True, check=True).stderr == "built"


def test_a_program_that_does_not_compile_leaves_nothing(module: Path, tmp_path: Path) -> None:
    (module / "main.go").write_text("package main\n\nfunc main() { missing() }\n", encoding="utf-8")
    with pytest.raises(Stop) as stop:
        golang.build_once("the program", tmp_path / "tools" / "program", module, ".", remedy="install it, and ")
    problem = "./main.go:3:15: undefined: missing"
    assert str(stop.value) == f"building the program failed ({problem}): install it, and let Go reach its module proxy"
    assert [path.name for path in (tmp_path / "tools").iterdir()] == [".lock"]
