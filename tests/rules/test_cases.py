"""cases.yaml and the fixtures say the same: which report is shown where, and that each has its counterpart."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent
CASES: dict[str, list[str]] = yaml.safe_load((ROOT / "cases.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_fixture_cites_its_report(name: str) -> None:
    header = (ROOT / f"{name}.yaml").read_text(encoding="utf-8").partition("---")[0]
    for report in CASES[name]:
        assert report in header, name


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_case_has_a_counterpart(name: str) -> None:
    folder, _, fixture = name.partition("/")
    other = "good" if fixture.startswith("bad-") else "bad"
    assert list((ROOT / folder).glob(f"{other}-*.yaml")), name
