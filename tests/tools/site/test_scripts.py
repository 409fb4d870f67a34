"""A script of the site is the one that was looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tools.console import Stop
from tools.site import scripts


def test_another_package_of_the_same_name_is_refused(tmp_path: Path) -> None:
    version = yaml.safe_load(scripts._TABLE.read_text(encoding="utf-8"))["mermaid"]["version"]
    (tmp_path / f"mermaid-{version}.tgz").write_bytes(b"something else")
    with pytest.raises(Stop, match=rf"^mermaid-{version}\.tgz of npm is not the one of scripts\.yaml$"):
        scripts.write(tmp_path / "assets", tmp_path)
    assert not (tmp_path / f"mermaid-{version}.tgz").exists(), "the next call fetches it"


def test_without_npm_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Stop, match="install Node"):
        scripts.write(tmp_path / "assets", tmp_path / "npm")
