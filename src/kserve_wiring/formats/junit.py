# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""JUnit XML, for CI servers: https://github.com/testmoapp/junitxml."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as Xml  # writes only, parses nothing

from kserve_wiring.checker.finding import Finding
from kserve_wiring.checker.report import Report

# Characters that XML 1.0 cannot hold, even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


_COUNTED = ("tests", "failures", "errors", "skipped")


def as_junit(*reports: Report) -> str:
    """A suite per cluster: an error per input that could not be read, a failure per finding, a skipped per waiver."""
    suites = [_suite(report) for report in reports]
    total = {key: str(sum(int(suite.get(key, "0")) for suite in suites)) for key in _COUNTED}
    root = Xml.Element("testsuites", {"name": "kserve-wiring", **total})
    root.extend(suites)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _suite(report: Report) -> Any:
    cases = []
    for problem in report.problems:
        case = Xml.Element("testcase", {"classname": "input", "name": _xml(problem.file)})
        Xml.SubElement(case, "error", {"type": "unreadable", "message": _xml(str(problem))})
        cases.append(case)
    cases += [_junit_case(finding, "failure", _body(finding)) for finding in report.findings]
    cases += [_junit_case(item.finding, "skipped", f"waived: {item.reason}") for item in report.waived]
    if not cases:
        cases.append(Xml.Element("testcase", {"classname": "kserve-wiring", "name": "all settings agree"}))
    numbers = (len(cases), len(report.findings), len(report.problems), len(report.waived))
    counted = {key: str(number) for key, number in zip(_COUNTED, numbers, strict=True)}
    suite = Xml.Element("testsuite", {"name": _xml(report.environment) or "kserve-wiring", **counted})
    suite.extend(cases)
    return suite


def _junit_case(finding: Finding, outcome: str, text: str) -> Any:
    file, line = finding.place
    place = {"file": _xml(file), "line": str(line)} if line else {}
    name = f"{finding.code} {finding.path}".strip()
    case = Xml.Element("testcase", {"classname": _xml(str(finding.object)), "name": _xml(name), **place})
    details = {"message": _xml(finding.message)} if outcome == "failure" else {"message": _xml(text)}
    element = Xml.SubElement(case, outcome, {"type": finding.code, **details} if outcome == "failure" else details)
    element.text = _xml(text) if outcome == "failure" else None
    return case


def _body(finding: Finding) -> str:
    lines = [finding.message, f"fix: {finding.fix}"]
    file, line = finding.place
    if line:
        lines.insert(0, f"{file}:{line}")
    lines += [f"see: {place.file}:{place.line} {place.object} {place.path}" for place in finding.related]
    return "\n".join(lines)


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
