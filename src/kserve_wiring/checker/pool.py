# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Processes that are forked from this one, with what it has read, rendered and compiled."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor


def forked(most: int | None = None) -> ProcessPoolExecutor | None:
    """A process for each processor, at most so many. None where nothing can be forked.

    That is without semaphores, too, as in a container without /dev/shm.
    """
    if "fork" not in multiprocessing.get_all_start_methods():
        return None
    processes = min(os.cpu_count() or 1, most or 61)
    try:
        return ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), initializer=_leave_interrupts)
    except (OSError, ImportError):
        return None


def _leave_interrupts() -> None:
    """Ctrl-C reaches all processes of a terminal: the first one ends the others, which would each print a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
