# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Exit codes, and errors of one line."""

from __future__ import annotations

import sys

OK, FINDINGS, FAILED = 0, 1, 2
"""Nothing to report; findings or differences; could not run, or could not read everything."""


class UsageError(Exception):
    """The command cannot do what the user asked for. One line; exit code 2."""


def fail(message: str) -> int:
    """Print one line to standard error and return the exit code."""
    print(f"kserve-wiring: {message}", file=sys.stderr)
    return FAILED
