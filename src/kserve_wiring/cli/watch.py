# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""``check --watch``: check again at every change of a file, until Ctrl-C.

Files are looked at twice a second. That needs no library, and it works where no events arrive: in containers, and on
file systems of the network. Each check is a process of its own, because a check keeps what it has read.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from kserve_wiring.cli.exit import FAILED, UsageError, guarded
from kserve_wiring.cli.options import FILE
from kserve_wiring.cli.output import clear, is_screen

INTERVAL = 0.5
"""Seconds between two looks; as long must nothing change before the next check."""

State = Mapping[str, tuple[int, int]]
"""Time and size of each file."""


def watch(arguments: argparse.Namespace, check: Callable[[argparse.Namespace], int]) -> int:
    """Check until Ctrl-C, and return the exit code of the last check. Raises UsageError."""
    _refuse(arguments)
    code, screen = FAILED, arguments.output_file is None and is_screen()
    with contextlib.suppress(KeyboardInterrupt):
        state = _state(arguments)
        while True:
            if screen:
                clear()
            code = _checked(check, arguments)
            if screen:
                print(f"\nWatching {len(state)} files. Ctrl-C ends.", file=sys.stderr)
            before, state = state, _next(arguments, state)
            if not screen:
                print(f"kserve-wiring: {_difference(before, state)} changed", file=sys.stderr, flush=True)
    return code


def _refuse(arguments: argparse.Namespace) -> None:
    if "-" in arguments.paths:
        raise UsageError("--watch looks at files: name them instead of -")
    if arguments.fix or arguments.diff:
        raise UsageError(f"--watch only checks: remove it or {'--fix' if arguments.fix else '--diff'}")


def _checked(check: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    """The exit code of a check in a process of its own, which ends with this one."""
    fork = "fork" in multiprocessing.get_all_start_methods()
    process = multiprocessing.get_context("fork" if fork else None).Process(target=_child, args=(check, arguments))
    process.start()
    try:
        process.join()
    except KeyboardInterrupt:
        # Not the process alone: it may have started helm, or others that check environments.
        with contextlib.suppress(OSError, AttributeError):
            os.killpg(process.pid or 0, signal.SIGTERM)
        process.terminate()
        process.join()
        raise
    # Negative: a signal has ended it.
    return FAILED if process.exitcode is None or process.exitcode < 0 else process.exitcode


def _child(check: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> None:
    """A group of processes of its own, so that Ctrl-C reaches only the process that watches."""
    with contextlib.suppress(AttributeError):  # none on Windows
        os.setpgrp()
    sys.exit(guarded(check, arguments))


def _next(arguments: argparse.Namespace, state: State) -> State:
    """The next state that differs and has come to rest: an editor writes a file in several steps."""
    latest = state
    while True:
        time.sleep(INTERVAL)
        earlier, latest = latest, _state(arguments)
        if latest == earlier != state:
            return latest


def _difference(before: State, after: State) -> str:
    """The file that changed, was added or removed; of several, the first and their number."""
    first, *more = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return f"{first} and {len(more)} more" if more else first


def _state(arguments: argparse.Namespace) -> State:
    written = Path(arguments.output_file).absolute() if arguments.output_file else None
    found = {}
    for file in _files(arguments):
        with contextlib.suppress(OSError):  # removed in the meantime
            status = file.stat()
            if file.absolute() != written:
                found[str(file)] = (status.st_mtime_ns, status.st_size)
    return found


def _files(arguments: argparse.Namespace) -> Iterator[Path]:
    """The files of which the check may read some. Those of git and of programs for their own are in hidden folders."""
    from kserve_wiring.manifests.folders import visible, walk

    others = (arguments.config or FILE, arguments.facts, arguments.baseline, arguments.charts)
    for path in map(Path, [*arguments.paths, *filter(None, others)]):
        if not path.is_dir():
            yield path
            continue
        for place, folders, files in walk(path, arguments.exclude):
            folders[:] = visible(folders)
            yield from (Path(place, name) for name in files)
