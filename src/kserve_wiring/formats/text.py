# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""A report as text for people."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from kserve_wiring.checker.finding import Finding, counts
from kserve_wiring.checker.known import Fact, relevant
from kserve_wiring.checker.report import Report
from kserve_wiring.data import LEVELS
from kserve_wiring.formats.terminal import BOLD, DIM, paint, plain, wrap

_MOST_FACTS = 4
_COLOURS = {"error": "\x1b[31m", "warning": "\x1b[33m", "info": "\x1b[36m"}


def as_text(report: Report, *, colour: bool = False) -> str:
    """The report for a terminal of 80 columns, grouped by object."""
    lines = [findings_text(report.findings, colour=colour)] if report.findings else []
    for problem in report.problems:  # helm's message has several lines
        lines += [plain(line) for line in f"cannot read {problem}".splitlines()]
    for note in report.notes:
        lines += wrap(note, "note: ", "      ")
    lines.append(summary(report))
    lines += _known(report)
    lines += _checked_less(report)
    return "\n".join(lines) + "\n"


def _known(report: Report) -> list[str]:
    """The facts, grouped by object. An environment has so many that only their number is shown."""
    parts = []
    for _, group in groupby(
        report.facts, key=lambda fact: (fact.place.file, fact.place.object) if fact.place else fact
    ):
        facts = list(group)
        values = ", ".join(f"{fact.key} {_value(fact)}" for fact in facts)
        parts.append(f"{values} ({_origin(facts)})" if len(facts) <= _MOST_FACTS else _number(facts))
    return wrap("; ".join(parts), "known: ", "       ") if parts else []


def _origin(facts: list[Fact]) -> str:
    place = facts[0].place
    if place is None:
        return facts[0].source
    if len(facts) == 1 and place.line:
        return f"{place.file}:{place.line}"
    return f"{place.object} in {place.file}" if place.file else str(place.object)


def _number(facts: list[Fact]) -> str:
    return f"{len(facts)} facts of {facts[0].place.object if facts[0].place else ''}, see --format json"


def _value(fact: Fact) -> str:
    if isinstance(fact.value, bool):
        return str(fact.value).lower()
    return f"of {len(fact.value)}" if isinstance(fact.value, list) else fact.value


def _checked_less(report: Report) -> list[str]:
    """The flags with which the rules would check more."""
    missing = relevant(report.cluster, report.unknown) if report.cluster else {}
    if not missing:
        return []
    codes = sorted({code for needed in missing.values() for code in needed})
    flags = ", ".join(f"--{key.replace('_', '-')}" for key in missing)
    verb = "is" if len(missing) == 1 else "are"
    return wrap(f"Checked less, because {flags} {verb} unknown: {', '.join(codes)}", "", "  ")


def findings_text(findings: Iterable[Finding], *, colour: bool = False) -> str:
    """The findings alone, one paragraph per object."""
    lines: list[str] = []
    for (file, ref), group in groupby(findings, key=lambda item: (item.file, item.object)):
        lines += _heading(str(ref), file, colour)
        for finding in group:
            lines += _finding(finding, colour)
        lines.append("")
    return "\n".join(lines)


def _heading(ref: str, file: str, colour: bool) -> list[str]:
    text = paint(plain(ref), BOLD, colour)
    return [f"{text}  {paint(plain(file), DIM, colour)}" if file else text]


def _finding(finding: Finding, colour: bool) -> list[str]:
    place = f"line {finding.line}: " if finding.line else ""
    first, *rest = wrap(f"{place}{finding.message}", " " * (len(finding.code) + len(finding.level) + 4), " " * 4)
    label = f"  {paint(finding.code, _COLOURS[finding.level], colour)} {finding.level} "
    lines = [label + first[len(finding.code) + len(finding.level) + 4 :], *rest]
    lines += wrap(finding.fix, "    fix: ", "         ")
    for place_ in finding.related:
        where = f"{place_.file}:{place_.line}" if place_.file else str(place_.object)
        lines += wrap(f"{where} {place_.path}".strip(), "    see: ", "         ")
    return lines


def summary(report: Report) -> str:
    """One line with the counts."""
    number = counts(report.findings)
    parts = [f"{number[level]} {level}{'s' if number[level] != 1 and level != 'info' else ''}" for level in LEVELS]
    if report.waived:
        parts.append(f"{len(report.waived)} waived")
    return f"{report.objects} object{'s' if report.objects != 1 else ''}: {', '.join(parts)}"
