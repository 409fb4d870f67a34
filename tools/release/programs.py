"""Call another program."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.console import Stop


def call(command: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None) -> str:
    """Run it in a folder and return its output. variables: the environment. Raises Stop with what it says."""
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
    if done.returncode:
        raise Stop(f"{' '.join(command[:3])}: {(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()
