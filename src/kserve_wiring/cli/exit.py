# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""How a command ends."""

from __future__ import annotations

import sys

OK, FINDINGS, FAILED = 0, 1, 2
"""Nothing to report; findings or differences; the command could not run, or not read everything."""


class UsageError(Exception):
    """The user asked for something that cannot be done. One line; exit code 2."""


def fail(message: str) -> int:
    """Print one line to standard error. Returns the exit code."""
    print(f"kserve-wiring: {message}", file=sys.stderr)
    return FAILED
