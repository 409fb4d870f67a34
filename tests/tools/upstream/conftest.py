"""Commands that only say their version, alone on PATH."""

from __future__ import annotations

from pathlib import Path

import pytest


def command(folder: Path, name: str, output: str) -> str:
    """A command that prints one line, as an installed helm or go of some version does."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{output}'\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def empty_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PATH with nothing but one empty folder, and no HELM."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("HELM", raising=False)
    return tmp_path
