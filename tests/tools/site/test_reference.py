"""The references have everything that their sources have."""

from __future__ import annotations

import re

from kserve_wiring.cli.main import parser
from tools.generate.answers_schema import asked
from tools.site import reference

PAGES = {path.removeprefix("reference/"): text for path, text in reference.pages().items()}


def test_each_question_is_a_row() -> None:
    assert re.findall(r"(?m)^\| `(\w+)` \|", PAGES["questions.md"]) == list(asked())


def test_each_command_and_action_has_its_help() -> None:
    headings = re.findall(r"(?m)^## kserve-wiring ?(.*)$", PAGES["commands.md"])
    (commands,) = (action.choices for action in parser()._actions if isinstance(action.choices, dict))
    assert {*commands, "", "fleet promote"} <= set(headings)
    assert "--output-file FILE" in PAGES["commands.md"]
    assert max(map(len, PAGES["commands.md"].splitlines())) <= 90, "as a terminal of 80 columns shows it, but choices"


def test_a_cell_is_one() -> None:
    assert reference._cell("a | b\n <c>") == "a \\| b &lt;c>"
