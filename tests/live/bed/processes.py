"""Processes of the bed: each with a log file, stopped by us and by nobody else."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TAIL = 25


@dataclass(repr=False)
class Process:
    """A running command and where it writes."""

    name: str
    log: Path
    popen: subprocess.Popen[bytes]

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def stop(self, seconds: float = 5) -> None:
        """SIGTERM, then SIGKILL when it takes longer."""
        if self.running:
            self.popen.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(seconds)
            return
        self.popen.kill()
        self.popen.wait()

    def kill(self) -> None:
        """For the end of the bed, when nothing is worth a proper shutdown any more."""
        if self.running:
            self.popen.kill()
        self.popen.wait()

    def last_lines(self, count: int = TAIL) -> str:
        return last_lines(self.log, count)


def start(
    name: str, command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Process:
    """Starts a command; its output is appended to the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        popen = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            # Ctrl-C reaches us alone: who is stopped, and in which order, is our decision.
            start_new_session=True,
        )
    return Process(name, log, popen)


def last_lines(log: Path, count: int = TAIL) -> str:
    if not log.exists():
        return f"(no log {log.name})"
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])
