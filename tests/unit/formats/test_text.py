"""A report as text for people."""

from __future__ import annotations

import pytest

from kserve_wiring.cli import main as cli
from tools.rules import RULES


def test_lines_fit_in_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Headings and single long words, such as digests, may be longer."""
    cli.main(["check", str(RULES / "KW401")])
    for line in capsys.readouterr().out.splitlines():
        assert len(line) <= 80 or not line.startswith(" ") or len(line.split()) <= 2, line
