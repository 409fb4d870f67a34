# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Where output goes: a file or standard output, with or without colour, through a pager or not."""

from __future__ import annotations

import contextlib
import itertools
import os
import pydoc
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kserve_wiring.cli.exit import UsageError

COLOURS = ("auto", "always", "never")


def add_color(parser: Any) -> None:
    """Add the flag --color."""
    text = "colour of text (default: auto, on a terminal unless NO_COLOR is set)"
    parser.add_argument("--color", choices=COLOURS, default="auto", help=text)


def coloured(choice: str, *, file: str | None = None) -> bool:
    """Whether text has colour. NO_COLOR is that of https://no-color.org; the flag overrides it."""
    if choice != "auto":
        return choice == "always"
    return file is None and not os.environ.get("NO_COLOR") and sys.stdout.isatty()


def fit_terminal(*, file: str | None = None) -> None:
    """Wrap text for the width of the terminal, if it goes there; $COLUMNS overrides it."""
    from kserve_wiring.formats.terminal import fit

    if file is None and sys.stdout.isatty():
        fit(shutil.get_terminal_size().columns)


def is_screen() -> bool:
    """Whether standard output is a terminal that can be cleared."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def clear() -> None:
    """Clear the terminal, and what can be scrolled back to."""
    print("\x1b[H\x1b[2J\x1b[3J", end="", flush=True)


def write(text: str, file: str | None) -> None:
    """Write to standard output, or replace the file as a whole. Raises UsageError."""
    if file is None:
        sys.stdout.write(text)
        return
    if not file:
        raise UsageError("--output-file: the name of the file is empty")
    target = Path(file)
    # Not a regular file: /dev/stdout, a pipe; a folder is an error of its own.
    part = target if target.exists() and not target.is_file() else target.with_name(f"{target.name}.part")
    try:
        part.write_text(text, encoding="utf-8", errors="backslashreplace")
        if part is not target:
            part.replace(target)
    except OSError as error:
        raise UsageError(f"--output-file: cannot write {file}: {error.strerror}") from None


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show on a terminal that the command waits, and for what. The line is gone afterwards."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_spin, args=(what, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _spin(what: str, ended: threading.Event) -> None:
    for mark in itertools.cycle("|/-\\"):
        print(f"\r{mark} {what}", end="", file=sys.stderr, flush=True)
        if ended.wait(0.1):
            break
    print(f"\r{' ' * (len(what) + 2)}\r", end="", file=sys.stderr, flush=True)


def page(text: str) -> None:
    """Write to the pager if standard input and output are terminals, else to standard output."""
    if sys.stdin.isatty() and sys.stdout.isatty() and len(text.splitlines()) >= _rows():
        os.environ.setdefault("LESS", "FRX")  # as git: keep colours, and leave the text on the screen
        pydoc.pager(text)
    else:
        sys.stdout.write(text)


def _rows() -> int:
    return os.get_terminal_size(sys.stdout.fileno()).lines
