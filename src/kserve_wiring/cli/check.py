# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The subcommand ``kserve-wiring check``. Exit code 0: clean, 1: findings, 2: it could not run."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from kserve_wiring.cli.arguments import add_inputs

if TYPE_CHECKING:
    from kserve_wiring.checker.inspect import Report

CLEAN, FINDINGS, FAILED = 0, 1, 2
FORMATS = ("text", "json", "sarif", "junit", "github")


def add_check(commands: Any) -> None:
    """Add the subcommand to those of the parser."""
    text = "Check manifests that together make one cluster."
    check = commands.add_parser("check", help="check manifests", description=text)
    check.set_defaults(run=run)
    add_inputs(check)
    check.add_argument("--format", choices=FORMATS, default="text")


def run(options: argparse.Namespace) -> int:
    """Check, and write the report to standard output."""
    report = inspect_paths(options)
    sys.stdout.write(_written(report, options.format))
    if report.problems:
        return FAILED
    return FINDINGS if report.findings else CLEAN


def inspect_paths(options: argparse.Namespace) -> Report:
    """Read and check what the options name. Raises UsageError."""
    from kserve_wiring.checker.inspect import inspect
    from kserve_wiring.cli.options import settings_of

    settings = settings_of(options)
    return inspect(
        options.paths,
        context=settings.context,
        select=settings.select,
        ignore=settings.ignore,
        level=settings.level,
        charts=options.charts,
        helm=options.helm,
        origins=settings.origins,
        configuration=settings.configuration,
    )


def _written(report: Report, name: str) -> str:
    from kserve_wiring.formats import sarif as formats
    from kserve_wiring.formats import text as output

    if name == "text":
        return output.as_text(report, colour=sys.stdout.isatty())
    if name == "json":
        return output.as_json(report)
    return {"sarif": formats.as_sarif, "junit": formats.as_junit, "github": formats.as_github}[name](report)
