"""What tests of several rooms share: both helms, upstream's charts and Kubernetes' schemas, all pinned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest

from tools import stacks
from tools.console import ROOT
from tools.upstream import charts as upstream
from tools.upstream import helm, modules
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

EXAMPLES = (ROOT / "examples", ROOT / "tests" / "answers" / "valid")


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Tests of one example run in one process, which generates and renders it once; so do the tests of one file."""
    if hasattr(config, "workerinput"):
        for item in items:
            item.add_marker(pytest.mark.xdist_group(example_of(item) or item.nodeid.partition("::")[0]))


def example_of(item: pytest.Item) -> str:
    """The name of the answers file that a test is about."""
    given = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return next((value.stem for value in given if isinstance(value, Path) and value.parent in EXAMPLES), "")


@pytest.fixture(scope="session", params=helm.MAJORS, ids=lambda major: f"helm{major}")
def each_helm(request: pytest.FixtureRequest) -> Helm:
    """A helm of each supported major version, one after the other."""
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
