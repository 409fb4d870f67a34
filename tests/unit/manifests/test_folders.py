"""Files and folders that are not read."""

from __future__ import annotations

from pathlib import Path

import pytest

from kserve_wiring.cli.main import main
from kserve_wiring.manifests.clusters import clusters
from kserve_wiring.manifests.read import read

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\n  namespace: here\n"
FILES = ("a", "b.tmpl", "vendor/c", "apps/one/secrets/d", "apps/one/e", "apps/vendored/f")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(MAP.format(path.name.partition(".")[0]), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        ((), "abcdef"),
        (("vendor",), "abdef"),
        (("vendor/",), "abdef"),
        (("*.tmpl.yaml",), "acdef"),
        (("apps/*/secrets",), "abcef"),
        (("apps/one/*",), "abcf"),
        (("vend*", "apps"), "ab"),
        (("VENDOR", "", "[", "one/e.yaml", "../*"), "abcdef"),
    ],
)
def test_patterns_match_a_name_or_the_path_from_the_folder(folder: Path, patterns: tuple[str, ...], left: str) -> None:
    assert sorted(obj.name for obj in read(str(folder), exclude=patterns).objects) == sorted(left)


def test_a_file_that_is_named_is_read(folder: Path) -> None:
    assert [obj.name for obj in read(str(folder / "a.yaml"), exclude=["a.yaml"]).objects] == ["a"]


def test_nothing_left_is_an_error(folder: Path) -> None:
    assert [problem.message for problem in read(str(folder), exclude=["*"]).problems] == [
        "no manifest: nothing there has an apiVersion and a kind"
    ]


def test_environments_are_left_out(folder: Path) -> None:
    for name in ("prod", "old"):
        (folder / name).mkdir()
        (folder / name / "releases.yaml").write_text("[]\n", encoding="utf-8")
    found = clusters([str(folder)], ["old"])
    assert [one.environment for one in found] == [str(folder / "prod"), ""]


def test_the_command_leaves_out_several_patterns(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "vendor" / "bad.yaml").write_text("kind: [", encoding="utf-8")
    assert main(["check", str(folder), "--exclude", "*.tmpl.yaml", "--exclude", "vendor"]) == 0
    assert "4 objects" in capsys.readouterr().out
    assert main(["graph", str(folder), "--exclude", "*.tmpl.yaml", "--exclude", "vendor"]) == 0
