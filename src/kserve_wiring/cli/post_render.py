# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``kserve-wiring post-render``: a post-renderer of helm that refuses a broken wiring.

helm gives the manifests on standard input, installs what is on standard output, and stops if the exit code is not 0.
helm 3 shows what is on standard error. helm 4 drops it (internal/plugin/runtime_subprocess.go), so its plugin writes to
the terminal, too.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from kserve_wiring.cli.exit import FAILED, FINDINGS, OK
from kserve_wiring.cli.options import add_options, options_of


def add_post_render(commands: Any) -> None:
    """Add the command to the parser."""
    text = "Check what a release renders. Print it unchanged if all settings agree, else fail with the findings."
    parser = commands.add_parser("post-render", help="check as a post-renderer of helm", description=text)
    parser.set_defaults(run=run)
    parser.add_argument("--terminal", action="store_true", help="print the findings on the terminal, too")
    add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Pass standard input on if nothing is found in it; helm shows standard error."""
    from kserve_wiring.checker.inspect import inspect
    from kserve_wiring.formats.text import as_text
    from kserve_wiring.manifests.load import load_bytes

    options = options_of(arguments)
    manifests = sys.stdin.buffer.read()
    report = inspect(load_bytes(manifests, "helm's output"), options)
    if report.findings or report.problems:
        _show(as_text(report, quiet=True), terminal=arguments.terminal)
        return FAILED if report.problems else FINDINGS
    sys.stdout.buffer.write(manifests)
    return OK


def _show(text: str, *, terminal: bool) -> None:
    sys.stderr.write(text)
    if terminal:
        with suppress(OSError), Path("/dev/tty").open("w", encoding="utf-8") as tty:  # none in CI
            tty.write(text)
