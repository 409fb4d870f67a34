# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``preflight``. Exit code 0: the cluster is ready, 2: it is not, or it did not answer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from kserve_wiring.cli.doctor import add_cluster
from kserve_wiring.cli.exit import FAILED, OK, UsageError
from kserve_wiring.cli.output import write
from kserve_wiring.grammar.version import version_tuple


def add_preflight(commands: Any) -> None:
    """Add the command to the parser."""
    text = (
        "Read the cluster of kubectl before an environment is installed into it: what is missing, and what belongs to "
        "others. It only reads."
    )
    preflight = commands.add_parser("preflight", help="read a cluster before the installation", description=text)
    preflight.set_defaults(run=run)
    preflight.add_argument("folder", metavar="FOLDER", help="folder of the environment")
    preflight.add_argument(
        "--kubernetes", default="", metavar="VERSION", help="oldest version of Kubernetes that the environment runs on"
    )
    preflight.add_argument(
        "--tested",
        action="append",
        type=_tested,
        default=[],
        metavar="PART=VERSION",
        help="newest version of Kubernetes that a part is tested with; may be repeated",
    )
    preflight.add_argument("--charts", metavar="DIR", help="upstream charts ($KSERVE_CHARTS)")
    preflight.add_argument("--helm", metavar="PATH", default="helm", help="the helm program")
    add_cluster(preflight)


def _tested(text: str) -> tuple[str, str]:
    part, _, version = text.rpartition("=")
    if not part or version_tuple(version) is None:
        raise argparse.ArgumentTypeError(f"write PART=VERSION, such as Istio=1.33, not {text}")
    return part, version


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each problem."""
    from kserve_wiring.cli.doctor import kubectl_of
    from kserve_wiring.doctor.kubectl import Unreachable
    from kserve_wiring.preflight.environment import Unusable, read_environment
    from kserve_wiring.preflight.run import preflight

    if not (Path(arguments.folder) / "releases.yaml").is_file():
        raise UsageError(f"{arguments.folder} is no environment: it has no releases.yaml")
    try:
        environment = read_environment(Path(arguments.folder), charts=arguments.charts, helm=arguments.helm)
        report = preflight(environment, kubectl_of(arguments), arguments.kubernetes, dict(arguments.tested))
    except (Unusable, Unreachable) as error:
        raise UsageError(str(error)) from None
    lines = [f"warning: {line}" for line in report.warnings]
    lines += [f"error: {line}" for line in report.problems]
    lines += [f"error: the cluster does not show {line}" for line in report.unseen]
    if environment.unread:
        lines.append(f"note: not compared, because their charts are not here: {', '.join(environment.unread)}")
    if not (report.problems or report.unseen):
        lines.append(f"Kubernetes {report.version} is ready for environment {environment.name}.")
    write("\n".join(lines) + "\n", None)
    return FAILED if report.problems or report.unseen else OK
