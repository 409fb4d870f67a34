"""The commands rules and explain."""

from __future__ import annotations

import pytest

from kserve_wiring.cli import main as cli


def test_rules_and_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rules"]) == 0
    assert "KW107  error    W3   Raw configuration contradicts a setting that the chart manages (chart only)" in (
        capsys.readouterr().out.splitlines()
    )
    assert cli.main(["explain", "kw103"]) == 0
    assert capsys.readouterr().out.startswith("KW103: digest-resolution-timeout is not a positive")
    assert cli.main(["explain", "KW999"]) == 2
    assert cli.main(["check", "-", "--select", "KX1"]) == 2
