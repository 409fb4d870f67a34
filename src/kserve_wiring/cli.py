# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``kserve-wiring``. Exit code 0: clean, 1: findings, 2: it could not run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kserve_wiring import __version__
from kserve_wiring.inventory.command import add_images

CLEAN, FINDINGS, FAILED = 0, 1, 2
_FACTS = {
    "registry": "HOST[:PORT] of the private registry",
    "pull-secret": "name of the pull Secret",
    "registry-ca": "ConfigMap/NAME or Secret/NAME with the registry's CA",
    "cluster-domain": "DNS domain of the cluster",
    "knative-version": "version of Knative Serving",
    "kserve-version": "version of KServe",
    "istio-version": "version of Istio",
}


class _UsageError(Exception):
    """One line for the user; exit code 2."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(argv)
    try:
        return int(options.run(options))
    except _UsageError as error:
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
    _add_check(commands)
    add_images(commands)
    rules = commands.add_parser("rules", help="list the rules")
    rules.set_defaults(run=_rules)
    explain = commands.add_parser("explain", help="show the page of a rule")
    explain.add_argument("code", metavar="CODE")
    explain.set_defaults(run=_explain)
    return parser


def _add_check(commands: Any) -> None:
    check = commands.add_parser(
        "check", help="check manifests", description="Check manifests that together make one cluster."
    )
    check.set_defaults(run=_check)
    check.add_argument(
        "paths", nargs="+", metavar="PATH", help="file, directory, environment folder, or - for standard input"
    )
    check.add_argument("--context", metavar="FILE", help="YAML file with what manifests cannot say")
    for name, text in _FACTS.items():
        check.add_argument(f"--{name}", metavar="TEXT", help=text)
    check.add_argument("--offline", action="store_const", const=True, help="the cluster has no way to the internet")
    check.add_argument("--registry-insecure", action="store_const", const=True, help="the registry speaks plain http")
    check.add_argument("--format", choices=("text", "json"), default="text")
    check.add_argument(
        "--select", nargs="+", action="extend", default=[], metavar="CODE", help="only these rules (or their beginning)"
    )
    check.add_argument("--ignore", nargs="+", action="extend", default=[], metavar="CODE", help="not these rules")
    check.add_argument(
        "--level", choices=("error", "warning", "info"), default="warning", help="mildest level that counts"
    )
    check.add_argument("--charts", metavar="DIR", help="upstream charts, for an environment folder ($KSERVE_CHARTS)")
    check.add_argument("--helm", metavar="PATH", default="helm", help="the helm program")


def _check(options: argparse.Namespace) -> int:
    from kserve_wiring import report as output
    from kserve_wiring.api import inspect
    from kserve_wiring.context import ContextError

    _known_codes([*options.select, *options.ignore])
    try:
        report = inspect(
            options.paths,
            context=_facts(options),
            select=options.select,
            ignore=options.ignore,
            level=options.level,
            charts=options.charts,
            helm=options.helm,
            context_source=options.context or "the command line",
        )
    except ContextError as error:
        raise _UsageError(f"{options.context or 'context'}: {error}") from None
    if options.format == "json":
        sys.stdout.write(output.as_json(report))
    else:
        sys.stdout.write(output.as_text(report, colour=sys.stdout.isatty()))
    if report.problems:
        return FAILED
    return FINDINGS if report.findings else CLEAN


def _facts(options: argparse.Namespace) -> dict[str, Any]:
    """Facts of the context file; a flag goes before it."""
    facts: dict[str, Any] = {}
    if options.context:
        from kserve_wiring import yamltext

        try:
            value = yamltext.load(Path(options.context).read_text(encoding="utf-8"))
        except OSError as error:
            raise _UsageError(f"{options.context}: {error.strerror}") from None
        except (yamltext.YamlError, UnicodeDecodeError) as error:
            raise _UsageError(f"{options.context}: {error}") from None
        if not isinstance(value, dict):
            raise _UsageError(f"{options.context}: not a mapping of facts")
        facts.update(value)
    for name in (*_FACTS, "offline", "registry-insecure"):
        key = name.replace("-", "_")
        if getattr(options, key) is not None:
            facts[key] = getattr(options, key)
    return facts


def _known_codes(codes: Sequence[str]) -> None:
    from kserve_wiring.catalogue import catalogue

    for code in codes:
        if not any(known.startswith(code) for known in catalogue()):
            raise _UsageError(f"no rule {code}; `kserve-wiring rules` lists them")


def _rules(options: argparse.Namespace) -> int:
    from kserve_wiring.catalogue import catalogue
    from kserve_wiring.rules import CHART_ONLY

    del options
    for entry in catalogue().values():
        if not entry.retired:
            note = " (chart only)" if entry.code in CHART_ONLY else ""
            print(f"{entry.code}  {entry.level:7}  {entry.wire:3}  {entry.title}{note}")
    return CLEAN


def _explain(options: argparse.Namespace) -> int:
    from kserve_wiring import pages
    from kserve_wiring.catalogue import catalogue

    entry = catalogue().get(options.code.upper())
    if entry is None:
        raise _UsageError(f"no rule {options.code}; `kserve-wiring rules` lists them")
    if entry.retired:
        raise _UsageError(f"{entry.code} is retired: {entry.title}")
    sys.stdout.write(pages.for_terminal(pages.page_of(entry.code), colour=sys.stdout.isatty()))
    return CLEAN
