# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Exit codes, and errors of one line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

OK, FINDINGS, FAILED = 0, 1, 2
"""Nothing to report; findings or differences; could not run, or could not read everything."""


class UsageError(Exception):
    """The command cannot do what the user asked for. One line; exit code 2."""


def fail(message: str) -> int:
    """Print one line to standard error and return the exit code."""
    print(f"kserve-wiring: {message}", file=sys.stderr)
    return FAILED


def guarded(run: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    """The exit code of a command. What stops it is one line on standard error."""
    try:
        return int(run(arguments))
    except UsageError as error:
        return fail(str(error))
    except BrokenPipeError:
        sys.stderr.close()  # else Python reports the broken pipe again at exit
        return FAILED
    except KeyboardInterrupt:
        return fail("interrupted")
    except Exception as error:
        return fail(f"internal error: {type(error).__name__}: {error}; please report it with the input")
