"""Where the output goes, and its colour."""

from __future__ import annotations

import io
import json
import os
import stat
import threading
from pathlib import Path

import pexpect
import pytest

from kserve_wiring.cli import main as cli
from kserve_wiring.cli.output import waiting
from tools.console import ROOT
from tools.rules import RULES

COMMAND = str(ROOT / ".venv" / "bin" / "kserve-wiring")
TYPO = RULES / "KW403" / "bad-typo.yaml"
RED = "\x1b[31m"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a file with one finding in the current folder."""
    monkeypatch.chdir(TYPO.parent)
    return TYPO.name


def test_a_file_is_written_as_a_whole(broken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "report.json"
    target.write_text("before", encoding="utf-8")
    assert cli.main(["check", broken, "-o", "json", "--output-file", str(target)]) == 1
    assert capsys.readouterr().out == ""
    assert json.loads(target.read_text(encoding="utf-8"))["summary"]["error"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize(("name", "text"), [("", "Is a directory"), ("none/x", "No such file or directory")])
def test_a_file_that_cannot_be_written(
    name: str, text: str, broken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = f"{tmp_path}/{name}"
    assert cli.main(["check", broken, "--output-file", target]) == 2
    assert capsys.readouterr().err == f"kserve-wiring: --output-file: cannot write {target}: {text}\n"


def test_a_file_without_a_name(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", broken, "--output-file", ""]) == 2
    assert capsys.readouterr().err == "kserve-wiring: --output-file: the name of the file is empty\n"


def test_a_pipe_is_written_to_and_kept(broken: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    assert cli.main(["check", broken, "--statistics", "--output-file", str(pipe)]) == 1
    reader.join()
    assert read == ["1  KW403  A Gateway's selector matches no gateway Pods\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_quiet_prints_findings_alone(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", broken, "-q"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("Gateway ml-gateway/ml-local  bad-typo.yaml\n  KW403 error line 59: ")
    assert "objects:" not in out
    assert "Checked less" not in out


def test_quiet_prints_nothing_when_all_agrees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", encoding="utf-8")
    assert cli.main(["check", str(tmp_path), "--quiet"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "no_color", "terminal", "colour"),
    [
        ([], "", True, True),
        ([], "1", True, False),
        ([], "", False, False),
        (["--color", "never"], "", True, False),
        (["--color", "always"], "1", False, True),
    ],
)
def test_colour(arguments: list[str], no_color: str, terminal: bool, colour: bool, broken: str, tmp_path: Path) -> None:
    environment = {**os.environ, "NO_COLOR": no_color, "TERM": "xterm"}
    command = " ".join([COMMAND, "check", broken, *arguments])
    shell = command if terminal else f"{command} > {tmp_path}/out; cat -v {tmp_path}/out"
    out = pexpect.run(f"sh -c '{shell}'", env=environment, encoding="utf-8", timeout=120)
    assert (RED in out or "^[[31m" in out) == colour


def test_codes_are_separated_by_commas(broken: str) -> None:
    assert cli.main(["check", broken, "--select", "KW1,KW2"]) == 0
    assert cli.main(["check", broken, "--select", "KW1,KW4"]) == 1
    assert cli.main(["check", broken, "--ignore", "KW1,KW403"]) == 0


def test_a_path_may_follow_codes(broken: str) -> None:
    assert cli.main(["check", "--select", "KW1,KW4", "--ignore", "KW5", broken]) == 1
    assert cli.main(["check", "--select", "KW1", "--select", "KW2", broken]) == 0


def test_an_empty_code_is_no_code(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", broken, "--select", "KW1,"]) == 2
    text = "kserve-wiring: an empty rule code in 'KW1,'; `kserve-wiring rules` lists the codes\n"
    assert capsys.readouterr().err == text


def test_a_page_longer_than_the_terminal_goes_to_the_pager() -> None:
    environment = {**os.environ, "PAGER": "sed s/^/paged:/"}
    out = pexpect.run(f"{COMMAND} explain KW403", env=environment, encoding="utf-8", dimensions=(10, 80), timeout=120)
    assert all(line.startswith("paged:") for line in out.splitlines())
    out = pexpect.run(f"{COMMAND} explain KW403", env=environment, encoding="utf-8", dimensions=(500, 80), timeout=120)
    assert "paged:" not in out


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("term", "shown"), [("xterm", True), ("dumb", False)])
def test_a_terminal_shows_that_the_command_waits(monkeypatch: pytest.MonkeyPatch, term: str, shown: bool) -> None:
    terminal = _Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", term)
    with waiting("listing objects"):
        pass
    text = terminal.getvalue()
    assert ("| listing objects" in text) == shown
    assert text.rpartition("\r")[2] == ""  # nothing is left on the line


def test_a_pipe_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("listing objects"):
        pass
    assert capsys.readouterr().err == ""


EXPLAIN = "doctor --explain 'failed to resolve image to digest: x509: certificate signed by unknown authority'"


@pytest.mark.parametrize("command", ["check bad-typo.yaml", "explain KW403", EXPLAIN])
@pytest.mark.parametrize(("columns", "shown"), [(60, 60), (100, 100), (300, 120)])
def test_text_is_wrapped_for_the_terminal(command: str, columns: int, shown: int, broken: str) -> None:
    run = f"{COMMAND} {command} --color never"
    # pytest-xdist tells its processes the width of its own terminal.
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"PAGER": "cat"}
    out = pexpect.run(run, env=environment, encoding="utf-8", dimensions=(500, columns))
    prose = [line for line in out.splitlines() if " " in line.strip() and not line.startswith("    ")]
    assert shown - 25 <= max(map(len, prose)) <= shown


def test_the_width_of_the_terminal_is_not_that_of_a_file(broken: str, tmp_path: Path) -> None:
    command = f"{COMMAND} check {broken} --output-file {tmp_path}/report.txt"
    pexpect.run(command, env=os.environ | {"COLUMNS": "120"}, encoding="utf-8", dimensions=(500, 120))
    assert 60 < max(map(len, (tmp_path / "report.txt").read_text(encoding="utf-8").splitlines())) <= 80
