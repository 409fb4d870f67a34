"""A rule is a folder and a function: what is missing of one is named in one line."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from kserve_wiring.checker.apply import known_codes
from kserve_wiring.rules.catalogue import Rule, catalogue
from tools.generate.rule_faults import code_faults, folder_faults, open_placeholders
from tools.rules import RULES, read_folder, rule_folders

Break = Callable[[Path], object]
FOLDERS = rule_folders()
ACTIVE = [code for code, folder in FOLDERS.items() if not folder.retired]


@pytest.mark.parametrize("code", FOLDERS)
def test_a_folder_is_complete(code: str) -> None:
    assert list(folder_faults(FOLDERS[code])) == []


def test_folders_and_functions_fit() -> None:
    assert list(code_faults(FOLDERS, known_codes())) == []


@pytest.mark.parametrize("code", ACTIVE)
def test_a_fixture_fills_every_placeholder(code: str) -> None:
    assert list(open_placeholders(FOLDERS[code])) == []


def test_only_folders_of_rules_are_there() -> None:
    assert {path.name for path in RULES.iterdir()} == {*FOLDERS, "README.md", "not-covered.yaml"}


def edit(pattern: str, new: str) -> Break:
    """Replace in rule.yaml what a pattern matches at the beginning of a line."""

    def replace(folder: Path) -> None:
        file = folder / "rule.yaml"
        text, count = re.subn(pattern, new, file.read_text("utf-8"), flags=re.MULTILINE)
        assert count == 1
        file.write_text(text, "utf-8")

    return replace


def remove(pattern: str) -> Break:
    """Remove the files of a pattern."""

    def unlink(folder: Path) -> None:
        paths = list(folder.glob(pattern))
        assert paths
        for path in paths:
            path.unlink()

    return unlink


def together(*breaks: Break) -> Break:
    """One after the other."""

    def run(folder: Path) -> None:
        for one in breaks:
            one(folder)

    return run


FILE = "rules/KW104/rule.yaml"
BROKEN: dict[str, tuple[Break, list[str]]] = {
    "no rule.yaml": (remove("rule.yaml"), [f"{FILE} is missing or empty"]),
    "an empty rule.yaml": (lambda folder: (folder / "rule.yaml").write_text(""), [f"{FILE} is missing or empty"]),
    "a key is missing": (edit(r"^how_to_fix:.*\n(  .*\n)*", ""), [f"{FILE}: the key how_to_fix is missing"]),
    "a key is empty": (edit(r"^title: .*$", 'title: ""'), [f"{FILE}: the key title is missing"]),
    "a key is unknown": (
        edit(r"^how_to_fix:", "mend:"),
        [f"{FILE}: the key how_to_fix is missing", f"{FILE}: unknown key mend"],
    ),
    "a level is unknown": (
        edit(r"^level: .*$", "level: fatal"),
        [f"{FILE}: level is fatal, which is none of error, warning, info"],
    ),
    "a fact is unknown": (edit(r"^wire:", "needs: [weather]\nwire:"), [f"{FILE}: needs has weather, which is no fact"]),
    "no bad fixture": (
        together(remove("bad-*.yaml"), edit(r"^bad: .*$", "bad: good-kept"), edit(r"^reports:\n(  .*\n)*", "")),
        [
            f"{FILE}: the key reports is missing",
            "rules/KW104: there is no fixture bad-*.yaml",
            f"{FILE}: bad is good-kept, which is no bad fixture",
        ],
    ),
    "no good fixture": (
        together(remove("good-*.yaml"), edit(r"^good: .*$", "good: bad-replaced"), edit(r", good-kept\]", "]")),
        [
            "rules/KW104: there is no fixture good-*.yaml",
            f"{FILE}: good is bad-replaced, which is no good fixture",
        ],
    ),
    "the page names a fixture that is not there": (
        edit(r"^bad: .*$", "bad: bad-gone"),
        [f"{FILE}: bad is bad-gone, but there is no bad-gone.yaml"],
    ),
    "a report names a fixture that is not there": (
        edit(r"good-kept\]", "good-gone]"),
        [f"{FILE}: reports has good-gone, but there is no good-gone.yaml"],
    ),
    "a file of another name": (
        lambda folder: (folder / "ugly-one.yaml").write_text("a: b\n"),
        [
            "rules/KW104/ugly-one.yaml is neither rule.yaml nor a fixture bad-*, good-*, values-bad-* or values-good-*",
        ],
    ),
    "only the chart reports it, and there are no values": (
        edit(r"^wire:", "chart_only: true\nwire:"),
        [
            "rules/KW104: there is no fixture values-bad-*.yaml",
            "rules/KW104: there is no fixture values-good-*.yaml",
        ],
    ),
    "retired": (together(remove("bad-*.yaml"), edit(r"^wire:", "retired: true\nwire:")), []),
}


@pytest.mark.parametrize(("break_it", "faults"), BROKEN.values(), ids=BROKEN)
def test_what_a_broken_folder_lacks_is_named(tmp_path: Path, break_it: Break, faults: list[str]) -> None:
    folder = Path(shutil.copytree(RULES / "KW104", tmp_path / "KW104"))
    assert list(folder_faults(read_folder(folder))) == []
    break_it(folder)
    assert list(folder_faults(read_folder(folder))) == faults


FUNCTION = "there is a function with @rule"
UNFIT: dict[str, tuple[Break, Iterable[str], list[str]]] = {
    "no function": (
        lambda folder: None,
        [],
        ['rules/KW104 has no function: write one with @rule("KW104") in src/kserve_wiring/rules'],
    ),
    "no folder": (
        lambda folder: None,
        ["KW104", "KW999"],
        ["KW999 is in the code, but there is no folder rules/KW999"],
    ),
    "retired": (
        edit(r"^wire:", "retired: true\nwire:"),
        ["KW104"],
        [f'rules/KW104 is retired, but {FUNCTION}("KW104")'],
    ),
    "only the chart reports it": (
        edit(r"^wire:", "chart_only: true\nwire:"),
        ["KW104"],
        [f'rules/KW104 is chart_only, but {FUNCTION}("KW104")'],
    ),
    "retired without a function": (edit(r"^wire:", "retired: true\nwire:"), [], []),
}


@pytest.mark.parametrize(("break_it", "functions", "faults"), UNFIT.values(), ids=UNFIT)
def test_where_folder_and_function_do_not_fit(
    tmp_path: Path, break_it: Break, functions: list[str], faults: list[str]
) -> None:
    folder = Path(shutil.copytree(RULES / "KW104", tmp_path / "KW104"))
    break_it(folder)
    assert list(code_faults({"KW104": read_folder(folder)}, functions)) == faults


@pytest.mark.parametrize("key", ["message", "fix"])
@pytest.mark.parametrize("code", ["KW104", "KW107"])
def test_a_placeholder_that_nothing_fills_is_named(
    code: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copytree(RULES / code, tmp_path / code))
    edit(rf'^{key}: "', f'{key}: "{{nonsense}} ')(path)
    folder = read_folder(path)
    texts = {name: str(folder.entry[name]) for name in ("title", "level", "wire", "message", "fix")}
    monkeypatch.setitem(catalogue(), code, Rule(code=code, **texts))
    for values in path.glob("values-bad-*.yaml"):  # the chart leaves it open, too
        values.write_text(values.read_text("utf-8").replace(" values: ", " values: {nonsense} "), "utf-8")
    assert list(open_placeholders(read_folder(path))) == [
        f"rules/{code}/rule.yaml: no bad fixture fills {{nonsense}} of {key}"
    ]
