"""Fixtures for tests of several folders: both helms, upstream's charts and Kubernetes' schemas, all pinned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from kserve_wiring.fleet.copies import each_text_compiled_once
from tests.renders import each_render_made_once
from tools import stacks
from tools.upstream import charts as upstream
from tools.upstream import helm, modules
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

# The same examples in every run, and no limit of time: a busy machine is no defect.
settings.register_profile(
    "repeatable", derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def _each_text_is_compiled_once() -> Iterator[None]:
    """Copier compiles all texts of a template again for every copy, which is half of the time that a copy takes."""
    with each_text_compiled_once({}):
        yield


@pytest.fixture(scope="session", autouse=True)
def _equal_renders_are_made_once() -> Iterator[None]:
    with each_render_made_once():
        yield


@pytest.fixture(scope="session", params=helm.MAJORS, ids=lambda major: f"helm{major}")
def each_helm(request: pytest.FixtureRequest) -> Helm:
    """A helm of each supported major version, in turn."""
    return helm.find_major(request.param)


@pytest.fixture(scope="session")
def newest_helm() -> Helm:
    """A helm of the newest supported major version."""
    return helm.find_major(helm.MAJORS[0])


@cache
def _charts(stack: str) -> Upstream:
    found = upstream.charts(stack, only_modules=True)
    assert not found.missing, f"make test needs Go and its module proxy: {found.missing}"
    return found


@pytest.fixture(scope="session")
def upstream_charts() -> Callable[[str], Upstream]:
    """All upstream charts of a stack, from the pinned Go modules: the same input on every machine."""
    return _charts


@pytest.fixture(scope="session")
def openapi() -> Path:
    """api/openapi-spec/v3 of the pinned Kubernetes."""
    return modules.folder(stacks.DEFAULT, "k8s.io/kubernetes") / "api" / "openapi-spec" / "v3"
