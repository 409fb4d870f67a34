"""Output of the tools: steps, progress of long steps, and a one-line error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
# Ignored by git: everything built, downloaded or generated.
BUILD = ROOT / "build"


class Stop(Exception):
    """The tool cannot continue. The message is one line with the change to make; the exit code is 2."""


def step(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)


def note(text: str) -> None:
    print(f"    {text}", file=sys.stderr, flush=True)


def shown(path: Path) -> str:
    """The path as a person types it: relative to the working directory if it is below it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


class Heartbeat:
    """Print now and then that a long step is still running, so that neither a person nor a CI log sees silence.

    `tick(text)` may be called at any rate; it prints at most once in `every` seconds.
    """

    def __init__(self, every: float = 15.0) -> None:
        self._every = every
        self._start = self._last = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def tick(self, text: str) -> None:
        now = time.monotonic()
        if now - self._last >= self._every:
            self._last = now
            note(f"{text}, {self.seconds:.0f} s")


def run(main: Callable[[], int]) -> NoReturn:
    """Run a tool's main. A `Stop` becomes one line on stderr and exit code 2."""
    try:
        code = main()
    except Stop as stop:
        print(f"error: {stop}", file=sys.stderr)
        code = 2
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        code = 130
    sys.exit(code)
