"""What was reported or has to hold: each is shown by the fixtures of a rule, or rules/not-covered.yaml says why not."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tools.rules import NOT_COVERED, Fixture, rule_folders

Entry = dict[str, Any]
SHOWN: list[tuple[Fixture, Entry]] = [
    (folder.fixtures[name], entry)
    for folder in rule_folders().values()
    for entry in folder.entry.get("reports", ())
    for name in entry.get("shown", ())
]
UNCOVERED: list[Entry] = yaml.safe_load(NOT_COVERED.read_text("utf-8"))
ENTRIES = [
    *((code, entry) for code, folder in rule_folders().items() for entry in folder.entry.get("reports", ())),
    *(("not-covered", entry) for entry in UNCOVERED),
]


def name_of(entry: Entry) -> str:
    """The id, or the address of a report that has none."""
    return str(entry.get("id") or entry.get("report") or entry.get("reason"))


@pytest.mark.parametrize(("place", "entry"), ENTRIES, ids=[f"{place}-{name_of(entry)}" for place, entry in ENTRIES])
def test_an_entry_is_shown_or_says_why_not(place: str, entry: Entry) -> None:
    assert set(entry) <= {"id", "report", "fact", "reason", "shown", "no_rule"}
    assert [key in entry for key in ("report", "fact", "reason")].count(True) == 1
    assert [bool(entry.get(key)) for key in ("shown", "no_rule", "reason")].count(True) == 1
    assert ("no_rule" in entry) == (place == "not-covered")


def test_an_id_means_one_thing() -> None:
    meant: dict[str, set[str]] = {}
    for _, entry in ENTRIES:
        if "id" in entry:
            meant.setdefault(entry["id"], set()).add(str(entry.get("report") or entry.get("fact")))
    assert {id_: texts for id_, texts in meant.items() if len(texts) > 1} == {}
    assert not {entry["id"] for entry in UNCOVERED} & {entry.get("id") for _, entry in SHOWN}


@pytest.mark.parametrize("name", sorted({name_of(entry) for _, entry in SHOWN if "report" in entry}))
def test_a_fixture_cites_its_report(name: str) -> None:
    assert any(entry["report"] in fixture.reports for fixture, entry in SHOWN if name_of(entry) == name)


@pytest.mark.parametrize(
    "fixture", {fixture.path: fixture for fixture, _ in SHOWN}.values(), ids=lambda f: f"{f.code}-{f.name}"
)
def test_a_fixture_has_a_counterpart(fixture: Fixture) -> None:
    assert fixture.path.read_text("utf-8").startswith("# case: ")
    others = rule_folders()[fixture.code].fixtures.values()
    assert any(other.is_bad != fixture.is_bad and other.is_values == fixture.is_values for other in others)


@pytest.mark.parametrize("code", [code for code, folder in rule_folders().items() if not folder.retired])
def test_every_rule_has_a_reason(code: str) -> None:
    """A rule that no report, trap or invariant asks for says itself, and only then, what it is for."""
    entries = rule_folders()[code].entry["reports"]
    assert entries
    assert all("shown" in entry for entry in entries) or [set(entry) for entry in entries] == [{"reason"}]
