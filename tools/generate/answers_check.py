"""The check of given answers before Copier asks, from the questions of copier.yml; make generate writes it.

For an invalid answer of a file or of --data, Copier raises ValueError (copier/_user_data.py, validate_answer), of
which its command line prints a traceback: only a UserMessageError is a line (copier/_cli.py, _handle_exceptions). But
Copier prints `_message_before_copy` before it reads an answer. So this template goes through the questions as Copier
does, with the same defaults, conditions, choices and validators, and holds what the first validator says. Without
prompts it knows every answer; with prompts, and in an update, it checks the given answers that depend on no other
one, and answers_fit.py the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from jinja2 import Environment, meta

from tools.console import ROOT
from tools.generate.answers_schema import NO_ANSWER, QUESTIONS, choices

TARGET = ROOT / "includes" / "answers_check.jinja"
HEAD = """\
{# Written by make generate: edit copier.yml. Sets `problem` to what is wrong with the first answer that is invalid. #}
{% from 'includes/answers.jinja' import as_a_whole, updated with context %}
{% set problem, UNSET, checking, given = as_a_whole().strip(), '', true, _copier_conf.data %}
{# Whether every answer is known: an update takes most from the environment, and prompts add others. #}
{% set whole = _copier_conf.defaults and not updated() %}
"""
# An import of macros that read no answer but those that Copier was given: once for the whole template, because Jinja
# compiles each import with context into a dictionary of all variables.
IMPORT = re.compile(r"\{%-? from '(includes/(answers|validators)\.jinja)' import ([\w, ]+?)( with context)? -?%\}\s*")
# How the value of each type is read from text. Other types need nothing.
READ = {
    "bool": "{% set NAME = (NAME | string | trim | lower) in ['y', 'yes', 't', 'true', 'on', '1'] %}",
    "yaml": "{% if NAME is string and not NAME.startswith('add this answer: ') %}"
    "{% set NAME = NAME | from_yaml %}{% endif %}",
    "json": "{% if NAME is string %}{% set NAME = NAME | from_json %}{% endif %}",
}
JINJA = Environment(extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"], autoescape=True)
# The variables of the check itself.
OWN = {"problem", "given", "whole", "said", "unknown", "UNSET"}
# What validators may read without depending on another answer.
CONTEXT = {"_copier_conf", "_copier_answers"}


def text() -> str:
    """The whole template: a block for each question, up to the last that can be invalid."""
    questions = yaml.safe_load(QUESTIONS.read_text(encoding="utf-8"))
    names = [name for name in questions if not name.startswith("_") and name != NO_ANSWER]
    last = max(names.index(name) for name in names if {"validator", "choices"} & questions[name].keys())
    blocks = "".join(_block(name, questions[name]) for name in names[: last + 1])
    computed = {name for name in names if questions[name].get("when") is False}
    imports, blocks = imports_first(blocks)
    return HEAD + imports + "".join(map(_given, sorted(variables(imports + blocks) - CONTEXT - computed))) + blocks


def imports_first(blocks: str) -> tuple[str, str]:
    """The imports of such macros, each file once, and the lines without them."""
    macros: dict[str, set[str]] = {}
    for file, _, names, context in IMPORT.findall(blocks):
        macros.setdefault(f"'{file}' import {{}}{context}", set()).update(names.split(", "))
    lines = (f"{{% from {form.format(', '.join(sorted(names)))} %}}\n" for form, names in sorted(macros.items()))
    return "".join(lines), IMPORT.sub("", blocks)


def _given(name: str) -> str:
    """Set the variable of a given answer first, because a question may depend on an answer to a later one."""
    return when_true(f"'{name}' in given", f"{{% set {name} = given['{name}'] %}}") + "\n"


def _block(name: str, question: dict[str, Any]) -> str:
    """The lines of one question: its value, and what is wrong with it."""
    when = question.get("when", True)
    checks = checks_of(name, question) if when is not False else ""
    known = "whole"
    if checks and depends_on_itself(name, checks):
        known = f"(whole or '{name}' in given)"
    value = when_true(f"'{name}' not in given", set_default(name, question["default"])) + reading(name, question)
    if when is not True:
        checks = checks and when_true(f"'{name}' in given or {condition(when)}", checks)
    return when_true(f"not problem and {known}", f"\n{value}\n{checks}\n") + "\n"


def depends_on_itself(name: str, checks: str) -> bool:
    """Whether the checks of an answer read no other one."""
    return variables(checks) <= CONTEXT | {name}


def reading(name: str, question: dict[str, Any]) -> str:
    """Read the text of a question's variable as its type."""
    return READ.get("yaml" if question.get("multiselect") else question["type"], "").replace("NAME", name)


def condition(when: str) -> str:
    """The condition of `when`, a template of one expression, as an expression."""
    return f"({when.removeprefix('{{').removesuffix('}}').strip()})"


def set_default(name: str, default: Any) -> str:
    """Set a question's variable to its default, a template or a value."""
    if isinstance(default, str) and "{" in default:
        return f"{{% set {name} %}}{default}{{% endset %}}"
    return f"{{% set {name} = {json.dumps(default)} %}}"


def checks_of(name: str, question: dict[str, Any]) -> str:
    """Set `problem` to what a choice's or the question's validator says about the value."""
    parts = []
    if "needed(" in str(question["default"]):
        parts.append(when_true(f"{name} is string and {name}.startswith('add this answer: ')", _problem(name, name)))
    if "choices" in question:
        parts += _choices(name, question)
    if "validator" in question:
        parts.append(_said(name, question["validator"]))
    return "\n".join(parts)


def _choices(name: str, question: dict[str, Any]) -> Iterator[str]:
    """Set `problem` for what is no choice, and to what the validator of the choice says."""
    values = json.dumps(choices(question))
    each = name if question.get("multiselect") else f"[{name}]"
    message = f"'choose another: ' ~ unknown[0] ~ ' is none of ' ~ {values} | join(', ')"
    unknown = f"{{% set unknown = {each} | reject('in', {values}) | list %}}"
    yield when_true("not problem", unknown + when_true("unknown", _problem(name, message)))
    for choice in question["choices"].values():
        if isinstance(choice, dict) and "validator" in choice:
            yield when_true(f"{name} == {json.dumps(choice['value'])}", _said(name, choice["validator"]))


def _said(name: str, validator: str) -> str:
    """Set `problem` to what a validator prints, if nothing is wrong before it."""
    said = f"{{% set said %}}{validator}{{% endset %}}"
    return when_true("not problem", said + when_true("said.strip()", _problem(name, "said.strip()")))


def _problem(name: str, message: str) -> str:
    return f"{{% set problem = '{name}: ' ~ {message} %}}"


def when_true(condition: str, body: str) -> str:
    return f"{{% if {condition} %}}{body}{{% endif %}}"


def variables(template: str) -> set[str]:
    """The variables that a template reads before it sets them."""
    return meta.find_undeclared_variables(JINJA.parse(template)) - OWN
