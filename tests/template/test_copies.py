"""Many copies in one process: each has the files that Copier alone writes."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2.sandbox import SandboxedEnvironment

from kserve_wiring.fleet.copies import Copies
from tools.console import ROOT

EXAMPLES = ("minimal", "offline-harbor", "everything")


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


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


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that Jinja compiles."""
    found: list[str] = []
    plain = SandboxedEnvironment.compile

    def counted(self: SandboxedEnvironment, source: Any, *rest: Any, **more: Any) -> Any:
        # Copier also tries whether a number or a boolean is a template.
        found.extend([source] if isinstance(source, str) else [])
        return plain(self, source, *rest, **more)

    monkeypatch.setattr(SandboxedEnvironment, "compile", counted)
    return found


def test_the_second_copy_compiles_nothing(template: Path, tmp_path: Path, compiled: list[str]) -> None:
    copies = Copies(str(template))
    copies.copy(tmp_path / "first", {"environment_name": "first"})
    assert len(compiled) > 300
    compiled.clear()
    copies.copy(tmp_path / "second", {"environment_name": "second", "tenants": "team-a, team-b"})
    assert compiled == []


def test_the_next_process_compiles_nothing(template: Path, tmp_path: Path, compiled: list[str]) -> None:
    Copies(str(template)).copy(tmp_path / "first", {"environment_name": "same"})
    compiled.clear()
    Copies(str(template)).copy(tmp_path / "second", {"environment_name": "same"})
    assert compiled == []
    assert content(tmp_path / "first") == content(tmp_path / "second")


@pytest.mark.parametrize("damage", [b"", b"not marshal", marshal.dumps(["a list"])], ids=["empty", "text", "list"])
def test_a_damaged_cache_is_replaced(template: Path, tmp_path: Path, compiled: list[str], damage: bytes) -> None:
    Copies(str(template)).copy(tmp_path / "first", {"environment_name": "same"})
    (kept,) = (tmp_path / "cache" / "kserve-wiring").iterdir()
    kept.write_bytes(damage)
    Copies(str(template)).copy(tmp_path / "second", {"environment_name": "same"})
    compiled.clear()
    Copies(str(template)).copy(tmp_path / "third", {"environment_name": "same"})
    assert compiled == []
    assert content(tmp_path / "first") == content(tmp_path / "second")


def test_a_cache_that_cannot_be_written(template: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    Copies(str(template)).copy(tmp_path / "first", {"environment_name": "first"})
    assert (tmp_path / "first" / "Makefile").is_file()
