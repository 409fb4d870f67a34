"""Every rule on its fixtures: a bad one fires exactly its code on exactly its objects, a good one fires nothing.

A fixture is a stream of manifests. Its first lines say what it is: `# case:` what it shows and who reported it,
`# expect: CODE Kind namespace/name` one line per finding, with its level in brackets behind it when that is not the
rule's own, `# context: {...}` what manifests cannot say.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kserve_wiring import Finding, Options, inspect, read
from kserve_wiring.checker.apply import known_codes
from kserve_wiring.rules import CHART_ONLY
from kserve_wiring.rules.catalogue import catalogue

ROOT = Path(__file__).parent
FIXTURES = sorted(ROOT.glob("KW*/*.yaml"))
_HEADER = re.compile(r"^# (case|expect|context): (.+)$")


@dataclass
class Fixture:
    """The header of a fixture."""

    path: Path
    case: str = ""
    expected: list[str] = field(default_factory=list)
    context: dict[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return self.path.parent.name

    @property
    def is_bad(self) -> bool:
        return self.path.name.startswith("bad-")


def read_fixture(path: Path) -> Fixture:
    """The header, which ends at the first line that is no comment of it."""
    fixture = Fixture(path)
    for line in path.read_text(encoding="utf-8").splitlines():
        match = _HEADER.match(line)
        if match is None:
            break
        key, value = match.groups()
        if key == "case":
            fixture.case = value
        elif key == "expect":
            fixture.expected.append(value)
        else:
            fixture.context = json.loads(value)
    return fixture


def said(finding: Finding) -> str:
    own = catalogue()[finding.code].level
    return f"{finding.code} {finding.object}" + ("" if finding.level == own else f" ({finding.level})")


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_fixture(path: Path) -> None:
    fixture = read_fixture(path)
    report = inspect(read(str(path)), Options(facts=fixture.context))
    assert report.problems == []
    assert Counter(map(said, report.findings)) == Counter(fixture.expected), [
        f"{said(finding)}: {finding.path}: {finding.message}" for finding in report.findings
    ]


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_fixture_says_what_it_is(path: Path) -> None:
    fixture = read_fixture(path)
    assert fixture.case
    assert path.name.startswith(("bad-", "good-"))
    assert bool(fixture.expected) == fixture.is_bad
    assert {expected.split()[0] for expected in fixture.expected} <= {fixture.code}, "one defect per fixture"


def bad_findings() -> Iterator[tuple[Path, Finding]]:
    for path in FIXTURES:
        for finding in inspect(read(str(path)), Options(facts=read_fixture(path).context)).findings:
            yield path, finding


def test_every_finding_is_complete() -> None:
    """No placeholder is left open, the place is in the file, and the fix says something."""
    for path, finding in bad_findings():
        placeholders = set(re.findall(r"<([a-z_]+)>", f"{finding.message} {finding.fix}"))
        assert placeholders <= {"name", "namespace", "service", "domain"}, (path, "a form that a user is told to write")
        assert finding.fix, path
        assert finding.file == str(path)
        assert 0 < finding.line <= len(path.read_text(encoding="utf-8").splitlines())
        assert finding.url.endswith(f"{finding.code}.md")


def test_every_code_has_a_rule_and_fixtures() -> None:
    active = {code for code, entry in catalogue().items() if not entry.retired}
    assert set(known_codes()) | CHART_ONLY == active
    assert not set(known_codes()) & CHART_ONLY
    for kind in ("bad", "good"):
        assert {path.parent.name for path in FIXTURES if path.name.startswith(f"{kind}-")} == set(known_codes()), kind


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
