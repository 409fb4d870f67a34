"""Every example, rendered by real helm with upstream's charts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import yaml

from kserve_wiring.manifests.environment import plan
from tests.template.conftest import EXAMPLES, copy_template, environment, template
from tools import stacks
from tools.environment import render
from tools.environment.render import Rendered
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

__all__ = ["copy_template", "environment", "template"]

Render = Callable[[Path, Helm], list[Rendered]]


@pytest.fixture(scope="session")
def rendered(environment: Callable[[Path], Path], upstream_charts: Callable[[str], Upstream]) -> Render:
    """All releases of an example, rendered once per helm."""

    @cache
    def of(example: Path, helm: Helm) -> list[Rendered]:
        work, missing = plan(environment(example), upstream_charts(stack(example)).folder)
        assert missing == []
        return render.render(work, helm)

    return of


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def example(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def stack(example: Path) -> str:
    """The stack that an answers file selects."""
    return str(yaml.safe_load(example.read_text(encoding="utf-8")).get("stack", stacks.DEFAULT))
