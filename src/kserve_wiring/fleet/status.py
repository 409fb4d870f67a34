# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What each environment of a fleet is, and whether its folder is what its answers give."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kserve_wiring.fleet.answers import ENVIRONMENTS, Environment, Fleet, FleetError, read_environment, read_mapping
from kserve_wiring.fleet.generate import is_of_its_answers
from kserve_wiring.fleet.record import RECORD, read_record

CURRENT = "as answered"
_HEAD = ("ENVIRONMENT", "STAGE", "REGION", "STACK", "TEMPLATE", "CHANGED", "FOLDER")


@dataclass(frozen=True)
class Row:
    """One environment. stack and template: of its folder. changed: date of its last commit. state: of its folder."""

    name: str
    stage: str = ""
    region: str = ""
    stack: str = ""
    template: str = ""
    changed: str = ""
    state: str = CURRENT

    @property
    def cells(self) -> tuple[str, ...]:
        found = (self.name, self.stage, self.region, self.stack, self.template, self.changed)
        return *(cell or "-" for cell in found), self.state


def rows(fleet: Fleet, chosen: Sequence[str]) -> list[Row]:
    """A row for each chosen environment, then for each folder without answers."""
    dates = last_changes(fleet.folder)
    found = [_row(fleet, name, dates.get(name, "")) for name in chosen]
    return [*found, *(Row(name, changed=dates.get(name, ""), state="no answers") for name in without_answers(fleet))]


def without_answers(fleet: Fleet) -> Iterator[str]:
    """The folders of environments whose answers are gone."""
    for folder in sorted((fleet.folder / ENVIRONMENTS).glob("*/")):
        if not (fleet.folder / "answers" / "environments" / f"{folder.name}.yaml").is_file():
            yield folder.name


def _row(fleet: Fleet, name: str, changed: str) -> Row:
    folder = fleet.folder / ENVIRONMENTS / name
    try:
        environment = read_environment(fleet, name)
        recorded = read_mapping(folder / ".copier-answers.yml") if folder.is_dir() else {}
    except FleetError as error:
        return Row(name, changed=changed, state=f"error: {error}")
    stack, template = str(recorded.get("stack", "")), str(recorded.get("_commit", ""))
    return Row(name, environment.stage, environment.region, stack, template, changed, state(fleet, environment))


def state(fleet: Fleet, environment: Environment) -> str:
    """How the folder of an environment differs from what its answers give; CURRENT if it does not."""
    folder = fleet.folder / ENVIRONMENTS / environment.name
    if not folder.is_dir():
        return "not generated"
    record = read_record(folder)
    if edited := record.edited(folder):
        return f"edited: {edited[0]}" + (f" and {len(edited) - 1} more" if len(edited) > 1 else "")
    if not record.mark:
        return f"no {RECORD}"
    return CURRENT if is_of_its_answers(fleet, environment, record) else "other answers"


def last_changes(folder: Path) -> dict[str, str]:
    """The date of the last commit of each environment; nothing outside of a git repository."""
    command = ["git", "log", "--format=%x00%cs", "--name-only", "--relative", "--", str(ENVIRONMENTS)]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return {}
    found: dict[str, str] = {}
    for commit in done.stdout.split("\0")[1:]:
        date, _, files = commit.partition("\n")
        for parts in (Path(file).parts for file in files.split()):
            found.setdefault(parts[1], date)
    return found


def table(found: Sequence[Row]) -> str:
    lines = [_HEAD, *(row.cells for row in found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "".join(f"{line.rstrip()}\n" for line in padded)
