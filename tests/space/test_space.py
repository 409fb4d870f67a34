"""What the questions accept works: every pair of choices generates, renders, is valid and has no finding at all.

`make test` takes a few of the choices, `make test-space` all of them, with both helms.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import copier
import pytest

from kserve_wiring import Options, inspect, read
from kserve_wiring.manifests.environment import plan
from tests.environments.public import public_hosts
from tests.space.space import FACTORS, REFUSED, Choice, answers, is_refused, pairs, title
from tools.environment import render, schema
from tools.upstream import helm
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

WHOLE = bool(os.environ.get("KSERVE_TEST_SPACE"))
CHOICES = pairs()
# A few that are far apart; the rest takes minutes.
TRIED = CHOICES if WHOLE else CHOICES[1::5]


@pytest.mark.parametrize("choice", TRIED, ids=title)
def test_a_choice(
    choice: Choice,
    template: Path,
    tmp_path: Path,
    upstream_charts: Callable[[str], Upstream],
    newest_helm: Helm,
    openapi: Path,
) -> None:
    folder = tmp_path / "environment"
    copier.run_copy(str(template), folder, answers(choice), defaults=True, quiet=True)
    charts = upstream_charts(choice["stack"])
    calls, missing = plan(folder, charts.folder)
    assert missing == []
    rendered = render.render(calls, newest_helm)
    whole = [item for one in rendered if not one.partial for item in one.objects()]
    assert [str(problem) for problem in schema.validate(whole, openapi)] == []
    if choice["offline"] == "yes":
        assert public_hosts(item for one in rendered for item in one.objects()) == []
    store = next(iter(charts.folders.values())).parent
    report = inspect(read(str(folder), charts=str(store), helm=newest_helm.path), Options(level="info"))
    assert [f"{finding.code} {finding.object}: {finding.message}" for finding in report.findings] == []
    assert (report.problems, report.notes) == ([], [])
    if WHOLE:
        other = render.render(calls, helm.find_major(helm.MAJORS[-1]))
        for one, two in zip(rendered, other, strict=True):
            assert sorted(one.objects(), key=schema.title) == sorted(two.objects(), key=schema.title), one.release


@pytest.mark.parametrize("choice", REFUSED, ids=title)
def test_what_the_space_leaves_out_the_questions_refuse(choice: Choice, template: Path, tmp_path: Path) -> None:
    """Else REFUSED would hide a part of the space."""
    with pytest.raises(ValueError, match=r"Validation error|Invalid choice|is required"):
        copier.run_copy(str(template), tmp_path / "out", answers(choice), defaults=True, quiet=True)
    assert not (tmp_path / "out").exists()


def test_every_other_pair_is_in_a_choice() -> None:
    names = list(FACTORS)
    covered = {
        ((first, choice[first]), (second, choice[second]))
        for choice in CHOICES
        for first, second in itertools.combinations(names, 2)
    }
    missing = [
        f"{first} {one}, {second} {other}"
        for first, second in itertools.combinations(names, 2)
        for one, other in itertools.product(FACTORS[first], FACTORS[second])
        if not is_refused({first: one, second: other}) and ((first, one), (second, other)) not in covered
    ]
    assert missing == []
