# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``kserve-wiring``. Exit code 0: clean, 1: findings, 2: it could not run."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence

from kserve_wiring import __version__
from kserve_wiring.cli.check import add_check
from kserve_wiring.cli.exit import UsageError
from kserve_wiring.cli.graph import add_graph
from kserve_wiring.cli.images import add_images

CLEAN, FAILED = 0, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # JSON and file names hold what no encoding can write
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(argv)
    try:
        return int(options.run(options))
    except UsageError as error:
        return _fail(str(error))
    except BrokenPipeError:
        sys.stderr.close()  # the reader is gone; nothing is left to tell it
        return FAILED
    except KeyboardInterrupt:
        return _fail("interrupted")
    except Exception as error:
        return _fail(f"internal error: {type(error).__name__}: {error}; please report it with the input")


def _fail(message: str) -> int:
    print(f"kserve-wiring: {message}", file=sys.stderr)
    return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kserve-wiring", description="Find settings of KServe, Knative and Istio that disagree."
    )
    parser.add_argument("--version", action="version", version=f"kserve-wiring {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_check(commands)
    add_graph(commands)
    add_images(commands)
    rules = commands.add_parser("rules", help="list the rules")
    rules.set_defaults(run=_rules)
    explain = commands.add_parser("explain", help="show the page of a rule")
    explain.add_argument("code", metavar="CODE")
    explain.set_defaults(run=_explain)
    return parser


def _rules(options: argparse.Namespace) -> int:
    from kserve_wiring.rules import CHART_ONLY
    from kserve_wiring.rules.catalogue import catalogue

    del options
    for entry in catalogue().values():
        if not entry.retired:
            note = " (chart only)" if entry.code in CHART_ONLY else ""
            print(f"{entry.code}  {entry.level:7}  {entry.wire:3}  {entry.title}{note}")
    return CLEAN


def _explain(options: argparse.Namespace) -> int:
    from kserve_wiring.formats import terminal as pages
    from kserve_wiring.rules.catalogue import catalogue

    entry = catalogue().get(options.code.upper())
    if entry is None:
        raise UsageError(f"no rule {options.code}; `kserve-wiring rules` lists them")
    if entry.retired:
        raise UsageError(f"{entry.code} is retired: {entry.title}")
    sys.stdout.write(pages.for_terminal(pages.page_of(entry.code), colour=sys.stdout.isatty()))
    return CLEAN
