"""Processes of the bed: each with a log file, stopped only by the bed."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TAIL = 25


@dataclass(repr=False)
class Process:
    """A running command and its log."""

    name: str
    log: Path
    popen: subprocess.Popen[bytes]

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def stop(self, seconds: float = 5) -> None:
        """Send SIGTERM, then SIGKILL after the timeout."""
        if self.running:
            self.popen.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(seconds)
            return
        self.popen.kill()
        self.popen.wait()

    def kill(self) -> None:
        """Kill it at the end of the bed, when no process needs a proper shutdown."""
        if self.running:
            self.popen.kill()
        self.popen.wait()

    def last_lines(self, count: int = TAIL) -> str:
        return last_lines(self.log, count)


def start(
    name: str, command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Process:
    """Start a command; append its output to the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        popen = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            # Ctrl-C must reach only this process, which decides what to stop, and in which order.
            start_new_session=True,
        )
    return Process(name, log, popen)


def last_lines(log: Path, count: int = TAIL) -> str:
    if not log.exists():
        return f"(no log {log.name})"
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])
