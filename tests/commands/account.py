"""Which test executes each command that a document prints: commands.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.commands.documents import Command, commands
from tools.console import ROOT

FILE = Path(__file__).with_name("commands.yaml")
# The section of commands.yaml for the documents of a generated environment.
ENVIRONMENT = "environment"
# And that for the targets of its `make help` that no document names.
HELP = "make help"
# make test, make test-registry, make test-live; .ci/run itself; a test with another name; another document; no test.
PLACES = ("plain", "registry", "live", "ci", "test", "elsewhere", "nowhere")


@dataclass(frozen=True)
class Entry:
    """What happens to a command. text: exact, or with * for any text. at: one of PLACES.

    why: the test, the section of another document, or the reason.

    exit: the status that the document announces.
    """

    text: str
    at: str
    why: str = ""
    exit: int = 0

    def covers(self, command: Command) -> bool:
        return fnmatchcase(command.text, re.sub(r"([\[?])", r"[\1]", self.text))


@cache
def entries(section: str) -> tuple[Entry, ...]:
    """The entries for a document; its section may be that of a folder."""
    sections = [listed for name, listed in data()["commands"].items() if fnmatchcase(section, name)]
    return tuple(Entry(**entry) for listed in sections for entry in listed)


@cache
def data() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded


def documents() -> list[Path]:
    """Every document of the repository that a person reads, except templates, which are read as generated."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/**/*.md")]
    found += [*ROOT.glob("rules/*.md"), *ROOT.glob("charts/*/*.md")]
    return sorted(found)


def entry_of(section: str, command: Command) -> Entry | None:
    return next((entry for entry in entries(section) if entry.covers(command)), None)


def steps(section: str, text: str, *places: str) -> Iterator[tuple[Command, Entry]]:
    """The commands of a document that are executed at one of the places, in order, each text in a row once."""
    before = ""
    for command in once(commands(text)):
        entry = entry_of(section, command)
        if entry and entry.at in places and command.text != before:
            before = command.text
            yield command, entry


def once(found: Iterable[Command]) -> list[Command]:
    """Without a command in the running text that a block prints as well: the block says when to type it."""
    listed = list(found)
    blocks = {command.text for command in listed if command.block}
    return [command for command in listed if command.block or command.text not in blocks]


def typed(text: str, values: dict[str, str]) -> str:
    """A command with the placeholders replaced that a person replaces, and with {name} of those by `values`."""
    for placeholder, value in data()["placeholders"].items():
        text = re.sub(rf"(?<![\w-]){re.escape(placeholder)}(?![\w-])", lambda _, new=value: new.format(**values), text)
    return text
