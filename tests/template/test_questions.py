"""The questions of copier.yml and the files generated from the answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tools.generate import answers_schema

QUESTIONS: dict[str, Any] = {
    name: question
    for name, question in yaml.safe_load(answers_schema.QUESTIONS.read_text(encoding="utf-8")).items()
    if not name.startswith("_")
}
ASKED = {name: question for name, question in QUESTIONS.items() if question.get("when") is not False}


@pytest.mark.parametrize("name", ASKED)
def test_every_question_has_help_and_a_default(name: str) -> None:
    assert ASKED[name]["help"].strip()
    assert "default" in ASKED[name]


@pytest.mark.parametrize("name", ASKED)
def test_help_is_not_cut_off_by_a_terminal_of_80_columns(name: str) -> None:
    """Copier indents it by three columns, and prompt_toolkit does not wrap the lines above the input line."""
    assert max(len(line) for line in ("   " + ASKED[name]["help"]).splitlines()) <= 80


@pytest.mark.parametrize("name", ASKED)
def test_every_free_text_is_validated(name: str) -> None:
    question = ASKED[name]
    if question["type"] in {"str", "yaml"} and "choices" not in question:
        assert "validator" in question


def test_every_answer_without_effect_is_refused() -> None:
    """By the validator of a question that it depends on; `offline` has its own."""
    calls = re.findall(r"no_effect\(\[(.+?)\]", answers_schema.QUESTIONS.read_text(encoding="utf-8"), re.DOTALL)
    named = {name for call in calls for name in re.findall(r"'(\w+)'", call)}
    dependent = {name for name, question in answers_schema.asked().items() if question.get("when", True) is not True}
    assert dependent - named == {"offline"}


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_question_asks_for_a_secret_value(name: str) -> None:
    assert not QUESTIONS[name].get("secret")
    assert not {"password", "token", "key_value"} & set(name.split("_"))
