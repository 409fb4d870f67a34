"""`make fleet-status` and `make fleet-check`: the table, drift, and what disagrees between environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from kserve_wiring.cli import check as cli_check
from tests.fleet.conftest import Run, write

TABLE = """\
ENVIRONMENT  STAGE  REGION  STACK        TEMPLATE  CHANGED     FOLDER
prod-eu      prod   eu      kserve-0.20  v1.0.0    2026-11-01  as answered
prod-us      prod   -       kserve-0.20  v1.0.0    2026-11-01  as answered
test         test   -       kserve-0.20  v1.0.0    2026-11-01  as answered
"""


@pytest.fixture
def check(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The findings of the fleet alone: that of each environment is kserve-wiring check."""
    monkeypatch.setattr(cli_check, "run", lambda arguments: 0)
    return lambda: run("check")


def test_the_table(run: Run) -> None:
    assert run("status") == (0, TABLE)


def test_drift(fleet: Path, run: Run) -> None:
    environments = fleet / "environments"
    (environments / "prod-eu" / "Makefile").write_text("all:\n", encoding="utf-8")
    (environments / "prod-eu" / "README.md").unlink()
    write(fleet / "answers" / "environments" / "test.yaml", {"stage": "test", "pull_secret": "p"})
    (environments / "prod-us").rename(environments / "old")
    code, text = run("status")
    lines = {line.split()[0]: line for line in text.splitlines()}
    assert code == 1
    assert lines["prod-eu"].endswith("  edited: Makefile and 1 more")
    assert lines["test"].endswith("  other answers")
    assert lines["prod-us"].endswith("  not generated")
    assert lines["old"].endswith("  no answers")


def test_a_fleet_as_generated_has_no_finding(check: Run) -> None:
    assert check() == (0, "")


def test_a_stage_is_never_ahead_of_the_one_before(fleet: Path, run: Run, check: Run) -> None:
    write(fleet / "answers" / "stages" / "prod.yaml", {"template_version": "v1.1.0", "stack": "knative-1.23"})
    assert run("generate")[0] == 0
    code, text = check()
    assert code == 1
    assert "prod-eu: prod is ahead of test: template 1.1.0, test has 1.0.0" in text
    assert "prod-us: prod is ahead of test: istiod 1.30.3, test has 1.27.1" in text
    write(fleet / "answers" / "stages" / "test.yaml", {"template_version": "v1.1.0", "stack": "knative-1.23"})
    assert run("generate")[0] == 0
    assert check() == (0, "")


def test_names_and_clusters_that_two_have(fleet: Path, run: Run, check: Run) -> None:
    write(fleet / "answers" / "environments" / "test-extra.yaml", {"stage": "test"})
    write(fleet / "answers" / "environments" / "test.yaml", {"stage": "test", "argocd_destination": "edge"})
    write(fleet / "answers" / "environments" / "prod-us.yaml", {"stage": "prod", "argocd_destination": "edge"})
    assert run("generate")[0] == 0
    assert check() == (
        1,
        "test: rename it or environment test-extra: both have an Application test-extra\n"
        "prod-us, test: give each another argocd_destination: all install to edge\n",
    )


def test_folders_and_answers_that_differ(fleet: Path, check: Run) -> None:
    (fleet / "answers" / "environments" / "test.yaml").unlink()
    write(fleet / "answers" / "environments" / "prod-eu.yaml", {"stage": "prod"})
    write(fleet / "answers" / "environments" / "prod-us.yaml", {"stage": "prd"})
    code, text = check()
    assert code == 1
    assert text.splitlines() == [
        "prod-us: answers/environments/prod-us.yaml: set stage to one of test, prod, not 'prd'",
        "prod-eu: other answers; run make fleet",
        "test: no answers/environments/test.yaml; remove environments/test once its cluster is empty",
    ]


def test_each_environment_is_checked(fleet: Path, run: Run) -> None:
    """With kserve-wiring check: a file that is no YAML is found there."""
    (fleet / "environments" / "test" / "values" / "istiod.local.yaml").write_text("a: [\n", encoding="utf-8")
    code, text = run("check", "--helm", "absent-helm")
    assert code == 2
    assert "absent-helm" in text or "istiod.local.yaml" in text
