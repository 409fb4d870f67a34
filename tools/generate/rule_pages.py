"""The pages of the rules, docs/rules/<CODE>.md and their index.

A page is put together from the folder of its rule: rule.yaml and the fixtures that prove the rule. Output that a page
shows is the output of the command: the bad fixture is checked while the page is made.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from kserve_wiring import Options, inspect, read
from kserve_wiring.formats.text import findings_text
from kserve_wiring.manifests.load import load_text
from tools.console import ROOT
from tools.rules import Fixture, RuleFolder, rule_folders

PAGES = ROOT / "docs" / "rules"
_GROUPS = {
    "KW0": "The checker itself",
    "KW1": "Digest resolution",
    "KW2": "Registry and pull Secrets",
    "KW3": "Storage initializer and CA",
    "KW4": "Gateways and domains",
    "KW5": "Ownership, namespaces, versions and GitOps",
    "KW6": "LLM serving and sources of models",
}
_NOTICE = "<!-- Written by make generate: edit rules/{}. -->"
_URL = re.compile(r"https?://\S+")
_REPORT = re.compile(r"https://github\.com/([^/]+/[^/]+)/(?:issues|pull)/(\d+)$")
_WIDTH = 120


def pages() -> dict[Path, str]:
    """Every page and the index, each with the text that it should have."""
    rules = [folder for folder in rule_folders().values() if not folder.retired]
    return {PAGES / "README.md": index(rules), **{PAGES / f"{rule.code}.md": page(rule) for rule in rules}}


def page(rule: RuleFolder) -> str:
    """The page of one rule."""
    entry = rule.entry
    bad, good = rule.fixtures[entry["bad"]], rule.fixtures[entry["good"]]
    sections = {
        "What it checks": _paragraph(entry["checks"]),
        "Why it breaks": _paragraph(entry["why"]),
        "Bad": f"{_snippet(bad)}\n\nOutput:\n\n{_fenced('text', said(bad))}",
        "Good": _snippet(good),
        "How to fix": _paragraph(entry["how_to_fix"]),
        "References": "\n".join(f"- {line}" for line in references(entry["references"], rule.fixtures.values())),
    }
    only = ", reported by the chart only" if rule.chart_only else ""
    wire = f", wire {entry['wire']}" if entry["wire"] != "-" else ""
    head = f"{_NOTICE.format(f'{rule.code}/')}\n# {rule.code}: {entry['title']}\n\n"
    head += f"{entry['level'].capitalize()}{wire}{only}. [All rules](README.md)\n"
    return head + "".join(f"\n## {title}\n\n{text}\n" for title, text in sections.items())


def index(rules: list[RuleFolder]) -> str:
    """The list of all pages."""
    lines = [_NOTICE.format("*/rule.yaml"), "# Rules", ""]
    lines += ["`kserve-wiring explain CODE` shows a page in the terminal.", ""]
    lines.append("How to use the command: [kserve-wiring](../kserve-wiring.md).")
    for prefix, title in _GROUPS.items():
        lines += ["", f"## {prefix}xx: {title}", "", "| code | level | wire | what is wrong |", "|---|---|---|---|"]
        for rule in rules:
            if rule.code.startswith(prefix):
                cells = (f"[{rule.code}]({rule.code}.md)", *(rule.entry[key] for key in ("level", "wire", "title")))
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def said(fixture: Fixture) -> str:
    """What the command, or for values the chart, says of a fixture. Lines are those of the snippet."""
    if fixture.is_values:
        return "\n".join(_wrapped(line, 80) for line in fixture.says)
    loaded = load_text(fixture.text, f"{fixture.name}.yaml")
    return findings_text(inspect(read(loaded.objects), Options(facts=fixture.facts)).findings).strip()


def references(written: list[str], fixtures: Iterable[Fixture]) -> Iterator[str]:
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
    """A place in a source, with the code at that place."""
    place, colon, what = text.partition(": ")
    return f"{place}: `{what}`" if colon and re.search(r"[(:_]|[a-z][A-Z]", what) else f"{place}{colon}{what}"


def _snippet(fixture: Fixture) -> str:
    facts = ", ".join(f"`{key}: {json.dumps(value)}`" for key, value in fixture.facts.items())
    noun = "fact" if len(fixture.facts) == 1 else "facts"
    case = f"{fixture.case}, with the {noun} {facts}:" if facts else f"{fixture.case}:"
    return f"{_paragraph(case[0].upper() + case[1:])}\n\n{_fenced('yaml', fixture.text.rstrip())}"


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def _paragraph(text: str) -> str:
    return _wrapped(" ".join(text.split()), _WIDTH)


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False))
