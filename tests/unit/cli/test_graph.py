"""The command graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from kserve_wiring.cli import main as cli


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text("a: [\n")
    assert cli.main(["graph", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == "flowchart LR\n"
    assert "cannot read" in captured.err
