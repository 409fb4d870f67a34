# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""A report as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from kserve_wiring.checker.finding import Finding, Origin, counts
from kserve_wiring.checker.known import Fact
from kserve_wiring.checker.report import Report
from kserve_wiring.data import LEVELS
from kserve_wiring.formats.terminal import BOLD, DIM, paint, plain, wrap
from kserve_wiring.manifests.notes import summed

_MOST_FACTS = 4
_MOST_PLACES = 3
_MOST_ALIKE = 3
_COLOURS = {"error": "\x1b[31m", "warning": "\x1b[33m", "info": "\x1b[36m"}


def as_text(*reports: Report, colour: bool = False, quiet: bool = False, verbose: bool = False) -> str:
    """The reports for a terminal, grouped by environment and object.

    quiet: only what could not be read, and the findings. verbose: every note, not one for each kind.
    """
    if quiet:
        return "".join(f"{line}\n" for report in reports for line in _read_and_found(report, colour, verbose))
    if len(reports) == 1:
        return "\n".join([*_body(reports[0], colour, verbose), *_facts(reports[0])]) + "\n"
    lines = []
    for report in reports:
        body = _body(report, colour, verbose)
        name = paint(plain(report.environment or "other manifests"), BOLD, colour)
        lines += [name, *body, ""] if len(body) > 1 else [f"{name}: {body[0]}"]
    return "\n".join([*lines, _total(reports)]) + "\n"


def _body(report: Report, colour: bool, verbose: bool) -> list[str]:
    """What could not be read comes first: it explains why findings are missing. The summary comes last."""
    lines = _read_and_found(report, colour, verbose)
    for note in report.notes if verbose else summed(report.notes):
        lines += wrap(note, "note: ", "      ")
    return [*lines, summary(report)]


def _read_and_found(report: Report, colour: bool, verbose: bool) -> list[str]:
    lines: list[str] = []
    for problem in report.problems:  # helm's message has several lines
        lines += [plain(line) for line in f"cannot read {problem}".splitlines()]
    if report.findings:
        lines += [""] if lines else []
        lines.append(findings_text(report.findings, colour=colour, verbose=verbose))
    return lines


def _facts(report: Report) -> list[str]:
    # What a release that was not rendered would show is no flag that is missing.
    return _known(report) if report.unread else [*_known(report), *_checked_less(report)]


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
    missing = report.checked_less
    if not missing:
        return []
    codes = sorted({code for needed in missing.values() for code in needed})
    flags = ", ".join(f"--{key.replace('_', '-')}" for key in missing)
    verb = "is" if len(missing) == 1 else "are"
    return wrap(f"Checked less, because {flags} {verb} unknown: {', '.join(codes)}", "", "  ")


def findings_text(findings: Iterable[Finding], *, colour: bool = False, verbose: bool = False) -> str:
    """The findings alone, one paragraph per object. verbose: also each of many that differ only in their object."""
    lines: list[str] = []
    findings = list(findings)
    alike = {} if verbose else _alike(findings)
    for (file, ref), group in groupby(findings, key=lambda item: (item.file, item.object)):
        paragraph: list[str] = []
        for finding in group:
            others = alike.get(_kind_of(finding), [])
            if not others or finding is others[0]:
                paragraph += [*_finding(finding, colour, verbose), *_also(others[1:])]
        lines += [*_heading(str(ref), file, colour), *paragraph, ""] if paragraph else []
    return "\n".join(lines)


def _kind_of(finding: Finding) -> tuple[str, ...]:
    return finding.code, finding.level, finding.path, finding.message, finding.fix


def _alike(findings: Iterable[Finding]) -> dict[tuple[str, ...], list[Finding]]:
    """The findings that differ only in their object, if they are many."""
    found: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        found.setdefault(_kind_of(finding), []).append(finding)
    return {kind: some for kind, some in found.items() if len(some) > _MOST_ALIKE}


def _also(others: list[Finding]) -> list[str]:
    """The other places of a finding."""
    if not others:
        return []
    places = [f"{one.object} ({one.file}:{one.line})" if one.line else str(one.object) for one in others]
    more = len(places) - _MOST_PLACES
    listed = ", ".join(places[:_MOST_PLACES]) + (f" and {more} more, with --verbose" if more > 0 else "")
    return wrap(listed, "    also: ", "          ")


def _heading(ref: str, file: str, colour: bool) -> list[str]:
    text = paint(plain(ref), BOLD, colour)
    return [f"{text}  {paint(plain(file), DIM, colour)}" if file else text]


def _finding(finding: Finding, colour: bool, verbose: bool) -> list[str]:
    place = f"line {finding.line}: " if finding.line else ""
    first, *rest = wrap(f"{place}{finding.message}", " " * (len(finding.code) + len(finding.level) + 4), " " * 4)
    label = f"  {paint(finding.code, _COLOURS[finding.level], colour)} {finding.level} "
    lines = [label + first[len(finding.code) + len(finding.level) + 4 :], *rest]
    lines += wrap(finding.fix, "    fix: ", "         ")
    for origin in finding.origins:
        lines += wrap(_origin_text(origin), "    from: ", "          ")
    shown = finding.related if verbose else finding.related[:_MOST_PLACES]
    for place_ in shown:
        where = f"{place_.file}:{place_.line}" if place_.file else str(place_.object)
        lines += wrap(f"{where} {place_.path}".strip(), "    see: ", "         ")
    if len(finding.related) > len(shown):
        lines.append(f"    see: {len(finding.related) - len(shown)} more places, with --verbose")
    return lines


def _origin_text(origin: Origin) -> str:
    """``values/istiod.yaml:9 global.proxy.clusterDomain (answer cluster_domain)``."""
    place = f"{origin.file}:{origin.line} {origin.key}" if origin.line else origin.file
    answers = f" (answer{'s' if len(origin.answers) > 1 else ''} {', '.join(origin.answers)})" if origin.answers else ""
    return f"{place}{answers}"


def summary(report: Report) -> str:
    """One line with the counts."""
    parts = [_levels(report.findings)]
    if report.waived:
        parts.append(f"{len(report.waived)} waived")
    releases = ""
    if report.releases:
        rendered = len(report.releases) - len(report.unread)
        releases = f"{rendered} of {_number_of(len(report.releases), 'release')}, "
    return f"{releases}{_number_of(report.objects, 'object')}: {', '.join(parts)}"


def _total(reports: Sequence[Report]) -> str:
    """The last line of several reports."""
    environments = _number_of(sum(1 for report in reports if report.environment), "environment")
    objects = _number_of(sum(report.objects for report in reports), "object")
    failed = sum(1 for report in reports if report.problems)
    more = f", {failed} could not be read completely" if failed else ""
    findings = [finding for report in reports for finding in report.findings]
    return f"{environments}, {objects}: {_levels(findings)}{more}"


def _levels(findings: Iterable[Finding]) -> str:
    number = counts(findings)
    return ", ".join(_number_of(number[level], level).replace("infos", "info") for level in LEVELS)


def _number_of(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
