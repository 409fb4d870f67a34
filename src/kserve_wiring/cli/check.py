# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``kserve-wiring check``. Exit code 0: clean, 1: findings, 2: it could not run."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from kserve_wiring.cli.exit import FAILED, FINDINGS, OK, UsageError
from kserve_wiring.cli.fix import add_fix, difference_of, refuse, write_fixes
from kserve_wiring.cli.options import add_inputs, options_of, sources_of
from kserve_wiring.cli.output import add_color, coloured, fit_terminal, write

if TYPE_CHECKING:
    from collections import Counter

    from kserve_wiring.checker.baseline import Identity
    from kserve_wiring.checker.report import Report

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab")


def add_check(commands: Any) -> None:
    """Add the command to the parser."""
    text = "Check manifests that together describe one cluster. Each environment is checked as a cluster of its own."
    check = commands.add_parser("check", help="check manifests", description=text)
    check.set_defaults(run=run)
    add_inputs(check)
    check.add_argument("-o", "--format", choices=FORMATS, default="text", help="format of the output (default: text)")
    check.add_argument("--output-file", metavar="FILE", help="write to this file, not to standard output")
    check.add_argument("-q", "--quiet", action="store_true", help="text: print findings and errors, nothing else")
    check.add_argument("-v", "--verbose", action="store_true", help="text: print every note, not one for each kind")
    check.add_argument("--statistics", action="store_true", help="print the number of findings of each rule")
    text = "JSON report of an earlier run: its findings are accepted, and only new ones are reported"
    check.add_argument("--baseline", metavar="FILE", help=text)
    add_fix(check)
    check.add_argument("--watch", action="store_true", help="check again at every change of a file, until Ctrl-C")
    add_color(check)


def run(arguments: argparse.Namespace) -> int:
    """Check once, or at every change."""
    if not arguments.watch:
        return _check(arguments)
    from kserve_wiring.cli.watch import watch

    return watch(arguments, _check)


def _check(arguments: argparse.Namespace) -> int:
    """Check, and print the reports."""
    from kserve_wiring.checker.many import inspect_clusters
    from kserve_wiring.manifests.clusters import clusters

    if arguments.statistics and arguments.format != "text":
        raise UsageError(f"--statistics is text: remove it or --format {arguments.format}")
    refuse(arguments)
    baseline = _baseline(arguments.baseline)
    options, found = options_of(arguments), clusters(arguments.paths, arguments.exclude)
    if arguments.diff:
        difference = difference_of(found, options, sources_of(arguments))
        write(difference, arguments.output_file)
        return FINDINGS if difference else OK
    if arguments.fix:
        write_fixes(found, options, sources_of(arguments))
    reports = inspect_clusters(found, options, **sources_of(arguments))
    if baseline is not None:
        _accept(reports, baseline, arguments.baseline)
    write(_written(reports, arguments), arguments.output_file)
    if any(report.problems for report in reports):
        return FAILED
    return FINDINGS if any(report.findings for report in reports) else OK


def _baseline(path: str | None) -> Counter[Identity] | None:
    from kserve_wiring.checker.baseline import BaselineError, read_baseline

    if path is None:
        return None
    try:
        return read_baseline(path)
    except BaselineError as error:
        raise UsageError(str(error)) from None


def _accept(reports: list[Report], baseline: Counter[Identity], name: str) -> None:
    from kserve_wiring.checker.baseline import accept

    left = accept(reports, baseline, name)
    if left:
        print(f"kserve-wiring: {left} of the findings in {name} are gone: write it again", file=sys.stderr)


def _written(reports: list[Report], arguments: argparse.Namespace) -> str:
    from kserve_wiring.formats import github, gitlab, json, junit, sarif, statistics, text

    if arguments.statistics:
        return statistics.as_statistics(*reports)
    if arguments.format == "text":
        fit_terminal(file=arguments.output_file)
        colour = coloured(arguments.color, file=arguments.output_file)
        return text.as_text(*reports, colour=colour, quiet=arguments.quiet, verbose=arguments.verbose)
    writers = {
        "json": json.as_json,
        "sarif": sarif.as_sarif,
        "junit": junit.as_junit,
        "github": github.as_github,
        "gitlab": gitlab.as_gitlab,
    }
    return writers[arguments.format](*reports)
