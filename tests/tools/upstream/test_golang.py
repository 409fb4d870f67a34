"""Finding Go."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.upstream.conftest import command
from tools.console import Stop
from tools.upstream import golang


def test_go_too_old(empty_path: Path) -> None:
    path = command(empty_path, "go", "go1.19.8")
    with pytest.raises(Stop) as stop:
        golang.find_go()
    assert str(stop.value) == f"{path} is version 1.19: install Go >= 1.21 from https://go.dev/dl/"
