"""The check of an answer that is valid or not depending on others, just before Copier uses it; make generate writes it.

Copier ends in a traceback when such an answer is given (see answers_check.py) or when the default of a question is
invalid (copier/_user_data.py, get_default), also where it would ask for another. It forgets an earlier answer that is
invalid (copier/_main.py, _ask). Each comes after `ask` of the question was rendered, with all answers to the questions
before it, so that `ask` of each such question calls the macro `fits` of includes/answers.jinja, and that this template.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from tools.console import ROOT
from tools.generate.answers_check import (
    checks_of,
    condition,
    depends_on_itself,
    imports_first,
    reading,
    set_default,
)
from tools.generate.answers_schema import NO_ANSWER, QUESTIONS

TARGET = ROOT / "includes" / "answers_fit.jinja"
HEAD = """\
{# Written by make generate: edit copier.yml. What is wrong with the answer that Copier would use for a question: the
   given one, the earlier one, which is defined, or the default. `asked`: a person may type another, unless it is given.
   `follows`: earlier answers that were a default, which may change. #}
{% macro misfit(name, asked, follows) %}
{% set problem, UNSET, checking, given = '', '', true, _copier_conf.data %}
"""
BLOCK = """\
{% if name == 'NAME' and ('NAME' in given or WHEN) %}
{% set unused = NAME is not defined %}
{% if not unused %}{% set earlier = NAME %}READ
CHECKS
{% set unused = problem and 'NAME' not in given and (asked or earlier in follows) %}{% endif %}
{% if unused %}{% set problem = '' %}{% if USED %}DEFAULTREAD
CHECKS{% endif %}{% endif %}
{% endif %}
"""
FOOT = """\
{{ problem }}
{%- endmacro %}
"""


def text() -> str:
    """The whole template: a block for each of these questions."""
    imports, blocks = imports_first("".join(_block(name, question) for name, question in questions().items()))
    return HEAD + imports + blocks + FOOT


def questions() -> dict[str, dict[str, Any]]:
    """The questions with an answer that is valid or not depending on others: those that `ask` must check."""
    found = yaml.safe_load(QUESTIONS.read_text(encoding="utf-8"))
    asked = {name: found[name] for name in found if not name.startswith("_") and name != NO_ANSWER}
    return {name: one for name, one in asked.items() if one.get("when") is not False and _depends(name, one)}


def _depends(name: str, question: dict[str, Any]) -> bool:
    """Whether other answers decide: the validator names them, its imports see them, or it looks for them."""
    checks = checks_of(name, question)
    seen = "no_effect(" in checks or ("includes/lists.jinja" in checks and "with context" in checks)
    return bool(checks) and (seen or not depends_on_itself(name, checks))


def _block(name: str, question: dict[str, Any]) -> str:
    """The lines of one question: the given or the earlier answer, and then the default where Copier would use that."""
    parts = {
        "WHEN": condition(question["when"]) if "when" in question else "true",
        # Without prompts a default is never missing, or `needed` has ended the run.
        "USED": "_copier_conf.defaults" if "UNSET" in str(question["default"]) else "true",
        "READ": reading(name, question),
        "CHECKS": checks_of(name, question),
        "DEFAULT": set_default(name, question["default"]),
        "NAME": name,
    }
    return re.sub("|".join(parts), lambda found: parts[found[0]], BLOCK)
