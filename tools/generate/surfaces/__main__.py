"""Write surfaces/*.yaml from the pinned modules, and keep the accounts of their entries.

Usage: python -m tools.generate.surfaces [--check]
"""

from __future__ import annotations

import sys

from tools.generate.surfaces import accounts, upstream
from tools.generate.written import write_or_check


def main() -> int:
    """Write the files, or with --check name the stale ones; return the exit code."""
    files = accounts.texts(accounts.accounted(upstream.read(), accounts.written()))
    return write_or_check(files, "tools.generate.surfaces")


if __name__ == "__main__":
    sys.exit(main())
