"""The manual pages: valid for the programs that show them, and complete."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kserve_wiring.cli.main import parser
from tools.generate import man_pages

PAGES = {path.stem: text for path, text in man_pages.pages().items()}
# Neither may find a fault. mandoc is the stricter one; groff is on more machines.
LINTERS = (["mandoc", "-T", "lint", "-W", "warning"], ["groff", "-mandoc", "-ww", "-z"])


def faults(text: str, folder: Path) -> str:
    """What a linter says about a page, of a release: before the first one the pages have no day."""
    command = next((command for command in LINTERS if shutil.which(command[0])), None)
    if command is None:
        pytest.skip("neither mandoc nor groff is installed")
    page = folder / "page.1"
    page.write_text(text.replace(".Dd unreleased", ".Dd 2026-11-26"), encoding="utf-8")
    done = subprocess.run([*command, page], capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_valid(name: str, tmp_path: Path) -> None:
    assert faults(PAGES[name], tmp_path) == ""


def test_a_wrong_page_is_not_valid(tmp_path: Path) -> None:
    assert faults(PAGES["kserve-wiring"].replace(".El\n", ".Zz\n"), tmp_path) != ""


def test_each_command_has_a_page_that_the_first_one_names() -> None:
    (commands,) = (action.choices for action in parser()._actions if isinstance(action.choices, dict))
    assert set(PAGES) == {"kserve-wiring"} | {f"kserve-wiring-{name}" for name in commands}
    assert set(re.findall(r"(?m)^\.It Xr (\S+) 1$", PAGES["kserve-wiring"])) == set(PAGES) - {"kserve-wiring"}


def test_what_a_page_says_of_an_option() -> None:
    page = PAGES["kserve-wiring-check"]
    assert ".It Fl h , Fl \\-help\nShow this help message and exit.\n" in page
    assert ".It Fl o Ar text|json|sarif|junit|github|gitlab , Fl \\-format Ar text|json|" in page
    assert ".Op Fl \\-offline\n" in page
    assert "registry\\-insecure" not in page, "an old spelling, which --help hides, too"


def test_the_actions_of_a_command_are_on_its_page() -> None:
    page = PAGES["kserve-wiring-fleet"]
    assert re.findall(r"(?m)^\.Ss (\S+)$", page) == ["generate", "status", "promote", "check"]
    assert ".Nm kserve-wiring fleet promote\n" in page
    assert ".Op Fl \\-dry\\-run\n.Ar FROM\n.Ar TO\n" in page


def test_a_line_that_begins_like_a_request_is_text() -> None:
    assert man_pages._text("No. It reads C:\\x and\n.kserve-wiring.yaml") == (
        "No.\nIt reads C:\\ex and .kserve\\-wiring.yaml\n"
    )
    assert man_pages._text(".kserve-wiring.yaml").startswith("\\&.kserve")
