"""The generator as a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.generate import __main__ as generate


def test_check_names_the_stale_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    stale = tmp_path / "stale.json"
    monkeypatch.setattr(generate, "generated", lambda: {stale: "text"})
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().err == "stale.json is stale: run make generate\n"
    assert not stale.exists()
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
