"""A person, or a program without a terminal, that types the commands of a document."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pexpect

from tests.commands.account import steps, typed

# A program that asks for what no document and no answer says must not wait for it for ever.
SECONDS = 600
# Nobody presses q in the pager.
TERMINAL = {"TERM": "xterm", "COLUMNS": "200", "LINES": "50", "PAGER": "cat"}


@dataclass
class Session:
    """A working folder and its environment variables.

    values: what replaces placeholders. replies: what a person types when a prompt appears. additions: (words, what the
    document adds to commands with them in this situation). internet: environment variables of all programs but pipx,
    which installs from the machine's own internet.
    """

    folder: Path
    env: dict[str, str]
    terminal: bool
    values: dict[str, str] = field(default_factory=dict)
    replies: dict[str, str] = field(default_factory=dict)
    additions: list[tuple[str, str]] = field(default_factory=list)
    internet: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def follow(
        self, section: str, text: str, *places: str, first: str = "", last: str = "", without: Sequence[str] = ()
    ) -> list[str]:
        """Types the commands of a document, from the heading `first` to the heading `last`, and returns them.

        Raises AssertionError with the output of the first command that ends otherwise than the document says.
        """
        done: list[str] = []
        begin, end = _line(text, first, 0), _line(text, last, sys.maxsize)
        for command, entry in steps(section, text, *places):
            if not begin <= command.line < end or command.text in without:
                continue
            self.type(command.text, entry.exit)
            done.append(command.text)
        return done

    def type(self, command: str, expected: int = 0) -> str:
        """Executes one command and returns its output."""
        text = typed(" ".join([command, *(more for words, more in self.additions if words in command)]), self.values)
        env = self.env if text.startswith("pipx ") else self.env | self.internet
        begin = time.monotonic()
        status, output = self._on_a_terminal(text, env) if self.terminal else self._without(text, env)
        self.log.append(f"{time.monotonic() - begin:5.1f} s  {text}")
        assert status == expected, "\n".join([*self.log, f"exit code {status}, not {expected}:", output[-6000:]])
        return output

    def _without(self, text: str, env: dict[str, str]) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        return done.returncode, done.stdout

    def _on_a_terminal(self, text: str, env: dict[str, str]) -> tuple[int, str]:
        shell = pexpect.spawn(
            "bash",
            ["-c", text],
            cwd=str(self.folder),
            env=env | TERMINAL,
            timeout=SECONDS,
            encoding="utf-8",
            dimensions=(50, 200),
        )
        # Each prompt is answered once, because a terminal draws it again at every key.
        left = dict(self.replies)
        output = ""
        while True:
            prompts = [re.compile(prompt) for prompt in left]
            number = shell.expect([*prompts, pexpect.EOF])
            output += (shell.before or "") + (shell.after if isinstance(shell.after, str) else "")
            if number == len(prompts):
                break
            shell.send(left.pop(list(left)[number]))
        shell.close()
        return shell.exitstatus if shell.exitstatus is not None else 128 + (shell.signalstatus or 0), output


def _line(markdown: str, heading: str, default: int) -> int:
    """The line of a heading."""
    found = re.search(rf"(?m)^#+ {re.escape(heading)}$", markdown) if heading else None
    assert found or not heading, heading
    return markdown.count("\n", 0, found.start()) + 1 if found else default
