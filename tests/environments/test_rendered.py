"""Helm accepts every release of every example, and so would the API server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kserve_wiring.manifests.environment import plan
from tests.environments.conftest import Render, stack
from tools.environment import render, schema
from tools.upstream import helm
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

# Registries of the images that upstream's charts and manifests name.
PUBLIC = re.compile(r"\b(docker|quay|gcr|ghcr|nvcr|k8s\.gcr|registry\.k8s|registry\.istio)\.io\b|mcr\.microsoft\.com")
SKIP_LIST = "registries-skipping-tag-resolving"


def test_helm_lint_has_no_complaint(
    example: Path, environment: Callable[[Path], Path], upstream_charts: Callable[[str], Upstream], each_helm: Helm
) -> None:
    work, _ = plan(environment(example), upstream_charts(stack(example)).folder)
    assert {job.release: render.lint(job, each_helm) for job in work} == {job.release: "" for job in work}


def test_every_release_renders(
    example: Path, environment: Callable[[Path], Path], rendered: Render, each_helm: Helm
) -> None:
    expected = yaml.safe_load((environment(example) / "releases.yaml").read_text(encoding="utf-8"))
    whole = [one for one in rendered(example, each_helm) if not one.partial]
    assert [one.release for one in whole] == [release["name"] for release in expected]
    assert [one.release for one in whole if not one.objects()] == []


def test_both_helms_render_the_same(example: Path, rendered: Render) -> None:
    first, second = (rendered(example, helm.find_major(major)) for major in helm.MAJORS)
    for one, other in zip(first, second, strict=True):
        # Objects of one kind come in another order.
        assert sorted(one.objects(), key=schema.title) == sorted(other.objects(), key=schema.title), one.release


def test_every_object_is_strictly_valid(example: Path, rendered: Render, newest_helm: Helm, openapi: Path) -> None:
    whole = [item for one in rendered(example, newest_helm) if not one.partial for item in one.objects()]
    assert [str(problem) for problem in schema.validate(whole, openapi)] == []


def test_an_offline_environment_names_no_public_host(example: Path, rendered: Render, newest_helm: Helm) -> None:
    if not yaml.safe_load(example.read_text(encoding="utf-8")).get("offline"):
        pytest.skip("has a way to the internet")
    named = [
        f"{schema.title(item)} {path}: {text}"
        for one in rendered(example, newest_helm)
        for item in one.objects()
        if item["kind"] != "CustomResourceDefinition"
        for path, text in strings(item)
        if PUBLIC.search(text) and not path.endswith(SKIP_LIST)
    ]
    assert named == []


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a document with its path. Keys count as strings of their own."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{path}.{key}", str(key)
            yield from strings(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from strings(inner, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, value
