# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong between the environments of a fleet. What is wrong within one is for the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from kserve_wiring.fleet.answers import ENVIRONMENTS, Environment, Fleet, FleetError, names, read_environment
from kserve_wiring.fleet.status import CURRENT, state, without_answers
from kserve_wiring.grammar.version import version_tuple
from kserve_wiring.manifests.environment import read_releases

Version = tuple[int, ...]


def findings(fleet: Fleet) -> Iterator[str]:
    """A line for each disagreement. Raises FleetError if there is no environment."""
    environments: list[Environment] = []
    for name in names(fleet):
        try:
            environments.append(read_environment(fleet, name))
        except FleetError as error:
            yield f"{name}: {error}"
    for environment in environments:
        if (found := state(fleet, environment)) != CURRENT:
            yield f"{environment.name}: {found}; run make fleet"
    for name in without_answers(fleet):
        yield f"{name}: no answers/environments/{name}.yaml; remove {ENVIRONMENTS / name} once its cluster is empty"
    yield from shared_names(fleet, environments)
    yield from shared_clusters(environments)
    yield from stages_ahead(fleet, environments)


def shared_names(fleet: Fleet, environments: Sequence[Environment]) -> Iterator[str]:
    """All Applications of the fleet are in one namespace: prod-extra is also that of release extra of prod."""
    taken = {fleet.name: "the fleet"} | {one.name: f"environment {one.name}" for one in environments if one.has_argocd}
    for environment in environments:
        if environment.name == fleet.name and environment.has_argocd:
            yield f"{environment.name}: rename the environment: the project of the fleet has this name"
        for release in [*_releases(fleet, environment), "extra"] if environment.has_argocd else []:
            if (name := f"{environment.name}-{release}") in taken:
                yield f"{environment.name}: rename it or {taken[name]}: both have an Application {name}"


def shared_clusters(environments: Sequence[Environment]) -> Iterator[str]:
    """Two environments in one cluster install the same cluster-wide objects."""
    of_cluster: dict[tuple[str, str], list[str]] = defaultdict(list)
    for environment in environments:
        for key in ("argocd_destination", "kube_context"):
            if target := environment.answers.get(key):
                of_cluster[key, str(target)].append(environment.name)
    for (key, target), found in of_cluster.items():
        if len(found) > 1:
            yield f"{', '.join(found)}: give each another {key}: all install to {target}"


def stages_ahead(fleet: Fleet, environments: Sequence[Environment]) -> Iterator[str]:
    """A version in a stage that is newer than any in the stage before, which had to run it first."""
    by_stage = [(stage, [one for one in environments if one.stage == stage]) for stage in fleet.stages]
    for (first, before), (later, after) in pairwise((stage, found) for stage, found in by_stage if found):
        most = _newest(fleet, before)
        found = ((one, part, version) for one in after for part, version in _versions(fleet, one).items())
        for environment, part, version in found:
            if version > most.get(part, version):
                said, most_said = (".".join(map(str, one)) for one in (version, most[part]))
                yield f"{environment.name}: {later} is ahead of {first}: {part} {said}, {first} has {most_said}"


def _newest(fleet: Fleet, environments: Sequence[Environment]) -> dict[str, Version]:
    found: dict[str, Version] = {}
    for environment in environments:
        for part, version in _versions(fleet, environment).items():
            found[part] = max(version, found.get(part, version))
    return found


def _versions(fleet: Fleet, environment: Environment) -> dict[str, Version]:
    """The versions of the template and of each upstream chart, of those that are version numbers."""
    texts = {"template": environment.version} | _releases(fleet, environment)
    return {part: version for part, text in texts.items() if (version := version_tuple(text))}


def _releases(fleet: Fleet, environment: Environment) -> dict[str, str]:
    """Names of the releases in the folder of an environment, with the versions of their charts."""
    try:
        found = read_releases(fleet.folder / ENVIRONMENTS / environment.name / "releases.yaml")
    except (OSError, ValueError):
        return {}  # its state says so
    return {release.name: release.version for release in found}
