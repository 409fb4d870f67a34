# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``kserve-wiring check``. Exit code 0: clean, 1: findings, 2: it could not run."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from kserve_wiring.cli.exit import FAILED, FINDINGS, OK
from kserve_wiring.cli.options import add_inputs, options_of

if TYPE_CHECKING:
    from kserve_wiring.checker.report import Report

FORMATS = ("text", "json", "sarif", "junit", "github")


def add_check(commands: Any) -> None:
    """Add the command to the parser."""
    text = "Check manifests that together describe one cluster."
    check = commands.add_parser("check", help="check manifests", description=text)
    check.set_defaults(run=run)
    add_inputs(check)
    check.add_argument("--format", choices=FORMATS, default="text")


def run(arguments: argparse.Namespace) -> int:
    """Check, and print the report."""
    report = inspect_paths(arguments)
    sys.stdout.write(_written(report, arguments.format))
    if report.problems:
        return FAILED
    return FINDINGS if report.findings else OK


def inspect_paths(arguments: argparse.Namespace) -> Report:
    """Read and check the paths in the arguments. Raises UsageError."""
    from kserve_wiring.checker.inspect import inspect
    from kserve_wiring.manifests.read import read

    options = options_of(arguments)
    return inspect(read(arguments.paths, charts=arguments.charts, helm=arguments.helm), options)


def _written(report: Report, name: str) -> str:
    from kserve_wiring.formats import github, json, junit, sarif, text

    if name == "text":
        return text.as_text(report, colour=sys.stdout.isatty())
    writers = {"json": json.as_json, "sarif": sarif.as_sarif, "junit": junit.as_junit, "github": github.as_github}
    return writers[name](report)
