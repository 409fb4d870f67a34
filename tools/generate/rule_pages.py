"""The pages of the rules, docs/rules/<CODE>.md and their index.

A page is put together from the catalogue (schemas/rules.yaml), its prose (schemas/rule-pages.yaml) and the fixtures
that prove the rule (tests/rules; tests/chart/chart_only for what only the chart can see). What a page says that the
command prints, the command has printed: the bad fixture is checked while the page is made.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kserve_wiring import Options, inspect, read
from kserve_wiring.formats.text import findings_text
from kserve_wiring.manifests.load import load_text
from kserve_wiring.rules import CHART_ONLY
from kserve_wiring.rules.catalogue import Rule, catalogue
from tools.console import ROOT

PAGES = ROOT / "docs" / "rules"
PROSE = ROOT / "schemas" / "rule-pages.yaml"
_GROUPS = {
    "KW0": "The checker itself",
    "KW1": "Digest resolution",
    "KW2": "Registry and pull Secrets",
    "KW3": "Storage initializer and CA",
    "KW4": "Gateways and domains",
    "KW5": "Ownership, namespaces, versions and GitOps",
}
_NOTICE = (
    "<!-- Written by make generate: edit schemas/rules.yaml, schemas/rule-pages.yaml or the fixtures of the rule. -->"
)
_HEADER = re.compile(r"^# (case|expect|context|says): (.+)$")
_URL = re.compile(r"https?://\S+")
_REPORT = re.compile(r"https://github\.com/([^/]+/[^/]+)/(?:issues|pull)/(\d+)$")
_WIDTH = 120


@dataclass(slots=True)
class Fixture:
    """A fixture: its header by key, and the manifests below it."""

    header: dict[str, list[str]] = field(default_factory=dict)
    text: str = ""

    @property
    def case(self) -> str:
        """What it shows, without the addresses of reports."""
        return _URL.sub("", " ".join(self.header.get("case", []))).strip().rstrip(",:")

    @property
    def reports(self) -> list[str]:
        """Addresses of the reports that it comes from."""
        return _URL.findall(" ".join(self.header.get("case", [])))

    @property
    def context(self) -> dict[str, Any]:
        """What manifests cannot say."""
        facts: dict[str, Any] = json.loads(" ".join(self.header.get("context", ["{}"])))
        return facts


def pages() -> dict[Path, str]:
    """Every page and the index, each with the text that it should have. Raises KeyError for a code without prose."""
    prose = yaml.safe_load(PROSE.read_text("utf-8"))
    rules = [entry for entry in catalogue().values() if not entry.retired]
    texts = {PAGES / f"{entry.code}.md": page(entry, prose[entry.code]) for entry in rules}
    return {PAGES / "README.md": index(rules), **texts}


def page(entry: Rule, prose: Mapping[str, Any]) -> str:
    """The page of one rule."""
    fixtures = fixtures_of(entry.code)
    bad, good = fixtures[f"{prose['bad']}.yaml"], fixtures[f"{prose['good']}.yaml"]
    sections = {
        "What it checks": _paragraph(prose["checks"]),
        "Why it breaks": _paragraph(prose["why"]),
        "Bad": f"{_snippet(bad)}\n\nOutput:\n\n{_fenced('text', said(entry.code, bad, prose['bad']))}",
        "Good": _snippet(good),
        "How to fix": _paragraph(prose["mend"]),
        "References": "\n".join(f"- {line}" for line in references(prose["references"], fixtures.values())),
    }
    only = ", reported by the chart only" if entry.code in CHART_ONLY else ""
    wire = f", wire {entry.wire}" if entry.wire != "-" else ""
    head = f"{_NOTICE}\n# {entry.code}: {entry.title}\n\n{entry.level.capitalize()}{wire}{only}. "
    head += "[All rules](README.md)\n"
    return head + "".join(f"\n## {title}\n\n{text}\n" for title, text in sections.items())


def index(rules: list[Rule]) -> str:
    """The list of all pages."""
    lines = [_NOTICE, "# Rules", "", "`kserve-wiring explain CODE` shows a page in the terminal.", ""]
    lines.append("How to use the command: [kserve-wiring](../kserve-wiring.md).")
    for prefix, title in _GROUPS.items():
        lines += ["", f"## {prefix}xx: {title}", "", "| code | level | wire | what is wrong |", "|---|---|---|---|"]
        for entry in rules:
            if entry.code.startswith(prefix):
                lines.append(f"| [{entry.code}]({entry.code}.md) | {entry.level} | {entry.wire} | {entry.title} |")
    return "\n".join(lines) + "\n"


def fixtures_of(code: str) -> dict[str, Fixture]:
    """The fixtures of a code by file name."""
    folder = ROOT / "tests" / ("chart/chart_only" if code in CHART_ONLY else "rules") / code
    return {path.name: read_fixture(path) for path in sorted(folder.glob("*.yaml"))}


def read_fixture(path: Path) -> Fixture:
    """A fixture. Its header ends at the first line that is no comment of a known key."""
    fixture = Fixture()
    lines = path.read_text("utf-8").splitlines(keepends=True)
    while lines and (match := _HEADER.match(lines[0])):
        fixture.header.setdefault(match[1], []).append(match[2])
        lines.pop(0)
    fixture.text = "".join(lines).removeprefix("---\n")
    return fixture


def said(code: str, fixture: Fixture, name: str) -> str:
    """What the command, or for a rule of the chart the chart, says of a fixture. Lines are those of the snippet."""
    if code in CHART_ONLY:
        return _wrapped(" ".join(fixture.header["says"]), 80)
    loaded = load_text(fixture.text, f"{name}.yaml")
    return findings_text(inspect(read(loaded.objects), Options(facts=fixture.context)).findings).strip()


def references(written: list[str], fixtures: Any) -> Iterator[str]:
    """Upstream's source and documentation, then the reports, each with what it was about."""
    seen = set()
    for text in written:
        seen.add(text)
        yield f"<{text}>" if _URL.fullmatch(text) else _linked(text)
    for fixture in fixtures:
        for url in fixture.reports:
            if url not in seen:
                seen.add(url)
                match = _REPORT.match(url)
                yield f"[{match[1]}#{match[2]}]({url}): {fixture.case}" if match else f"<{url}>: {fixture.case}"


def _linked(text: str) -> str:
    """A place in a source, with what stands there."""
    place, colon, what = text.partition(": ")
    return f"{place}: `{what}`" if colon and re.search(r"[(:_]|[a-z][A-Z]", what) else f"{place}{colon}{what}"


def _snippet(fixture: Fixture) -> str:
    facts = ", ".join(f"`{key}: {json.dumps(value)}`" for key, value in fixture.context.items())
    case = f"{fixture.case}, with {facts}:" if facts else f"{fixture.case}:"
    return f"{_paragraph(case[0].upper() + case[1:])}\n\n{_fenced('yaml', fixture.text.rstrip())}"


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def _paragraph(text: str) -> str:
    return _wrapped(" ".join(text.split()), _WIDTH)


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False))
