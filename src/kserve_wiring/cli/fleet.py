# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``kserve-wiring fleet``. Exit code 0: done, 1: something of some environment, 2: it could not run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kserve_wiring.cli.check import add_check
from kserve_wiring.cli.exit import FAILED, FINDINGS, OK, fail

if TYPE_CHECKING:
    from kserve_wiring.fleet.answers import Fleet

_TEXT = "Generate and check the environments of a fleet: a folder with fleet.yaml and answers/."


def add_fleet(commands: Any) -> None:
    """Add the command to the parser."""
    fleet = commands.add_parser("fleet", help="generate and check many environments", description=_TEXT)
    fleet.set_defaults(run=run)
    fleet.add_argument("-C", "--directory", metavar="DIR", default=".", help="folder of the fleet (default: .)")
    actions = fleet.add_subparsers(required=True, metavar="ACTION")
    generate = actions.add_parser("generate", help="generate the environments whose answers have changed")
    generate.set_defaults(action=_generate)
    generate.add_argument("names", nargs="*", metavar="NAME", help="environments (default: all)")
    generate.add_argument("--force", action="store_true", help="generate all, and replace edited files")
    status = actions.add_parser("status", help="list the environments, their versions, and what differs")
    status.set_defaults(action=_status)
    promote = actions.add_parser("promote", help="give the versions and images of one stage to a later one")
    promote.set_defaults(action=_promote)
    promote.add_argument("source", metavar="FROM", help="stage that has them")
    promote.add_argument("target", metavar="TO", help="stage that gets them")
    promote.add_argument("--dry-run", action="store_true", help="only show the differences")
    check = actions.add_parser("check", help="check the order of stages, then each environment")
    check.set_defaults(action=_check)
    check.add_argument("--charts", metavar="DIR", help="upstream charts ($KSERVE_CHARTS)")
    check.add_argument("--helm", metavar="PATH", default="helm", help="the helm program")


def run(arguments: argparse.Namespace) -> int:
    """Run the action in the folder of the fleet."""
    from kserve_wiring.fleet.answers import FleetError, read_fleet

    try:
        return int(arguments.action(read_fleet(Path(arguments.directory)), arguments))
    except FleetError as error:
        return fail(str(error))


def _generate(fleet: Fleet, arguments: argparse.Namespace) -> int:
    from kserve_wiring.fleet import argocd
    from kserve_wiring.fleet.answers import FleetError, names, read_environment
    from kserve_wiring.fleet.generate import generate

    there = names(fleet)
    for name in arguments.names:
        if name not in there:
            raise FleetError(f"there is no answers/environments/{name}.yaml")
    outcomes = generate(fleet, arguments.names or there, force=arguments.force)
    width = max(len(outcome.name) for outcome in outcomes)
    for outcome in outcomes:
        print(f"{outcome.name.ljust(width)}  {outcome}")
    if any(outcome.error for outcome in outcomes):
        return FINDINGS
    try:
        changed = argocd.write(fleet, [read_environment(fleet, name) for name in there])
    except FleetError as error:
        print(f"{argocd.FOLDER}/  error: {error}")
        return FINDINGS
    if changed:
        print(f"{argocd.FOLDER}/  {changed} {'file' if changed == 1 else 'files'} changed")
    return OK


def _status(fleet: Fleet, arguments: argparse.Namespace) -> int:
    from kserve_wiring.fleet.answers import names
    from kserve_wiring.fleet.status import CURRENT, rows, table

    found = rows(fleet, names(fleet))
    sys.stdout.write(table(found))
    return OK if all(row.state == CURRENT for row in found) else FINDINGS


def _promote(fleet: Fleet, arguments: argparse.Namespace) -> int:
    from kserve_wiring.fleet.promote import differences, promotion, write

    found = promotion(fleet, arguments.source, arguments.target)
    for note in found.notes:
        print(note)
    if not found.changes:
        print(f"Nothing to promote: {arguments.target} has all of {arguments.source}.")
        return OK
    for text, names in differences(fleet, found).items():
        print(f"==> {', '.join(names)}\n{text or 'no difference of values, images and releases'}")
    for key, (old, new) in found.changes.items():
        print(f"{key}: {_short(old)} -> {_short(new)}")
    if not arguments.dry_run:
        print(f"Written: {write(fleet, found)}. Next: make fleet fleet-check, and commit.")
    return OK


def _short(value: Any) -> str:
    if value is None:
        return "none"
    return str(value) if isinstance(value, str) else f"{len(value)} entries"


def _check(fleet: Fleet, arguments: argparse.Namespace) -> int:
    from kserve_wiring.fleet.answers import ENVIRONMENTS
    from kserve_wiring.fleet.check import findings

    found = list(findings(fleet))
    for line in found:
        print(line)
    if not (fleet.folder / ENVIRONMENTS).is_dir():
        return FAILED
    parser = argparse.ArgumentParser()
    add_check(parser.add_subparsers())
    words = ["check", str(fleet.folder / ENVIRONMENTS), "--quiet", "--helm", arguments.helm]
    checked = parser.parse_args([*words, *(["--charts", arguments.charts] if arguments.charts else [])])
    return max(int(checked.run(checked)), FINDINGS if found else OK)
