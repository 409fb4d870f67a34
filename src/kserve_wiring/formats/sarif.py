# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Reports for other programs: SARIF 2.1.0, JUnit XML and the commands of GitHub Actions.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/, https://github.com/testmoapp/junitxml,
https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kserve_wiring import __version__
from kserve_wiring.checker.inspect import Report
from kserve_wiring.checker.report import Finding, Place
from kserve_wiring.checker.waivers import Waived
from kserve_wiring.rules.catalogue import Rule, catalogue

_SARIF_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_GITHUB_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}
# What XML 1.0 cannot hold, even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_sarif(report: Report) -> str:
    """One SARIF log with one run. Waived findings are results that are suppressed in the source."""
    every = [*report.findings, *(item.finding for item in report.waived)]
    codes = sorted({finding.code for finding in every})
    results = [_result(finding, codes) for finding in report.findings]
    results += [_suppressed(item, codes) for item in report.waived]
    notifications = [
        {"level": "error", "message": {"text": item.message}, "locations": [_location(item.file, item.line)]}
        for item in report.problems
    ]
    run = {
        "tool": {"driver": {"name": "kserve-wiring", "version": __version__, "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": not notifications, "toolExecutionNotifications": notifications}],
        "results": results,
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(code: str) -> dict[str, Any]:
    from kserve_wiring.formats.terminal import page_of

    entry: Rule = catalogue()[code]
    return {
        "id": code,
        "shortDescription": {"text": entry.title},
        "defaultConfiguration": {"level": _SARIF_LEVELS[entry.level]},
        "help": {"text": f"{entry.title}. See kserve-wiring explain {code}.", "markdown": page_of(code)},
        "properties": {"wire": entry.wire},
    }


def _result(finding: Finding, codes: list[str]) -> dict[str, Any]:
    location = _location(finding.file, finding.line)
    name = f"{finding.object} {finding.path}".strip()
    location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "member"}]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _SARIF_LEVELS[finding.level],
        "message": {"text": f"{finding.message}. Fix: {finding.fix}"},
        "locations": [location],
        "partialFingerprints": {"object/v1": f"{finding.code} {name}"},
    }
    if finding.related:
        result["relatedLocations"] = [_related(index, place) for index, place in enumerate(finding.related)]
    return result


def _suppressed(item: Waived, codes: list[str]) -> dict[str, Any]:
    suppression = {"kind": "inSource", "justification": item.reason}
    return {**_result(item.finding, codes), "suppressions": [suppression]}


def _related(index: int, place: Place) -> dict[str, Any]:
    text = f"{place.object} {place.path}".strip()
    return {"id": index, "message": {"text": text}, **_location(place.file, place.line)}


def _location(file: str, line: int) -> dict[str, Any]:
    """A location; an empty one for what did not come from a file."""
    if not file or file.startswith("<"):
        return {}
    path = Path(file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if line:
        physical["region"] = {"startLine": line}
    return {"physicalLocation": physical}


def as_junit(report: Report) -> str:
    """One suite: a failed case for each finding, an error for what could not be read, a skipped case for a waiver."""
    from xml.etree import ElementTree as Xml  # it only writes here

    cases = [_junit_case(finding, "failure", _said(finding)) for finding in report.findings]
    cases += [_junit_case(item.finding, "skipped", f"waived: {item.reason}") for item in report.waived]
    for problem in report.problems:
        case = Xml.Element("testcase", {"classname": "input", "name": _xml(problem.file)})
        Xml.SubElement(case, "error", {"type": "unreadable", "message": _xml(str(problem))})
        cases.append(case)
    if not cases:
        cases.append(Xml.Element("testcase", {"classname": "kserve-wiring", "name": "all settings agree"}))
    numbers = {
        "tests": str(len(cases)),
        "failures": str(len(report.findings)),
        "errors": str(len(report.problems)),
        "skipped": str(len(report.waived)),
    }
    root = Xml.Element("testsuites", {"name": "kserve-wiring", **numbers})
    Xml.SubElement(root, "testsuite", {"name": "kserve-wiring", **numbers}).extend(cases)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _junit_case(finding: Finding, outcome: str, text: str) -> Any:
    from xml.etree import ElementTree as Xml

    place = {"file": _xml(finding.file), "line": str(finding.line)} if finding.line else {}
    name = f"{finding.code} {finding.path}".strip()
    case = Xml.Element("testcase", {"classname": _xml(str(finding.object)), "name": _xml(name), **place})
    details = {"message": _xml(finding.message)} if outcome == "failure" else {"message": _xml(text)}
    element = Xml.SubElement(case, outcome, {"type": finding.code, **details} if outcome == "failure" else details)
    element.text = _xml(text) if outcome == "failure" else None
    return case


def _said(finding: Finding) -> str:
    lines = [finding.message, f"fix: {finding.fix}"]
    if finding.line:
        lines.insert(0, f"{finding.file}:{finding.line}")
    lines += [f"see: {place.file}:{place.line} {place.object} {place.path}" for place in finding.related]
    return "\n".join(lines)


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def as_github(report: Report) -> str:
    """A command for each finding, which GitHub shows beside the line of the change."""
    from kserve_wiring.formats.text import summary

    lines = [_command(finding) for finding in report.findings]
    for problem in report.problems:
        lines.append(f"::error {_place(problem.file, problem.line)}title=cannot read::{_data(problem.message)}")
    return "\n".join([*lines, summary(report)]) + "\n"


def _command(finding: Finding) -> str:
    title = _property(f"{finding.code} {finding.object}")
    text = _data(f"{finding.message}\nfix: {finding.fix}")
    return f"::{_GITHUB_LEVELS[finding.level]} {_place(finding.file, finding.line)}title={title}::{text}"


def _place(file: str, line: int) -> str:
    if not file:
        return ""
    return f"file={_property(file)},line={line}," if line else f"file={_property(file)},"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
