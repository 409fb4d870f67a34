# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Give the versions and images of one stage to a later one: a change of one file, answers/stages/<stage>.yaml."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kserve_wiring.fleet.answers import (
    ANSWERS,
    ENVIRONMENTS,
    VERSION,
    Environment,
    Fleet,
    FleetError,
    names,
    read_environment,
    read_mapping,
)
from kserve_wiring.fleet.generate import render
from kserve_wiring.manifests import lines
from kserve_wiring.manifests.repeated_keys import load_unique
from kserve_wiring.manifests.yamltext import YamlError

PROMOTED = (VERSION, "stack", "storage_initializer_image", "image_digests", "extra_images")
"""What a stage tries out for the next one. All other answers describe a stage, a region or a cluster."""
_SHOWN = ("releases.yaml", "images/images.txt", "values/*.yaml")


@dataclass(frozen=True)
class Promotion:
    """What a stage gets. changes: {key: (old, new)}, None for no answer. notes: of environments that keep their own."""

    stage: str
    changes: Mapping[str, tuple[Any, Any]]
    notes: tuple[str, ...]


def promotion(fleet: Fleet, source: str, target: str) -> Promotion:
    """What the target stage lacks of the source. Raises FleetError for stages that are not in this order."""
    for stage in (source, target):
        if stage not in fleet.stages:
            raise FleetError(f"{stage or 'an empty name'} is no stage of fleet.yaml: use {', '.join(fleet.stages)}")
    if fleet.stages.index(source) >= fleet.stages.index(target):
        raise FleetError(f"{target} does not come after {source} in fleet.yaml: swap FROM and TO")
    old, new = _of_stage(fleet, target), _of_stage(fleet, source)
    changes = {key: (old.get(key), new.get(key)) for key in PROMOTED if old.get(key) != new.get(key)}
    return Promotion(target, changes, tuple(_kept(fleet, source, target)))


def _of_stage(fleet: Fleet, stage: str) -> dict[str, Any]:
    files = [fleet.folder / ANSWERS / "defaults.yaml", _file(fleet, stage)]
    merged: dict[str, Any] = {}
    for file in files:
        merged |= read_mapping(file) if file.is_file() else {}
    return merged


def _file(fleet: Fleet, stage: str) -> Path:
    return fleet.folder / ANSWERS / "stages" / f"{stage}.yaml"


def _kept(fleet: Fleet, source: str, target: str) -> Iterator[str]:
    """The environments of both stages that answer a promoted question themselves."""
    for environment in _environments(fleet, (source, target)):
        own = read_mapping(fleet.folder / ANSWERS / "environments" / f"{environment.name}.yaml")
        if kept := [key for key in PROMOTED if key in own]:
            said = "is not promoted" if environment.stage == source else "stays"
            yield f"{environment.name}: {', '.join(kept)} of its own file {said}"


def _environments(fleet: Fleet, stages: tuple[str, ...]) -> list[Environment]:
    found = (read_environment(fleet, name) for name in names(fleet))
    return [environment for environment in found if environment.stage in stages]


def differences(fleet: Fleet, found: Promotion) -> dict[str, list[str]]:
    """What changes in the folders of a stage: a diff, with the environments that it is of. Writes nothing.

    Raises FleetError when the template refuses the new answers of an environment.
    """
    diffs: dict[str, list[str]] = {}
    for environment in _environments(fleet, (found.stage,)):
        with tempfile.TemporaryDirectory(prefix="fleet-") as place:
            try:
                new = render(fleet, _promoted(fleet, environment, found), Path(place) / "new").folder
            except FleetError as error:
                raise FleetError(f"{environment.name}: {error}") from None
            text = "".join(_diff(fleet.folder / ENVIRONMENTS / environment.name, new))
        diffs.setdefault(text, []).append(environment.name)
    return diffs


def _promoted(fleet: Fleet, environment: Environment, found: Promotion) -> Environment:
    """The environment after the promotion. Its own answers come after those of its stage."""
    own = read_mapping(fleet.folder / ANSWERS / "environments" / f"{environment.name}.yaml")
    given = {key: new for key, (_, new) in found.changes.items() if key not in own}
    answers = {key: value for key, value in environment.answers.items() if key not in given}
    answers |= {key: value for key, value in given.items() if value is not None and key != VERSION}
    version = given.get(VERSION) or environment.version
    return Environment(environment.name, environment.stage, environment.region, version, answers)


def _diff(old: Path, new: Path) -> Iterator[str]:
    files = {path.relative_to(folder) for folder in (old, new) for glob in _SHOWN for path in folder.glob(glob)}
    for file in sorted(file for file in files if not file.name.endswith(".local.yaml")):
        before, after = (_lines(folder / file) for folder in (old, new))
        yield from difflib.unified_diff(before, after, f"old/{file}", f"new/{file}", n=0)


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines(keepends=True) if file.is_file() else []


def write(fleet: Fleet, found: Promotion) -> Path:
    """Write the answers of a stage, and nothing else; its file. Raises FleetError when the file cannot be edited."""
    file = _file(fleet, found.stage)
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    expected = read_mapping(file) if file.is_file() else {}
    for key, (_, new) in found.changes.items():
        text = with_answer(text, key, new)
        expected = {name: value for name, value in expected.items() if name != key}
        expected |= {} if new is None else {key: new}
    try:
        written = load_unique(text) or {}
    except YamlError:
        written = None
    if written != expected:
        raise FleetError(f"{file.name}: write {', '.join(found.changes)} by hand: the form of this file is not known")
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
    return file


def with_answer(text: str, key: str, value: Any) -> str:
    """The text of a layer with another answer, None for none. All other lines stay as they are, with their comments."""
    new = "" if value is None else yaml.safe_dump({key: value}, sort_keys=False, width=120)
    found, node = lines.child(lines.composed(text), key)
    kept = text.splitlines(keepends=True)
    if found is None:
        return "".join([*kept, "\n" if kept and not kept[-1].endswith("\n") else "", new])
    kept[found.start_mark.line : _last_line(node) + 1] = [new]
    return "".join(kept)


def _last_line(node: yaml.Node) -> int:
    """The last line of a value, from 0. The mark of a block is where the next key begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    mark = node.end_mark
    return mark.line if mark.column > 0 or mark.line == node.start_mark.line else mark.line - 1
