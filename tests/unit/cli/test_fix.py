"""check --fix and --diff: what is written, what is shown, and what is left alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from kserve_wiring.cli import main as cli
from tests.unit.checker.test_fix import TEXT

WRONG, RIGHT = "sklearn-servr # the", "sklearn-server # the"
TOLD = "KW519 of InferenceService models/iris: set spec.predictor.model.runtime to sklearn-server\n"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "models.yaml"
    path.write_text(TEXT)
    return path


def test_fix_writes_the_change_and_reports_what_is_left(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest.chmod(0o640)
    assert cli.main(["check", "--fix", str(manifest)]) == 1
    assert manifest.read_text() == TEXT.replace(WRONG, RIGHT)
    assert stat.S_IMODE(manifest.stat().st_mode) == 0o640
    assert [path.name for path in manifest.parent.iterdir()] == ["models.yaml"]
    out, err = capsys.readouterr()
    assert err == f"kserve-wiring: {manifest}:19: {TOLD}"
    assert "KW524" in out
    assert "KW519" not in out


def test_nothing_left_is_exit_code_0(manifest: Path) -> None:
    manifest.write_text(TEXT.replace("    serving.kserve.io/autoscalerClas: none # not read\n", ""))
    assert cli.main(["check", "--fix", str(manifest)]) == 0
    assert cli.main(["check", "--diff", str(manifest)]) == 0


def test_diff_shows_the_change_and_writes_nothing(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--diff", str(manifest)]) == 1
    assert manifest.read_text() == TEXT
    assert capsys.readouterr().out.splitlines()[:2] == [f"--- {manifest}", f"+++ {manifest}"]


def test_the_bytes_around_a_change_stay(manifest: Path) -> None:
    before = b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    manifest.write_bytes(before)
    link = manifest.with_name("link.yaml")
    link.symlink_to(manifest)
    assert cli.main(["check", "--fix", str(link)]) == 1
    assert link.is_symlink()
    assert manifest.read_bytes() == before.replace(WRONG.encode(), RIGHT.encode())


def test_only_chosen_rules_are_fixed(manifest: Path) -> None:
    assert cli.main(["check", "--fix", "--ignore", "KW519", "--", str(manifest)]) == 1
    assert manifest.read_text() == TEXT


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fix", "-"], "--fix changes files: name them instead of -"),
        (["--diff", "-"], "--diff changes files: name them instead of -"),
        (["--fix", "--diff", "."], "--diff shows what --fix would change: remove one of them"),
        (
            ["--fix", "--baseline", "b.json", "."],
            "--fix would change what the baseline accepts: remove it or --baseline",
        ),
    ],
)
def test_flags_that_do_not_fit(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", *arguments]) == 2
    assert capsys.readouterr().err == f"kserve-wiring: {message}\n"


def test_a_file_that_cannot_be_written_is_one_line(
    manifest: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", str(manifest))

    monkeypatch.setattr(os, "fdopen", full)
    assert cli.main(["check", "--fix", str(manifest)]) == 2
    assert capsys.readouterr().err.endswith(f"kserve-wiring: cannot write {manifest}: No space left on device\n")
    assert manifest.read_text() == TEXT
