# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``kserve-wiring``. Exit code 0: clean, 1: findings, 2: it could not run."""

from __future__ import annotations

import argparse
import gc
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from kserve_wiring.cli.check import add_check
from kserve_wiring.cli.completion import add_completion
from kserve_wiring.cli.doctor import add_collect, add_doctor
from kserve_wiring.cli.exit import guarded
from kserve_wiring.cli.fleet import add_fleet
from kserve_wiring.cli.graph import add_graph
from kserve_wiring.cli.images import add_images
from kserve_wiring.cli.post_render import add_post_render
from kserve_wiring.cli.preflight import add_preflight
from kserve_wiring.cli.rules import add_rules
from kserve_wiring.data import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    gc.disable()  # objects live until the end, so collecting garbage only costs time
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # file names and JSON can hold characters that no encoding has
            stream.reconfigure(errors="backslashreplace")
    arguments = parser().parse_args(argv)
    return guarded(arguments.run, arguments)


def _name() -> str:
    """How the program was called: alone, or as a plugin of kubectl, which wants underscores in the file's name."""
    return "kubectl kserve-wiring" if Path(sys.argv[0]).name == "kubectl-kserve_wiring" else "kserve-wiring"


def parser() -> argparse.ArgumentParser:
    """The parser of all commands, from which the manual pages are made, too."""
    text = "Find settings of KServe, Knative and Istio that disagree."
    whole = argparse.ArgumentParser(prog=_name(), description=text)
    whole.add_argument("--version", action="version", version=f"kserve-wiring {__version__}")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    add_check(commands)
    add_collect(commands)
    add_doctor(commands)
    add_fleet(commands)
    add_graph(commands)
    add_images(commands)
    add_preflight(commands)
    add_rules(commands)
    add_post_render(commands)
    add_completion(commands, whole)
    return whole
