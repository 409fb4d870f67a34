# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Generate the environments of a fleet whose answers, template or files have changed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from kserve_wiring.checker.pool import forked
from kserve_wiring.fleet.answers import ENVIRONMENTS, FLEET, Environment, Fleet, FleetError, read_environment
from kserve_wiring.fleet.record import RECORD, Record, Sums, read_record, record_text, seal, sum_of

_FEW = 4
"""Environments of one version that take less time than starting more processes."""


@dataclass(frozen=True)
class Outcome:
    """What happened to an environment. error: a line; then nothing of it was written. written, removed: files."""

    name: str
    error: str = ""
    written: int = 0
    removed: int = 0

    def __str__(self) -> str:
        if self.error:
            return f"error: {self.error}"
        return f"{self.written} files written, {self.removed} removed" if self.written + self.removed else "unchanged"


def generate(fleet: Fleet, chosen: Sequence[str], *, force: bool = False) -> list[Outcome]:
    """Bring the folders of the chosen environments to what their answers give; one outcome each, in the same order.

    force: generate those that seem unchanged, too, and replace edited files. Raises FleetError if Copier is missing.
    """
    need_copier()
    found: dict[str, Outcome] = {}
    todo: list[Environment] = []
    for name in chosen:
        try:
            environment = read_environment(fleet, name)
        except FleetError as error:
            found[name] = Outcome(name, str(error))
            continue
        if force or not is_current(fleet, environment):
            todo.append(environment)
        else:
            found[name] = Outcome(name)
    found |= {outcome.name: outcome for outcome in _in_parallel(partial(_generate, fleet, force), todo)}
    return [found[name] for name in chosen]


def is_current(fleet: Fleet, environment: Environment) -> bool:
    """Whether the files of an environment are those that its answers gave, and none was edited."""
    folder = fleet.folder / ENVIRONMENTS / environment.name
    record = read_record(folder)
    return is_of_its_answers(fleet, environment, record) and not record.edited(folder)


def is_of_its_answers(fleet: Fleet, environment: Environment, record: Record) -> bool:
    return record.mark == seal(source_of(fleet, environment), record.sums)


def source_of(fleet: Fleet, environment: Environment) -> Any:
    """All that the files of an environment are made from."""
    return [fleet.template, environment.version, environment.stage, environment.region, environment.answers]


def _in_parallel(work: partial[Outcome], todo: Sequence[Environment]) -> Iterator[Outcome]:
    """Forked processes have the clone and the compiled texts of the first environment of each version."""
    firsts = {environment.version: environment for environment in reversed(todo)}
    others = [environment for environment in todo if firsts[environment.version] is not environment]
    yield from map(work, firsts.values())
    pool = forked() if len(others) >= _FEW else None
    if pool is None:
        yield from map(work, others)
        return
    with pool:
        yield from pool.map(work, others)


def _generate(fleet: Fleet, force: bool, environment: Environment) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="fleet-") as place:
        try:
            new = render(fleet, environment, Path(place) / "new")
            return _install(new, fleet.folder / ENVIRONMENTS / environment.name, source_of(fleet, environment), force)
        except FleetError as error:
            return Outcome(environment.name, str(error))
        except OSError as error:
            return Outcome(environment.name, f"{error.filename}: {error.strerror}")


@dataclass(frozen=True)
class Rendered:
    """What the answers of an environment give. once: files that belong to the user once they are there."""

    folder: Path
    sums: Sums
    once: Sequence[str]


def render(fleet: Fleet, environment: Environment, target: Path) -> Rendered:
    """Generate an environment into a new folder. Raises FleetError when the template refuses its answers."""
    need_copier()
    from kserve_wiring.fleet.copies import copies_of, refusal

    try:
        belongs_to_user = copies_of(fleet.template, environment.version).copy(target, environment.answers)
    except Exception as error:  # Copier raises whatever git and Jinja raise
        raise FleetError(_refused(fleet, environment, refusal(error))) from None
    if environment.has_argocd:
        (target / FLEET).write_text(_parameters(environment), encoding="utf-8")
    files = sorted(path.relative_to(target) for path in target.rglob("*") if path.is_file())
    once = [str(path) for path in files if belongs_to_user(path)]
    sums = {str(path): sum_of(target / path) for path in files if str(path) not in once}
    return Rendered(target, sums, once)


def need_copier() -> None:
    """Raises FleetError if Copier is not installed, which the checker does not need."""
    if find_spec("copier") is None:
        raise FleetError("copier is missing: run pipx inject kserve-wiring copier")


def _refused(fleet: Fleet, environment: Environment, said: str) -> str:
    if "Command line:" in said:
        return f"{fleet.template} has no version {environment.version}, or cannot be read: {said[-200:]}"
    return said


def _parameters(environment: Environment) -> str:
    """What the ApplicationSet reads of an environment; it creates an Application for each such file."""
    data = {"environment": environment.name, "stage": environment.stage, "region": environment.region}
    data["revision"] = str(environment.answers.get("argocd_revision", "main"))
    return "# Written by make fleet, from answers/.\n" + yaml.safe_dump(data, sort_keys=False)


def _install(new: Rendered, folder: Path, source: Any, force: bool) -> Outcome:
    """Write the files that differ. The record comes last, so an interrupted run is completed by the next one."""
    before = read_record(folder)
    old = {path: sum_of(folder / path) for path in {*before.sums, *new.sums}}
    edited = sorted(path for path in old if _is_edited(old[path], before.sums.get(path, ""), new.sums.get(path, "")))
    if edited and not force:
        raise FleetError(_of_edits(edited))
    wanted = [path for path in new.sums if old[path] != new.sums[path]]
    wanted += [path for path in new.once if not (folder / path).exists()]
    gone = [path for path in before.sums if path not in new.sums and old[path]]
    for path in wanted:
        _replace(new.folder / path, folder / path)
    for path in gone:
        (folder / path).unlink()
        _remove_empty(folder, (folder / path).parent)
    text = record_text(source, new.sums)
    (new.folder / RECORD).write_text(text, encoding="utf-8")
    if sum_of(new.folder / RECORD) != sum_of(folder / RECORD):
        _replace(new.folder / RECORD, folder / RECORD)
    return Outcome(folder.name, written=len(wanted), removed=len(gone))


def _is_edited(now: str, recorded: str, wanted: str) -> bool:
    """Whether a file has a content that neither the last run wrote nor this one will. One that is gone is no loss."""
    return now not in ("", recorded, wanted)


def _of_edits(edited: Sequence[str]) -> str:
    shown = ", ".join(edited[:3]) + (f" and {len(edited) - 3} more" if len(edited) > 3 else "")
    return f"edited: {shown}; move the change to answers/ or a local file, or run make fleet FORCE=1"


def _replace(source: Path, target: Path) -> None:
    """Copy a file with its mode, so that nobody sees a part of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    shutil.copy(source, part)
    part.replace(target)


def _remove_empty(folder: Path, below: Path) -> None:
    while below != folder and not any(below.iterdir()):
        below.rmdir()
        below = below.parent
