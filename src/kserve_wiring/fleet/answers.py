# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The answers of each environment of a fleet: fleet.yaml, and the layers in answers/.

A later layer replaces an answer of an earlier one, also a list or a mapping as a whole, and null removes it:
defaults.yaml, the region, the stage, the environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kserve_wiring.grammar.values import is_qualified_name
from kserve_wiring.manifests.repeated_keys import load_unique
from kserve_wiring.manifests.yamltext import YamlError

FLEET, ANSWERS, ENVIRONMENTS = "fleet.yaml", Path("answers"), Path("environments")
VERSION = "template_version"
OWN_KEYS = ("stage", "region", VERSION)
"""Keys of a layer that are no answers: they are not given to the template."""
DERIVED = ("kind", "environment_name", "argocd_path", "argocd_project")
"""Answers that follow from the name of an environment's file."""
FLEET_KEYS = ("name", "template", "path", "stages", "cluster_label", "allow")
ALLOW_KEYS = ("repositories", "namespaces", "kinds")
# They are labels of the Applications.
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
# A tag of Copier's (PEP 440) or a whole commit. A branch gives other files with the same answers.
_FIXED = re.compile(r"v?\d+(\.\d+)*([.-]?[a-z]+\.?\d*)*|[0-9a-f]{40}")


class FleetError(Exception):
    """A file that a person has to change. One line, which begins with the name of the file."""


@dataclass(frozen=True)
class Fleet:
    """The content of fleet.yaml.

    path: of this folder in its git repository, "." or without a slash at the end. stages: the first one is the first
    that gets a change. cluster_label: the label of Argo CD's cluster Secrets whose value is the name of an environment;
    with it, an environment without such a Secret gets no Application. allow: what every AppProject allows besides what
    the template installs.
    """

    folder: Path
    name: str
    template: str
    stages: tuple[str, ...]
    path: str = "."
    cluster_label: str = ""
    allow: Mapping[str, list[Any]] = field(default_factory=dict)

    def place(self, name: str) -> str:
        """Path of an environment in the git repository."""
        return str(Path(self.path) / ENVIRONMENTS / name)


@dataclass(frozen=True)
class Environment:
    """One environment as its layers describe it. answers: of the template, with those that follow from its name."""

    name: str
    stage: str
    region: str
    version: str
    answers: Mapping[str, Any]

    @property
    def has_argocd(self) -> bool:
        return self.answers.get("gitops") == "argocd"


def read_fleet(folder: Path) -> Fleet:
    """Read fleet.yaml. Raises FleetError."""
    file = folder / FLEET
    data = read_mapping(file)
    for key in data:
        if key not in FLEET_KEYS:
            raise FleetError(f"{FLEET}: unknown key {key}; valid keys: {', '.join(FLEET_KEYS)}")
    for key in ("name", "template"):
        if not data.get(key) or not isinstance(data[key], str):
            raise FleetError(f"{FLEET}: add {key}: a text")
    stages = data.get("stages")
    if not isinstance(stages, list) or not stages or not all(map(_is_label, stages)):
        raise FleetError(f"{FLEET}: set stages to a list of names, such as [test, prod]")
    path = str(data.get("path", ".")).strip("/") or "."
    label = data.get("cluster_label") or ""
    if label and not (isinstance(label, str) and is_qualified_name(label)):
        raise FleetError(f"{FLEET}: set cluster_label to the key of a label, such as corp.example/environment")
    return Fleet(folder, data["name"], data["template"], tuple(stages), path, label, _allow(data.get("allow") or {}))


def _is_label(value: Any) -> bool:
    return isinstance(value, str) and LABEL.fullmatch(value) is not None


def _allow(value: Any) -> Mapping[str, list[Any]]:
    if not isinstance(value, dict) or not all(isinstance(listed, list) for listed in value.values()):
        raise FleetError(f"{FLEET}: set allow to lists: {', '.join(ALLOW_KEYS)}")
    for key in value:
        if key not in ALLOW_KEYS:
            raise FleetError(f"{FLEET}: unknown key allow.{key}; valid keys: {', '.join(ALLOW_KEYS)}")
    return value


def names(fleet: Fleet) -> list[str]:
    """The environments of a fleet, by their files. Raises FleetError if there is none, or a file is no layer."""
    found = []
    for file in sorted((fleet.folder / ANSWERS).rglob("*.y*ml")):
        place = file.relative_to(fleet.folder / ANSWERS)
        if place.parent == Path("environments") and file.suffix == ".yaml":
            found.append(file.stem)
        elif str(place) != "defaults.yaml" and (
            str(place.parent) not in ("regions", "stages") or file.suffix != ".yaml"
        ):
            raise FleetError(
                f"{ANSWERS / place}: not a layer; those are defaults.yaml, regions/*.yaml, stages/*.yaml and "
                "environments/*.yaml"
            )
    if not found:
        raise FleetError(f"{ANSWERS}/environments/: write a file per environment, such as test.yaml with stage: test")
    return found


def read_environment(fleet: Fleet, name: str) -> Environment:
    """The environment of a file of answers/environments/. Raises FleetError."""
    merged = {key: value for key, value in dict(_merged(fleet, name)).items() if value is not None}
    for key in DERIVED:
        if key in merged:
            raise FleetError(f"{layer_of(fleet, name, key)}: remove {key}, which follows from the name of the file")
    version = merged.get(VERSION)
    if not isinstance(version, str) or not _FIXED.fullmatch(version):
        where = layer_of(fleet, name, VERSION)
        raise FleetError(f"{where}: set {VERSION} to a tag of {fleet.template} or a whole commit, not {version!r}")
    answers = {key: value for key, value in merged.items() if key not in OWN_KEYS}
    answers |= {"environment_name": name}
    if answers.get("gitops") == "argocd":
        answers = {"argocd_destination": name} | answers | {"argocd_path": fleet.place(name), "argocd_project": name}
    return Environment(name, merged["stage"], merged.get("region", ""), version, answers)


def layers(fleet: Fleet, name: str) -> list[Path]:
    """The files of an environment, relative to the fleet, the first one first. Raises FleetError."""
    own = ANSWERS / "environments" / f"{name}.yaml"
    data = read_mapping(fleet.folder / own)
    stage, region = data.get("stage"), data.get("region", "")
    if stage not in fleet.stages:
        raise FleetError(f"{own}: set stage to one of {', '.join(fleet.stages)}, not {stage!r}")
    found = [ANSWERS / "defaults.yaml", ANSWERS / "stages" / f"{stage}.yaml", own]
    if region != "":
        if not _is_label(region):
            raise FleetError(f"{own}: set region to a name such as eu, not {region!r}")
        file = ANSWERS / "regions" / f"{region}.yaml"
        if not (fleet.folder / file).is_file():
            raise FleetError(f"{own}: write {file}, or remove region: {region}")
        found.insert(1, file)
    return found


def _merged(fleet: Fleet, name: str) -> Iterator[tuple[str, Any]]:
    """Keys and values of all layers, the last one last."""
    *shared, own = layers(fleet, name)
    for file in shared:
        data = read_mapping(fleet.folder / file) if (fleet.folder / file).is_file() else {}
        for key in ("stage", "region"):
            if key in data:
                raise FleetError(f"{file}: remove {key}, which belongs to {ANSWERS}/environments/")
        yield from data.items()
    yield from read_mapping(fleet.folder / own).items()


def layer_of(fleet: Fleet, name: str, key: str) -> Path:
    """The last layer that has a key, or that of the environment."""
    files = layers(fleet, name)
    having = [file for file in files if (fleet.folder / file).is_file() and key in read_mapping(fleet.folder / file)]
    return [files[-1], *having][-1]


def read_mapping(file: Path) -> dict[str, Any]:
    """The mapping in a YAML file, {} if the file is empty. Raises FleetError."""
    shown = _shown(file)
    try:
        value = load_unique(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise FleetError(f"{shown}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise FleetError(f"{shown}: {error}") from None
    except YamlError as error:
        raise FleetError(f"{shown}:{error.line}: {' '.join(str(error).split())}") from None
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise FleetError(f"{shown}: write one `key: value` per line")
    return value


def _shown(file: Path) -> str:
    """A file of a fleet as messages name it: from answers/ on."""
    parts = file.parts
    return "/".join(parts[parts.index("answers") :]) if "answers" in parts else file.name
