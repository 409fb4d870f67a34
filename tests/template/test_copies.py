"""Many copies in one process: each has the files that Copier alone writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2.sandbox import SandboxedEnvironment

from tools.console import ROOT
from kserve_wiring.fleet.copies import Copies

EXAMPLES = ("minimal", "offline-harbor", "everything")


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_copies_are_what_copier_alone_writes(
    environment: Callable[[Path], Path], template: Path, tmp_path: Path
) -> None:
    """Also after a copy with other answers, and after one that is refused."""
    copies = Copies(str(template))
    paths = [ROOT / "examples" / f"{name}.yaml" for name in EXAMPLES]
    for number, path in enumerate([*paths, *paths]):
        with pytest.raises(Exception, match="use not-a-name"):
            copies.copy(tmp_path / "refused", {"cluster_domain": "not a name"})
        copies.copy(tmp_path / str(number), yaml.safe_load(path.read_text(encoding="utf-8")))
        assert content(tmp_path / str(number)) == content(environment(path)), path
    assert not (tmp_path / "refused").exists()


def test_the_second_copy_compiles_nothing(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    plain = SandboxedEnvironment.compile

    def counted(self: SandboxedEnvironment, source: Any, *rest: Any, **more: Any) -> Any:
        # Copier also tries whether a number or a boolean is a template.
        compiled.extend([source] if isinstance(source, str) else [])
        return plain(self, source, *rest, **more)

    monkeypatch.setattr(SandboxedEnvironment, "compile", counted)
    copies = Copies(str(template))
    copies.copy(tmp_path / "first", {"environment_name": "first"})
    assert len(compiled) > 300
    compiled.clear()
    copies.copy(tmp_path / "second", {"environment_name": "second", "tenants": "team-a, team-b"})
    assert compiled == []
