"""cases.yaml and the fixtures say the same: which report, trap or invariant is shown where, or why none can show it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent
DATA: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "cases.yaml").read_text(encoding="utf-8"))
ALSO: dict[str, str] = DATA.pop("also")
ENTRIES = {f"{part}-{number}": entry for part, entries in DATA.items() for number, entry in entries.items()}
REPORTED = {name: entry for name, entry in ENTRIES.items() if "report" in entry}
SHOWN = sorted({fixture for entry in ENTRIES.values() for fixture in entry.get("shown", ())} | set(ALSO))


def header(fixture: str) -> str:
    """The first lines of a fixture, which say what it is."""
    return (ROOT / f"{fixture}.yaml").read_text(encoding="utf-8").partition("---")[0]


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_an_entry_is_shown_or_says_why_not(name: str) -> None:
    entry = ENTRIES[name]
    assert set(entry) <= {"report", "fact", "shown", "no_rule"}
    assert ("report" in entry) != ("fact" in entry)
    assert bool(entry.get("shown")) != bool(entry.get("no_rule"))


@pytest.mark.parametrize("name", sorted(name for name, entry in REPORTED.items() if "shown" in entry))
def test_a_fixture_cites_its_report(name: str) -> None:
    assert any(REPORTED[name]["report"] in header(fixture) for fixture in REPORTED[name]["shown"])


@pytest.mark.parametrize("fixture", sorted(ALSO))
def test_a_fixture_cites_what_it_shows_besides(fixture: str) -> None:
    assert ALSO[fixture] in header(fixture)


@pytest.mark.parametrize("fixture", SHOWN)
def test_a_fixture_has_a_counterpart(fixture: str) -> None:
    assert header(fixture).startswith("# case: ")
    folder, _, name = fixture.partition("/")
    other = "good" if name.startswith("bad-") else "bad"
    assert list((ROOT / folder).glob(f"{other}-*.yaml"))


def test_every_rule_has_a_reason() -> None:
    """A rule that no report, trap or invariant asks for is named here, with what it is for."""
    own = {
        "KW001",  # waivers of this command
        "KW002",  # likewise
        "KW208",  # pull Secrets of an environment
        "KW307",  # found while reading KServe's source
        "KW409",  # KServe and Knative on two ingress gateways: measured on the real controllers
        "KW412",  # likewise, for cluster-local services
        "KW516",  # found while fuzzing: how readers differ on a key that stands twice
    }
    codes = {path.name for path in ROOT.glob("KW*")}
    assert codes - {fixture.partition("/")[0] for fixture in SHOWN} == own
