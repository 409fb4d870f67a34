"""The JSON Schema of an answers file, from the questions of copier.yml; make generate writes it.

Editors use it for completion, and `.copier-answers.yml` refers to its copy in the environment. The validators of
copier.yml use it to find unknown answers and non-booleans, because Copier ignores the former and reads any text as true
(copier/_tools.py, cast_to_bool), and answers without effect.
"""

from __future__ import annotations

from typing import Any

import yaml

from tools.console import ROOT

QUESTIONS = ROOT / "copier.yml"
SCHEMA = ROOT / "template" / "schemas" / "answers.schema.json"
# A prompt whose answer nothing uses.
NO_ANSWER = "confirmation"
# What a YAML answer may be, unless its default shows it.
YAML_TYPES = {"tenants": ["array", "string"], "image_digests": "object"}


def choices(question: dict[str, Any]) -> list[Any]:
    """The values of a question's choices. A choice is a value, or a mapping of value and validator."""
    return [choice["value"] if isinstance(choice, dict) else choice for choice in question["choices"].values()]


def answer_schema(name: str, question: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of one answer. Omits a default that depends on other answers, a Jinja template."""
    described = {"description": " ".join(question["help"].split())}
    default = question["default"]
    if not isinstance(default, str) or "{" not in default:
        described["default"] = default
    if question.get("multiselect"):
        return described | {"type": "array", "items": {"enum": choices(question)}}
    if "choices" in question:
        return described | {"type": "string", "enum": choices(question)}
    if question["type"] == "yaml":
        return described | {"type": YAML_TYPES.get(name) or ("array" if isinstance(default, list) else "object")}
    return described | {"type": "boolean" if question["type"] == "bool" else "string"}


def asked() -> dict[str, Any]:
    """The questions that have an answer, by name."""
    questions = yaml.safe_load(QUESTIONS.read_text(encoding="utf-8"))
    return {
        name: question
        for name, question in questions.items()
        if not name.startswith("_") and question.get("when") is not False and name != NO_ANSWER
    }


def answers_schema() -> dict[str, Any]:
    """The JSON Schema of an answers file: every question that Copier asks, and what Copier itself records."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Answers of copier-kserve",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: answer_schema(name, question) for name, question in asked().items()},
        "patternProperties": {"^_": {}},
    }
