"""The schemas that the package carries are those of upstream's modules, and lose nothing by being merged."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from kserve_wiring.schemas.carried import KUBERNETES, project_of
from kserve_wiring.schemas.misfit import Misfit
from kserve_wiring.schemas.node import Dialect, Node, Schemas
from tests.upstream.mutants import DROPPED, Mutant, mutants, samples
from tools.generate.schemas import pack, sources

Object = dict[str, Any]
# What only the newest release requires: the merged schema accepts what any release accepts.
LOST = {
    "null KnativeServing spec.high-availability.replicas",
    "removed KnativeServing spec.high-availability.replicas",
    "removed HTTPRoute spec.rules.0",
}
# Reading all its releases takes a minute: python -m tools.generate.schemas.pack --check does it.
SLOW = "kserve"


@pytest.mark.parametrize("name", [name for name in (*sources.PROJECTS, KUBERNETES) if name != SLOW])
def test_the_carried_schemas_are_fresh(name: str) -> None:
    fresh = pack.text(pack.packed(sources.releases(name)))
    assert (pack.FOLDER / f"{name}.json").read_text("utf-8") == fresh, "run python -m tools.generate.schemas.pack"


def test_the_index_is_fresh() -> None:
    assert (pack.FOLDER / "index.json").read_text("utf-8") == pack.index(pack.carried_kinds()), "run ...schemas.pack"


def test_the_carried_schemas_are_small() -> None:
    assert sum(path.stat().st_size for path in pack.FOLDER.iterdir()) < 600_000


@cache
def newest(project: str) -> dict[tuple[str, str, str], Any]:
    """The schemas in the CRDs of a project's newest release."""
    return sources.crds_of(project, sources.newest(project)).kinds


def raw(body: Object) -> list[Misfit]:
    """What does not fit the CRD itself. Its metadata and status are not compared."""
    group, _, version = body["apiVersion"].rpartition("/")
    project = project_of(group)
    assert project is not None
    schema = newest(project.name)[group, version, body["kind"]].schema
    compiler = Schemas(Dialect(lambda reference: {}, metadata={"x-kubernetes-preserve-unknown-fields": True}))
    return compiler.root(schema, Node()).misfits(body)


def carried(body: Object) -> list[Misfit]:
    group, _, version = body["apiVersion"].rpartition("/")
    project = project_of(group)
    assert project is not None
    release = project.releases[-1]
    return project.node(group, body["kind"], version, release).misfits(body)


def is_custom(body: Object) -> bool:
    project = project_of(body["apiVersion"].rpartition("/")[0])
    return project is not None and project.name != KUBERNETES


CUSTOM = [body for body in samples() if is_custom(body)]


@pytest.mark.parametrize("body", samples(), ids=lambda body: f"{body['apiVersion']}-{body['kind']}")
def test_a_valid_object_fits(body: Object) -> None:
    assert carried(body) == []


@pytest.mark.parametrize("body", CUSTOM, ids=lambda body: f"{body['apiVersion']}-{body['kind']}")
def test_a_merged_schema_finds_what_the_newest_crd_finds(body: Object) -> None:
    """At every place; what an older release allowed besides is no misfit, as in an enumeration."""
    assert {str(mutant) for mutant in mutants(body) if _differ(mutant)} <= LOST | DROPPED


def _differ(mutant: Mutant) -> bool:
    if mutant.path[0] == "metadata":
        return False
    found = {misfit.path for misfit in carried(mutant.body)}
    return {misfit.path for misfit in raw(mutant.body)} != found
