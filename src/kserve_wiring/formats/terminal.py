# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Text for a terminal: wrapped, escaped, coloured; and Markdown pages formatted for it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from contextvars import ContextVar

BOLD, DIM, RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
_NARROWEST, _WIDEST = 40, 120
"""Narrower, no name of an image fits; wider, no eye finds the next line."""
_WIDTH: ContextVar[int] = ContextVar("width", default=80)


def fit(columns: int) -> None:
    """Wrap for a terminal of so many columns from now on, and not for 80."""
    _WIDTH.set(min(max(columns, _NARROWEST), _WIDEST))


def for_terminal(markdown: str, *, colour: bool = False) -> str:
    """Format a page for the terminal: prominent headings, indented code, links with their address."""
    lines: list[str] = []
    for block in _blocks(markdown):
        if block.startswith("```"):
            lines += _code(block, colour)
        elif block.startswith("#"):
            lines += _heading(block, colour)
        else:
            lines += _text(block)
        lines.append("")
    return "\n".join(lines)


def _blocks(markdown: str) -> Iterator[str]:
    """The paragraphs, headings, lists and fenced blocks, without comments."""
    for part in re.split(r"^(```.*?^```)$", markdown, flags=re.DOTALL | re.MULTILINE):
        if part.startswith("```"):
            yield part
            continue
        for block in re.sub(r"<!--.*?-->\n?", "", part, flags=re.DOTALL).split("\n\n"):
            if block.strip():
                yield block.strip("\n")


def _code(block: str, colour: bool) -> list[str]:
    lines = block.splitlines()[1:-1]
    return [f"    {DIM}{line}{RESET}" if colour and line else f"    {line}".rstrip() for line in lines]


def _heading(block: str, colour: bool) -> list[str]:
    text = block.lstrip("#").strip()
    wrapped = textwrap.wrap(text if block.startswith("# ") else text.upper(), _WIDTH.get())
    return [f"{BOLD}{line}{RESET}" if colour else line for line in wrapped]


def _text(block: str) -> list[str]:
    items = re.split(r"\n(?=- )", block)
    return [line for item in items for line in _wrap(_without_links(" ".join(item.split())))]


def _without_links(text: str) -> str:
    """Drop links to other files, which lead nowhere in a terminal; write out links to the web."""
    text = _LINK.sub(lambda link: f"{link[1]} <{link[2]}>" if "://" in link[2] else "", text)
    return text.strip()


def _wrap(text: str) -> list[str]:
    indent = "  " if text.startswith("- ") else ""
    return textwrap.wrap(text, _WIDTH.get(), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def plain(text: str) -> str:
    """Make control characters visible: a manifest must not control the terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def wrap(text: str, first: str, rest: str) -> list[str]:
    wrapped = textwrap.wrap(
        plain(" ".join(text.split())),
        _WIDTH.get(),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapped or [first]


def paint(text: str, code: str, colour: bool) -> str:
    return f"{code}{text}{RESET}" if colour and text else text
