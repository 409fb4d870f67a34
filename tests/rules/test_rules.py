"""Every rule on its fixtures: a bad one fires exactly its code on exactly its objects, a good one fires nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from kserve_wiring import Finding, Options, inspect, read
from kserve_wiring.checker.apply import known_codes
from kserve_wiring.rules.catalogue import catalogue, chart_only
from tools.rules import Fixture, expectation, manifests

FIXTURES = manifests()
each_fixture = pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: f"{fixture.code}-{fixture.name}")


@each_fixture
def test_fixture(fixture: Fixture) -> None:
    report = inspect(read(str(fixture.path)), Options(facts=fixture.facts))
    assert report.problems == []
    assert Counter(map(expectation, report.findings)) == Counter(fixture.expected), [
        f"{expectation(finding)}: {finding.path}: {finding.message}" for finding in report.findings
    ]


@each_fixture
def test_a_fixture_says_what_it_is(fixture: Fixture) -> None:
    assert fixture.case
    assert fixture.name.startswith(("bad-", "good-"))
    assert bool(fixture.expected) == fixture.is_bad
    assert {expected.split()[0] for expected in fixture.expected} <= {fixture.code}, "one defect per fixture"


def bad_findings() -> Iterator[tuple[Fixture, Finding]]:
    for fixture in FIXTURES:
        for finding in inspect(read(str(fixture.path)), Options(facts=fixture.facts)).findings:
            yield fixture, finding


def test_every_finding_is_complete() -> None:
    """No placeholder is left open, the place is in the file, and the fix says something."""
    for fixture, finding in bad_findings():
        path = fixture.path
        placeholders = set(re.findall(r"<([a-z_]+)>", f"{finding.message} {finding.fix}"))
        assert placeholders <= {"name", "namespace", "service", "domain"}, (path, "a form that a user is told to write")
        assert finding.fix, path
        assert finding.file == str(path)
        assert 0 < finding.line <= len(path.read_text(encoding="utf-8").splitlines())
        assert finding.url.endswith(f"{finding.code}.md")


def test_every_code_has_a_rule_and_fixtures() -> None:
    active = {code for code, entry in catalogue().items() if not entry.retired}
    assert set(known_codes()) | chart_only() == active
    assert not set(known_codes()) & chart_only()
    for kind in ("bad", "good"):
        assert {fixture.code for fixture in FIXTURES if fixture.name.startswith(f"{kind}-")} == set(known_codes()), kind


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_a_title_is_one_short_sentence(code: str) -> None:
    """It fits in a list of rules, and begins with a capital or with a name that is written as in the manifests."""
    title = catalogue()[code].title
    assert 0 < len(title) <= 70
    assert re.match(r"[A-Z]|[a-z0-9]+[-._/]\w|[a-z]+[A-Z]\w", title), title
    assert not title.endswith(".")
    assert "`" not in title


def test_every_wire_has_a_rule() -> None:
    wires = {catalogue()[code].wire for code in known_codes()}
    assert wires - {"-"} == {f"W{number}" for number in range(1, 15)}
