"""A test of a module is where the module is, and every folder of tests has a purpose."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tools.console import ROOT

TESTS = ROOT / "tests"
# Which modules the tests of a folder mirror.
MIRRORS = {TESTS / "unit": ROOT / "src" / "kserve_wiring", TESTS / "tools": ROOT / "tools"}
# Tests that go through more than one module.
OF_NO_MODULE = {
    "unit/checker/test_fuzz.py": "any input, through the whole checker",
    "unit/doctor/test_brought.py": "files as people bring them, through the whole doctor",
    "unit/doctor/test_odd_shapes.py": "any value at any place of a cluster, through the whole doctor",
    "unit/doctor/test_scale.py": "a large recorded cluster, through the whole doctor",
    "unit/manifests/test_hostile.py": "input that attacks the reader, through the whole checker",
}
PURPOSES = {
    "": "the repository itself: its Makefile, and where its tests are",
    "unit": "one module of kserve_wiring",
    "tools": "one module of tools",
    "chart": "the chart kserve-environment",
    "commands": "every command that a document prints, typed in order",
    "docs": "pages that show what a program prints",
    "environments": "examples, rendered with upstream's charts",
    "fleet": "a repository of many environments",
    "grammar": "one table of cases through all implementations of a grammar",
    "live": "examples on the real controllers",
    "mirror": "copying images to a registry",
    "packages": "what users install, in what reads it: pip, CI, viewers, browsers; and upstream's initializer",
    "rules": "fixtures of the rules",
    "space": "every choice that the questions offer",
    "template": "the template and its questions",
    "upstream": "upstream's own functions and charts",
}
FILES = sorted(TESTS.rglob("test_*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(TESTS))


def modules_of(test: Path) -> list[Path]:
    """Where the module of a test may be; none where its folder mirrors no modules."""
    for folder, code in MIRRORS.items():
        if test.is_relative_to(folder):
            place = code / test.relative_to(folder).parent
            name = test.stem.removeprefix("test_")
            return [place / f"{name}.py", place / name / "__init__.py", place / f"__{name}__.py"]
    return []


def is_placed(test: Path) -> bool:
    wanted = modules_of(test)
    return not wanted or any(file.is_file() for file in wanted) or name_of(test) in OF_NO_MODULE


def test_a_test_is_where_its_module_is() -> None:
    assert [name_of(path) for path in FILES if not is_placed(path)] == []


def test_every_folder_of_tests_has_a_purpose() -> None:
    folders = {path.relative_to(TESTS).parts[:-1] for path in FILES}
    assert sorted({"".join(parts[:1]) for parts in folders} - set(PURPOSES)) == []
    deep = {parts for parts in folders if len(parts) > 1}
    assert sorted({parts[0] for parts in deep} - {folder.name for folder in MIRRORS}) == [], "one level is enough"


def test_every_exception_is_needed() -> None:
    for name in OF_NO_MODULE:
        assert (TESTS / name).is_file()
        assert not any(file.is_file() for file in modules_of(TESTS / name))


def test_every_module_of_rules_is_in_the_contract_that_keeps_rules_apart() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (
        one for one in settings["tool"]["importlinter"]["contracts"] if one["name"] == "A rule knows no other rule"
    )
    ground = {"__init__", "catalogue", "draft"}
    modules = {path.stem for path in (ROOT / "src" / "kserve_wiring" / "rules").glob("*.py")} - ground
    assert sorted(contract["modules"]) == sorted(f"kserve_wiring.rules.{name}" for name in modules)
