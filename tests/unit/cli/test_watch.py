"""check --watch, as a person uses it on a terminal, and as a program reads it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from kserve_wiring.cli import main as cli
from tools.rules import RULES

TYPO = (RULES / "KW403" / "bad-typo.yaml").read_text(encoding="utf-8")
GOOD = TYPO.replace("ml-locl", "ml-local")
COMMAND = [sys.executable, "-m", "kserve_wiring", "check", ".", "--watch"]
CLEAR = "\x1b[H\x1b[2J\x1b[3J"
SECONDS = 20


@pytest.fixture(autouse=True)
def _interrupts() -> Iterator[None]:
    """A shell starts what runs in its background without Ctrl-C, and a process hands that on."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text(GOOD, encoding="utf-8")
    return tmp_path


@pytest.fixture
def watched(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The command with both outputs in one pipe. Like a shell's job, it is a group that gets Ctrl-C."""
    process = subprocess.Popen(
        COMMAND, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    yield process
    process.kill()
    process.wait()
    assert process.stdout
    process.stdout.close()


def until(process: subprocess.Popen[str], end: str) -> str:
    text = ""
    assert process.stdout
    while not text.endswith(end):
        line = process.stdout.readline()
        assert line, f"it ended: {text}"
        text += line
    return text


def interrupt(process: subprocess.Popen[str]) -> int:
    """Ctrl-C between two checks: the process of the last one has ended."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while children.read_text(encoding="utf-8"):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    return process.wait(SECONDS)


def test_each_change_is_a_line_and_a_report(folder: Path, watched: subprocess.Popen[str]) -> None:
    until(watched, "0 info\n")
    (folder / "a.yaml").write_text(TYPO, encoding="utf-8")
    text = until(watched, "0 warnings, 0 info\n")
    assert text.count("kserve-wiring: a.yaml changed\n") == 1
    assert "KW403 error" in text
    (folder / "a.yaml").unlink()
    (folder / "b.yaml").write_text(GOOD, encoding="utf-8")
    assert "kserve-wiring: a.yaml and 1 more changed\n" in until(watched, "0 info\n")
    assert interrupt(watched) == 0
    assert watched.stdout
    assert "Traceback" not in watched.stdout.read()


def test_the_exit_code_is_that_of_the_last_check(folder: Path, watched: subprocess.Popen[str]) -> None:
    until(watched, "0 info\n")
    (folder / "a.yaml").write_text(TYPO, encoding="utf-8")
    until(watched, "0 warnings, 0 info\n")
    assert interrupt(watched) == 1


def test_a_terminal_shows_the_last_report_alone(folder: Path) -> None:
    terminal = pexpect.spawn(COMMAND[0], COMMAND[1:], cwd=str(folder), encoding="utf-8", timeout=SECONDS)
    terminal.expect_exact("Watching 1 files. Ctrl-C ends.")
    assert terminal.before.startswith(CLEAR)
    (folder / "a.yaml").write_text(TYPO, encoding="utf-8")
    terminal.expect_exact("Watching 1 files. Ctrl-C ends.")
    assert CLEAR in terminal.before
    assert "KW403" in terminal.before.rpartition(CLEAR)[2]
    assert "changed" not in terminal.before
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 1


def test_its_own_report_and_hidden_folders_are_no_change(folder: Path) -> None:
    (folder / ".git").mkdir()
    command = [*COMMAND, "--format", "json", "--output-file", "report.json"]
    process = subprocess.Popen(command, cwd=folder, text=True, stderr=subprocess.PIPE, start_new_session=True)
    while not (folder / "report.json").exists():
        assert process.poll() is None
    (folder / ".git" / "index").write_text("", encoding="utf-8")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=SECONDS)[1] == ""
    assert process.returncode == 0


def test_ctrl_c_ends_what_a_check_has_started(tmp_path: Path) -> None:
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: a\nversion: 1.0.0\n", encoding="utf-8")
    helm = tmp_path / "helm"
    helm.write_text('#!/bin/sh\necho $$ > "$(dirname "$0")/helm.pid"\nexec sleep 60\n', encoding="utf-8")
    helm.chmod(0o755)
    command = [*COMMAND, "--helm", str(helm)]
    process = subprocess.Popen(command, cwd=tmp_path, text=True, stderr=subprocess.PIPE, start_new_session=True)
    started = tmp_path / "helm.pid"
    while not (started.exists() and started.read_text(encoding="utf-8")):
        assert process.poll() is None
    end = time.monotonic() + SECONDS
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=SECONDS)[1] == ""
    assert process.returncode == 2, "no check has ended"
    status = Path("/proc", started.read_text(encoding="utf-8").strip(), "status")
    while status.exists() and "\nState:\tZ" not in status.read_text(encoding="utf-8"):
        assert time.monotonic() < end, "helm goes on"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-"], "--watch looks at files: name them instead of -"),
        ([".", "--fix"], "--watch only checks: remove it or --fix"),
        ([".", "--diff"], "--watch only checks: remove it or --diff"),
    ],
)
def test_what_does_not_go_together(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--watch", *arguments]) == 2
    assert capsys.readouterr().err == f"kserve-wiring: {message}\n"
