"""The commands that a Markdown document prints, in order."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

# What a command begins with, so that other code (`values/`, `kserve.yaml`) is not mistaken for one.
PROGRAMS = """
argocd cat cd copier curl docker for git hauler helm helmfile kserve-wiring kubectl kustomize make oras pip pipx python
python3 skopeo uv zarf .ci/run .venv/bin/python
""".split()  # noqa: SIM905 - a list of words is easier to read
ASSIGNMENTS = re.compile(r"^([A-Z_]+=\S+ )+")


@dataclass(frozen=True)
class Command:
    """A command at a line of a document, in a block or in the text. output: what the document shows below it."""

    text: str
    line: int
    heading: str
    block: bool
    output: str = field(default="", compare=False)


def commands(markdown: str) -> list[Command]:
    """All commands: in blocks and in the text, in tables and in `run:` of a CI configuration."""
    found, heading = [], ""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = tokens[number + 1].content
        line = (token.map or [0])[0] + 1
        if token.type == "inline":
            line = _line(tokens, number)
        found += [
            Command(text, line + offset, heading, token.type != "inline", output) for offset, text, output in _of(token)
        ]
    return found


def comments(yaml: str) -> str:
    """The comments of a YAML file as Markdown, each block a paragraph, on the lines of the file."""
    lines = (re.match(r"\s*#+ ?(.*)", line) for line in yaml.splitlines())
    return "\n".join(line[1].strip() if line else "" for line in lines)


def files(markdown: str) -> dict[str, str]:
    """The files that a document shows: a block whose first line is a comment with a file's name."""
    blocks = [token.content for token in MarkdownIt("commonmark").parse(markdown) if token.type == "fence"]
    named = ((re.match(r"# ([\w./-]+\.\w+)(?::.*)?\n", block), block) for block in blocks)
    return {name[1]: block for name, block in named if name}


def is_command(text: str) -> bool:
    """True for a program with arguments; a program's name alone is not a command."""
    words = ASSIGNMENTS.sub("", text).split()
    return len(words) > 1 and words[0] in PROGRAMS


def _line(tokens: list[Token], number: int) -> int:
    """Cells of a table have no line of their own: that of their row."""
    return next(((token.map or [0])[0] + 1 for token in reversed(tokens[: number + 1]) if token.map), 1)


def _of(token: Token) -> Iterator[tuple[int, str, str]]:
    """(offset of the line, command, output) of one token."""
    lines = token.content.splitlines()
    if token.type == "fence" and token.info == "console":
        yield from _block(lines, 1)
    elif token.type == "code_block" or token.info in ("sh", "bash"):
        prompted = [f"$ {line}" if is_command(line) and line[0] != " " else line for line in lines]
        yield from _block(prompted, 0 if token.type == "code_block" else 1)
    elif token.type == "fence" and token.info == "yaml":
        for offset, line in enumerate(lines, 1):
            if run := re.match(r"\s*- run: (.+)", line):
                yield offset, run[1], ""
    for child in token.children or ():
        if child.type == "code_inline" and is_command(child.content):
            yield 0, re.sub(r"\s+", " ", child.content), ""


def _block(lines: list[str], first: int) -> Iterator[tuple[int, str, str]]:
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in pairwise([*starts, len(lines)]):
        text, rest = lines[start][2:], lines[start + 1 : end]
        while rest and _incomplete(text):
            text += "\n" + rest.pop(0)
        yield first + start, re.sub(r"\s{2,}# .*$", "", text), "".join(f"{line}\n" for line in rest)


@cache
def _incomplete(text: str) -> bool:
    """True if the shell waits for more lines."""
    if text.endswith("\\"):
        return True
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    return "unexpected end of file" in done.stderr
