# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The commands ``kserve-wiring rules`` and ``kserve-wiring explain``."""

from __future__ import annotations

import argparse
from typing import Any

from kserve_wiring.cli.exit import OK, UsageError
from kserve_wiring.cli.output import add_color, coloured, fit_terminal, page


def add_rules(commands: Any) -> None:
    """Add both commands to the parser."""
    rules = commands.add_parser("rules", help="list the rules")
    rules.set_defaults(run=list_rules)
    explain = commands.add_parser("explain", help="show the page of a rule")
    explain.add_argument("code", metavar="CODE")
    add_color(explain)
    explain.set_defaults(run=explain_rule)


def list_rules(arguments: argparse.Namespace) -> int:
    """Print one line per rule."""
    from kserve_wiring.rules.catalogue import catalogue

    del arguments
    for entry in catalogue().values():
        if not entry.retired:
            note = " (chart only)" if entry.chart_only else ""
            print(f"{entry.code}  {entry.level:7}  {entry.wire:3}  {entry.title}{note}")
    return OK


def explain_rule(arguments: argparse.Namespace) -> int:
    """Print the page of a rule. Raises UsageError."""
    from kserve_wiring.formats.terminal import for_terminal
    from kserve_wiring.rules.catalogue import catalogue, page_of

    entry = catalogue().get(arguments.code.upper())
    if entry is None:
        raise UsageError(f"no rule {arguments.code}; `kserve-wiring rules` lists them")
    if entry.retired:
        raise UsageError(f"{entry.code} is retired: {entry.title}")
    fit_terminal()
    page(for_terminal(page_of(entry.code), colour=coloured(arguments.color)))
    return OK
