"""What the questions accept works: every pair of choices generates, renders, is valid and has no finding at all.

`make test` takes a few of the choices, `make test-space` all of them, with both helms.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import copier
import pytest
from copier.errors import UserMessageError

from kserve_wiring import Options, inspect, read
from kserve_wiring.manifests.environment import plan
from tests.environments.public import public_hosts
from tests.space.space import FACTORS, REFUSED, Choice, answers, is_refused, pairs, title
from tools.environment import others, render, schema
from tools.generate import answers_schema
from tools.upstream import helm
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

WHOLE = bool(os.environ.get("KSERVE_TEST_SPACE"))
CHOICES = pairs()
# A few that are far apart; the rest takes minutes.
TRIED = CHOICES if WHOLE else CHOICES[1::5]


def faults(folder: Path, charts: Upstream, helm: Helm, openapi: Path) -> list[str]:
    """What is wrong with an environment: charts, invalid objects, findings, problems and notes."""
    calls, missing = plan(folder, charts.folder)
    rendered = render.render(calls, helm)
    whole = [item for one in rendered if not one.partial for item in one.objects()]
    store = next(iter(charts.folders.values())).parent
    report = inspect(read(str(folder), charts=str(store), helm=helm.path), Options(level="info"))
    found = [f"{finding.code} {finding.object}: {finding.message}" for finding in report.findings]
    said = (
        *missing,
        *schema.validate(whole, openapi, others=others.kinds(charts, helm)),
        *found,
        *report.problems,
        *report.notes,
    )
    return [str(fault) for fault in said]


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
    assert faults(folder, charts, newest_helm, openapi) == []
    rendered = render.render(plan(folder, charts.folder)[0], newest_helm)
    if choice["offline"] == "yes":
        assert public_hosts(item for one in rendered for item in one.objects()) == []
    if WHOLE:
        other = render.render(plan(folder, charts.folder)[0], helm.find_major(helm.MAJORS[-1]))
        for one, two in zip(rendered, other, strict=True):
            assert sorted(one.objects(), key=schema.title) == sorted(two.objects(), key=schema.title), one.release


@pytest.mark.parametrize("choice", REFUSED, ids=title)
def test_what_the_space_leaves_out_the_questions_refuse(choice: Choice, template: Path, tmp_path: Path) -> None:
    """Else REFUSED would hide a part of the space."""
    with pytest.raises(UserMessageError, match="'dict object' has no attribute"):
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


def test_every_choice_of_a_question_is_in_the_space() -> None:
    """A new question with choices, or with yes and no, belongs to FACTORS. `details` decides only what is asked.

    The other `kind` is no environment: tests/fleet.
    """
    given: dict[str, set[Any]] = {}
    for choice in pairs():
        for name, answer in answers(choice).items():
            if isinstance(answer, str | bool):
                given.setdefault(name, set()).add(answer)
            elif name == "serving_runtimes":
                given.setdefault(name, set()).update(answer)
    missing = {}
    for name, question in answers_schema.asked().items():
        values = answers_schema.choices(question) if "choices" in question else [True, False]
        defaults = question["default"] if isinstance(question["default"], list) else [question["default"]]
        if ("choices" in question or question["type"] == "bool") and name not in ("details", "kind"):
            missing[name] = set(values) - set(defaults) - given.get(name, set())
    assert {name: left for name, left in missing.items() if left} == {}
