"""W1 to W14 agree in every example, and a change to one end of a wire is reported with its code."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from kserve_wiring import Finding, inspect, read
from kserve_wiring.manifests.load import load_text
from kserve_wiring.manifests.objects import KubeObject
from tests.environments.conftest import Render
from tests.environments.edit import edited
from tests.environments.wires import End, ends
from tests.live.bed.environments import SHARED
from tests.live.wires import BROKEN, RELEASE, Broken
from tests.template.conftest import EXAMPLES
from tools.upstream.helm import Helm

Objects = tuple[KubeObject, ...]
# An example with its own choices for each wire; the others repeat most of their ends.
WIRED = [
    path for path in EXAMPLES if path.stem in {"everything", "offline-harbor", "pull-limits", "custom-local-gateway"}
]

# The environment of the test bed.
BED = next(path for path in EXAMPLES if path.stem == SHARED)


@pytest.fixture(scope="module")
def objects(rendered: Render, newest_helm: Helm) -> Callable[[Path], Objects]:
    """All objects of an example as the checker reads them, except CRDs, which have no wire."""

    @cache
    def of(example: Path) -> Objects:
        loaded = [
            load_text(one.text, one.release, release=one.release, partial=one.partial, namespace=one.namespace)
            for one in rendered(example, newest_helm)
        ]
        assert [problem for one in loaded for problem in one.problems] == []
        return tuple(item for one in loaded for item in one.objects if item.kind != "CustomResourceDefinition")

    return of


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_wire_agrees(example: Path, objects: Callable[[Path], Objects]) -> None:
    assert [said(finding) for finding in inspect(read(objects(example))).findings] == []


def answers(example: Path, environment: Callable[[Path], Path]) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((environment(example) / ".copier-answers.yml").read_text(encoding="utf-8"))
    return loaded


def test_every_wire_has_ends(environment: Callable[[Path], Path]) -> None:
    wires = {end.wire for example in WIRED for end in ends(answers(example, environment))}
    assert wires == {f"W{number}" for number in range(1, 14)}, "W14 is tested below"


@pytest.mark.parametrize("example", WIRED, ids=lambda path: path.stem)
def test_a_changed_end_is_named(
    example: Path, environment: Callable[[Path], Path], objects: Callable[[Path], Objects], subtests: Any
) -> None:
    for end in ends(answers(example, environment)):
        with subtests.test(wire=end.wire, end=end.name):
            findings = inspect(read(changed(objects(example), end))).findings
            assert end.code in {finding.code for finding in findings}, [said(finding) for finding in findings]


@pytest.mark.parametrize("row", [row for row in BROKEN if row.target != RELEASE], ids=lambda row: row.wire)
def test_what_the_test_bed_breaks_is_named(row: Broken, objects: Callable[[Path], Objects]) -> None:
    """tests/live runs the real controllers on the same objects."""
    kind, name, namespace = row.target
    end = End("W9", row.wire, f"{kind.rpartition('/')[2]} {namespace}/{name}", row.change, row.code)
    assert row.code in {finding.code for finding in inspect(read(changed(objects(BED), end))).findings}


def test_an_object_of_two_releases_is_named(objects: Callable[[Path], Objects]) -> None:
    """W14: each object belongs to exactly one release."""
    everything = objects(EXAMPLES[0])
    config = next(item for item in everything if item.name == "inferenceservice-config")
    twin = load_text(yaml.safe_dump(dict(config.body)), "other", release="kserve-resources").objects
    assert [finding.code for finding in inspect(read([*everything, *twin])).findings] == ["KW501"]


def changed(objects: Objects, end: End) -> list[KubeObject]:
    """The objects after one end is changed."""
    matching = [item for item in objects if str(item.ref) == end.target and end_applies(item, end)]
    assert matching, f"there is no {end.target}"
    others = [item for item in objects if item not in matching]
    body = edited(dict(matching[0].body), end.edit)
    source = matching[0].source
    return [
        *others,
        *load_text(yaml.safe_dump(body), source.file, release=source.release, partial=source.partial).objects,
    ]


def end_applies(item: KubeObject, end: End) -> bool:
    """One release can have the full object and the patches a part of it; the end is in one of the two."""
    try:
        edited(dict(item.body), end.edit)
    except (KeyError, IndexError, AssertionError):
        return False
    return True


def said(finding: Finding) -> str:
    return f"[{finding.code}] {finding.object}: {finding.path}: {finding.message}"
