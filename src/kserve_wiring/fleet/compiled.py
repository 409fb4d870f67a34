# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Compiled texts of a template, kept in the cache folder of the user as Python keeps compiled modules.

Compiling them is two thirds of the time of the first copy in a process.
"""

from __future__ import annotations

import marshal
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

Compiled = dict[tuple[Any, ...], Any]


def kept() -> Compiled:
    """What an earlier process has kept; empty if there is nothing, or it cannot be read."""
    try:
        found = marshal.loads(_file().read_bytes())  # noqa: S302 (of the same user, as compiled modules are)
    except (OSError, ValueError, EOFError, TypeError, RuntimeError):
        return {}
    return found if isinstance(found, dict) else {}


def keep(compiled: Compiled) -> None:
    """Replace what is kept. A cache that cannot be written is no reason to fail."""
    try:
        file = _file()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = file.with_name(f"{file.name}.{os.getpid()}")
        new.write_bytes(marshal.dumps(compiled))
        new.replace(file)
    except (OSError, RuntimeError):
        return


def _file() -> Path:
    """Bytecode fits one Python, and what Jinja generates fits one Jinja with the extensions of one Copier."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kserve-wiring"
    return folder / f"copies-{sys.implementation.cache_tag}-jinja-{version('jinja2')}-copier-{version('copier')}"
