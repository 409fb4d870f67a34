# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``kserve-wiring completion``: commands, flags and files completed by a shell."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from kserve_wiring.cli.exit import OK

SHELLS = ("bash", "zsh", "fish", "tcsh")


def add_completion(commands: Any, parser: argparse.ArgumentParser) -> None:
    """Add the command, which completes the commands of this parser."""
    text = "Print a script that completes commands, flags and files: source <(kserve-wiring completion bash)"
    completion = commands.add_parser("completion", help="print the completion for a shell", description=text)
    completion.add_argument("shell", choices=SHELLS)
    completion.set_defaults(run=run, parser=parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    for action in _actions(arguments.parser):
        kind = {"PATH": shtab.FILE, "FILE": shtab.FILE, "DIR": shtab.DIRECTORY}.get(str(action.metavar))
        if kind:
            action.complete = kind  # type: ignore[attr-defined]
    print(shtab.complete(arguments.parser, arguments.shell))
    return OK


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """The arguments of the parser and of its commands."""
    for action in parser._actions:
        yield action
        for command in action.choices.values() if isinstance(action, argparse._SubParsersAction) else ():
            yield from _actions(command)
