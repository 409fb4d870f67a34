"""The Makefile as a person meets it: help that is complete, and one clear line when Python is missing."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tools.console import ROOT

TEXT = (ROOT / "Makefile").read_text(encoding="utf-8")


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # What an outer make says to its own children must not reach this one.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_help_lists_every_target() -> None:
    targets = re.findall(r"(?m)^\.PHONY: (\S+)$", TEXT)
    listed = re.findall(r"(?m)^  ([a-z-]+) +\S", make("help").stdout)
    assert listed == targets
    assert {"demo", "test", "check", "lint", "types", "format", "generate", "bench", "clean"} <= set(targets)


def test_make_alone_is_help() -> None:
    assert make().stdout == make("help").stdout


def test_python_is_missing(tmp_path: Path) -> None:
    done = make("setup", "PYTHON=python3.0", f"VENV={tmp_path}/venv")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-2] == (
        "error: python3.0 is missing or older than 3.11: install Python >= 3.11, or run make PYTHON=/path/to/python3"
    )
    assert not (tmp_path / "venv").exists()


def test_ci_runs_what_make_check_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "\nrun make check\n" in script.read_text(encoding="utf-8")


def test_the_lock_has_a_hash_for_every_package() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=[a-z])", lock)[1:]
    assert len(entries) > 40
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
