"""Reference pages that no document has, made of their sources: the commands and the questions."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from kserve_wiring.cli.main import parser
from tools.generate.answers_schema import answers_schema


def pages() -> dict[str, str]:
    """The text of each page by its path in the source."""
    return {
        "reference/commands.md": _commands(),
        "reference/questions.md": _questions(),
    }


def _commands() -> str:
    with patch.dict(os.environ, {"COLUMNS": "80"}):
        parts = [f"## {one.prog}\n\n```text\n{one.format_help().rstrip()}\n```\n" for one in _parsers(parser())]
    return "# Commands\n\n" + "\n".join(parts)


def _parsers(of: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield of
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                yield from _parsers(action.choices[choice.dest])


def _questions() -> str:
    rows = [
        f"| `{name}` | {_type(answer)} | {_value(answer)} | {_cell(answer['description'])} |"
        for name, answer in answers_schema()["properties"].items()
    ]
    intro = "A default that depends on other answers is not shown.\n\n"
    return f"# Questions\n\n{intro}| answer | type | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    types = schema.get("type", "any")
    return " or ".join(types) if isinstance(types, list) else str(types)


def _value(schema: dict[str, Any]) -> str:
    return f"`{_cell(json.dumps(schema['default']))}`" if "default" in schema else ""


def _cell(text: str) -> str:
    """Text of a table: Markdown's own characters in it are no markup."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
