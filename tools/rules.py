"""The folders of the rules: rules/<CODE>/ with rule.yaml and the fixtures. The only reader of both.

A fixture begins with a header of comments, `# KEY: VALUE`; a long value takes several lines of the same key.

    case    what the fixture shows, and the addresses of the reports that it comes from
    expect  CODE Kind namespace/name, one line per finding; its level follows in brackets when it is not the rule's own
    facts   what manifests cannot show, as JSON
    says    values-*.yaml only: what the chart says, each line from its [CODE] on
    over    values-*.yaml only: the file of tests/chart/values over which these values are laid
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kserve_wiring import Finding
from kserve_wiring.rules.catalogue import catalogue
from tools.console import ROOT

RULES = ROOT / "rules"
NOT_COVERED = RULES / "not-covered.yaml"
HEADER_KEYS = ("case", "expect", "facts", "says", "over")
_HEADER = re.compile(rf"^# ({'|'.join(HEADER_KEYS)}): (.+)$")
_URL = re.compile(r"https?://\S+")
# What the program and the chart read of a rule. The rest is for its page and its tests.
RUN_TIME = ("title", "level", "wire", "message", "fix", "retired", "chart_only", "needs")


@dataclass(frozen=True, slots=True)
class Fixture:
    """A fixture: its header by key, and the manifests or values below it."""

    path: Path
    header: Mapping[str, list[str]]
    text: str

    @property
    def code(self) -> str:
        """The rule that it is about."""
        return self.path.parent.name

    @property
    def name(self) -> str:
        """How rule.yaml calls it."""
        return self.path.stem

    @property
    def is_values(self) -> bool:
        """True for values of the chart, false for manifests."""
        return self.name.startswith("values-")

    @property
    def is_bad(self) -> bool:
        """True when something is wrong with it."""
        return self.name.removeprefix("values-").startswith("bad")

    @property
    def case(self) -> str:
        """What it shows, without the addresses of reports."""
        return _URL.sub("", self._joined("case")).strip().rstrip(",:")

    @property
    def reports(self) -> list[str]:
        """Addresses of the reports that it comes from."""
        return _URL.findall(self._joined("case"))

    @property
    def facts(self) -> dict[str, Any]:
        """What manifests cannot show."""
        facts: dict[str, Any] = json.loads(self._joined("facts") or "{}")
        return facts

    @property
    def expected(self) -> list[str]:
        """The findings, one text each."""
        return list(self.header.get("expect", ()))

    @property
    def says(self) -> list[str]:
        """The lines that the chart says of these values."""
        lines: list[str] = []
        for part in self.header.get("says", ()):
            if part.startswith("[") or not lines:
                lines.append(part)
            else:
                lines[-1] += f" {part}"
        return lines

    @property
    def over(self) -> str:
        """The file of tests/chart/values that these values are laid over; empty for the chart's own values."""
        return self._joined("over")

    def _joined(self, key: str) -> str:
        return " ".join(self.header.get(key, ()))


@dataclass(frozen=True, slots=True)
class RuleFolder:
    """A rule as its folder describes it. entry: the content of rule.yaml; empty when there is none."""

    path: Path
    entry: Mapping[str, Any]
    fixtures: Mapping[str, Fixture]

    @property
    def code(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def retired(self) -> bool:
        """True when the code is kept only so that it is never given again."""
        return bool(self.entry.get("retired"))

    @property
    def chart_only(self) -> bool:
        """True when only values can violate the rule."""
        return bool(self.entry.get("chart_only"))

    @property
    def run_time(self) -> dict[str, Any]:
        """What the program and the chart read."""
        return {key: self.entry[key] for key in RUN_TIME if key in self.entry}


def read_fixture(path: Path) -> Fixture:
    """A fixture. Its header ends at the first line that is no comment of a known key."""
    header: dict[str, list[str]] = {}
    lines = path.read_text("utf-8").splitlines(keepends=True)
    while lines and (match := _HEADER.match(lines[0])):
        header.setdefault(match[1], []).append(match[2])
        lines.pop(0)
    return Fixture(path, header, "".join(lines).removeprefix("---\n"))


def read_folder(path: Path) -> RuleFolder:
    """A folder, complete or not (tools.generate.rule_faults says what is missing)."""
    file = path / "rule.yaml"
    entry = yaml.safe_load(file.read_text("utf-8")) if file.exists() else None
    files = (child for child in sorted(path.glob("*.yaml")) if child != file)
    return RuleFolder(path, entry or {}, {child.stem: read_fixture(child) for child in files})


@cache
def rule_folders() -> dict[str, RuleFolder]:
    """All folders by code."""
    return {path.name: read_folder(path) for path in sorted(RULES.glob("KW*")) if path.is_dir()}


def manifests(prefix: str = "KW") -> list[Fixture]:
    """The fixtures that are manifests, of the codes that begin so."""
    return [fixture for fixture in _fixtures(prefix) if not fixture.is_values]


def values() -> list[Fixture]:
    """The fixtures that are values of the chart."""
    return [fixture for fixture in _fixtures("KW") if fixture.is_values]


def expectation(finding: Finding) -> str:
    """A finding as the header of a fixture expects it."""
    own = catalogue()[finding.code].level
    return f"{finding.code} {finding.object}" + ("" if finding.level == own else f" ({finding.level})")


def _fixtures(prefix: str) -> list[Fixture]:
    folders = (folder for code, folder in rule_folders().items() if code.startswith(prefix))
    return [fixture for folder in folders for fixture in folder.fixtures.values()]
