"""Write generated files, or with --check only say which are stale."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from tools.console import note, shown


def write_or_check(files: Mapping[Path, str], command: str) -> int:
    """The exit code: 1 if --check finds a stale file. files: text by path. command: the module that writes them."""
    stale = {path: text for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text}
    for path, text in stale.items():
        if "--check" in sys.argv[1:]:
            note(f"{shown(path)} is stale: run python -m {command}")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            note(f"wrote {shown(path)}")
    return 1 if stale and "--check" in sys.argv[1:] else 0
