"""Builds the Go programs of this folder once, and asks them: what do upstream's own functions answer?"""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from tools.console import BUILD
from tools.upstream import golang

SOURCE = Path(__file__).parent
WEBHOOKS, ISTIO, LLM = SOURCE / "webhooks", SOURCE / "istio", SOURCE / "llm"
PODS = WEBHOOKS / "pods"  # of the same module


def program(source: Path = SOURCE) -> Path:
    """The built program, kept by what it is built from. The first build takes minutes."""
    name = "upstream-functions" if source == SOURCE else f"upstream-{source.name}"
    module = next(folder for folder in (source, *source.parents) if (folder / "go.mod").exists())
    files = [module / "go.mod", module / "go.sum", source / "main.go", SOURCE / "lines" / "lines.go"]
    pins = b"".join(file.read_bytes() for file in files)
    target = BUILD / "tools" / f"{name}-{hashlib.sha256(pins).hexdigest()[:12]}" / name
    golang.build_once(name.replace("-", "'s ", 1), target, source, ".")
    return target


class Upstream:
    """The running program. ``ask`` gives its answer, a dict; ``{"error": text}`` where upstream refuses the input."""

    def __init__(self, source: Path = SOURCE) -> None:
        self._process = subprocess.Popen(
            [str(program(source))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def ask(self, question: str, *args: str) -> dict[str, Any]:
        """One question, such as ``ask("duration", "1m30s")``. The questions are in main.go."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"ask": question, "args": args}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "fault" not in answer, answer
        return answer

    def close(self) -> None:
        """End the program: it stops at the end of its input."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
