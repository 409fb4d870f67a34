# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``kserve-wiring graph``. Exit code 0: drawn, 2: it could not run, or could not read everything."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from kserve_wiring.cli.exit import FAILED, OK
from kserve_wiring.cli.options import add_inputs, options_of, refuse_several, sources_of


def add_graph(commands: Any) -> None:
    """Add the command to the parser."""
    text = "Draw which settings, Gateways, Services and Pods refer to each other. What a finding reports is red."
    graph = commands.add_parser("graph", help="draw the wiring", description=text)
    graph.set_defaults(run=run)
    add_inputs(graph)
    graph.add_argument("--format", choices=("mermaid", "html"), default="mermaid")


def run(arguments: argparse.Namespace) -> int:
    """Print the picture."""
    from kserve_wiring.checker.inspect import inspect
    from kserve_wiring.graph.html import as_html
    from kserve_wiring.graph.mermaid import as_mermaid
    from kserve_wiring.graph.wiring import wiring_of
    from kserve_wiring.manifests.read import read

    options = options_of(arguments)
    refuse_several(arguments.paths, arguments.exclude)
    report = inspect(read(arguments.paths, **sources_of(arguments)), options)
    draw = as_html if arguments.format == "html" else as_mermaid
    sys.stdout.write(draw(wiring_of(report)))
    for problem in report.problems:
        print(f"kserve-wiring: cannot read {problem}", file=sys.stderr)
    return FAILED if report.problems else OK
