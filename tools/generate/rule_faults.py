"""What is missing in the folder of a rule, one line per fault.

`folder_faults` needs only the folder, `code_faults` compares the folders with the functions: make generate and make
lint print these before they read on. `open_placeholders` runs the checker on the fixtures; only the tests print it.
"""

from __future__ import annotations

import string
from collections.abc import Collection, Iterator, Mapping

from kserve_wiring import Options, inspect, read
from kserve_wiring.cluster.facts import KEYS
from kserve_wiring.data import LEVELS
from tools.rules import Fixture, RuleFolder

REQUIRED = (
    "title",
    "level",
    "wire",
    "message",
    "fix",
    "checks",
    "why",
    "bad",
    "good",
    "how_to_fix",
    "references",
    "reports",
)
OPTIONAL = ("retired", "chart_only", "needs", "not_live")
# A retired code has no page and no fixtures.
_RETIRED = ("title", "level", "wire", "message", "fix")


def folder_faults(folder: RuleFolder) -> Iterator[str]:
    """What is wrong with a folder in itself."""
    if not folder.entry:
        yield f"{_file(folder)} is missing or empty"
        return
    yield from _key_faults(folder)
    if not folder.retired:
        yield from _fixture_faults(folder)
        yield from _name_faults(folder)


def code_faults(folders: Mapping[str, RuleFolder], functions: Collection[str]) -> Iterator[str]:
    """Where folders and functions do not fit. functions: the codes that the checker can report."""
    for code in sorted(set(functions) - set(folders)):
        yield f"{code} is in the code, but there is no folder rules/{code}"
    for code, folder in folders.items():
        if folder.retired and code in functions:
            yield f'rules/{code} is retired, but there is a function with @rule("{code}")'
        elif folder.chart_only and code in functions:
            yield f'rules/{code} is chart_only, but there is a function with @rule("{code}")'
        elif not folder.retired and not folder.chart_only and code not in functions:
            yield f'rules/{code} has no function: write one with @rule("{code}") in src/kserve_wiring/rules'


def open_placeholders(folder: RuleFolder) -> Iterator[str]:
    """Placeholders of message and fix that no bad fixture fills: nobody knows that the rule gives them."""
    texts = [text for fixture in folder.fixtures.values() if fixture.is_bad for text in _shown(folder, fixture)]
    mark = "{%s}" if folder.chart_only else "<%s>"
    for key in ("message", "fix"):
        names = {name for _, name, _, _ in string.Formatter().parse(str(folder.entry[key])) if name}
        for name in sorted(names):
            if all(mark % name in text for text in texts):
                yield f"{_file(folder)}: no bad fixture fills {{{name}}} of {key}"


def _shown(folder: RuleFolder, fixture: Fixture) -> list[str]:
    """The report on a fixture: of the chart for values, of the checker for manifests."""
    if fixture.is_values:
        return fixture.says if folder.chart_only else []
    findings = inspect(read(str(fixture.path)), Options(facts=fixture.facts)).findings
    return [f"{finding.message} {finding.fix}" for finding in findings if finding.code == folder.code]


def _key_faults(folder: RuleFolder) -> Iterator[str]:
    entry = folder.entry
    for key in _RETIRED if folder.retired else REQUIRED:
        if not entry.get(key):
            yield f"{_file(folder)}: the key {key} is missing"
    for key in entry:
        if key not in (*REQUIRED, *OPTIONAL):
            yield f"{_file(folder)}: unknown key {key}"
    if entry.get("level") not in (None, *LEVELS):
        yield f"{_file(folder)}: level is {entry['level']}, which is none of {', '.join(LEVELS)}"
    for fact in entry.get("needs", ()):
        if fact not in KEYS:
            yield f"{_file(folder)}: needs has {fact}, which is no fact"


def _fixture_faults(folder: RuleFolder) -> Iterator[str]:
    start = "values-" if folder.chart_only else ""
    for kind in ("bad", "good"):
        if not any(name.startswith(f"{start}{kind}-") for name in folder.fixtures):
            yield f"rules/{folder.code}: there is no fixture {start}{kind}-*.yaml"
    for name in folder.fixtures:
        if not name.startswith(("bad-", "good-", "values-bad-", "values-good-")):
            kinds = "bad-*, good-*, values-bad-* or values-good-*"
            yield f"rules/{folder.code}/{name}.yaml is neither rule.yaml nor a fixture {kinds}"


def _name_faults(folder: RuleFolder) -> Iterator[str]:
    """Fixtures that rule.yaml names and that are not there."""
    for key in ("bad", "good"):
        name = folder.entry.get(key)
        if name and name not in folder.fixtures:
            yield f"{_file(folder)}: {key} is {name}, but there is no {name}.yaml"
        elif name and folder.fixtures[name].is_bad != (key == "bad"):
            yield f"{_file(folder)}: {key} is {name}, which is no {key} fixture"
    for entry in folder.entry.get("reports", ()):
        for name in entry.get("shown", ()):
            if name not in folder.fixtures:
                yield f"{_file(folder)}: reports has {name}, but there is no {name}.yaml"


def _file(folder: RuleFolder) -> str:
    return f"rules/{folder.code}/rule.yaml"
