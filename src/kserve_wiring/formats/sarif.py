# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""SARIF 2.1.0, for code scanning: https://docs.oasis-open.org/sarif/sarif/v2.1.0/."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kserve_wiring.checker.finding import Finding, Place
from kserve_wiring.checker.report import Report
from kserve_wiring.checker.waivers import Waived
from kserve_wiring.data import __version__
from kserve_wiring.manifests.load import Problem
from kserve_wiring.rules.catalogue import Rule, catalogue, page_of

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
# Comments, and links to other files.
_ELSEWHERE = re.compile(r"\A<!--.*?-->\n| *\[[^\]]+\]\((?!\w+://)[^)]+\)")


def as_sarif(*reports: Report) -> str:
    """One SARIF log with one run. A waived finding is a result that is suppressed in the source.

    Several environments share the run: GitHub accepts at most 20 runs in one file.
    """
    findings = [finding for report in reports for finding in report.findings]
    waived = [item for report in reports for item in report.waived]
    codes = sorted({finding.code for finding in [*findings, *(item.finding for item in waived)]})
    results = [_result(finding, codes) for finding in findings] + [_suppressed(item, codes) for item in waived]
    notifications = [_notification(report.environment, item) for report in reports for item in report.problems]
    run = {
        "tool": {"driver": {"name": "kserve-wiring", "version": __version__, "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": not notifications, "toolExecutionNotifications": notifications}],
        "results": results,
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(code: str) -> dict[str, Any]:
    entry: Rule = catalogue()[code]
    return {
        "id": code,
        "shortDescription": {"text": entry.title},
        "defaultConfiguration": {"level": _LEVELS[entry.level]},
        "help": {"text": f"{entry.title}. See kserve-wiring explain {code}.", "markdown": _help(code)},
        "properties": {"wire": entry.wire},
    }


def _help(code: str) -> str:
    """The page of a rule for a viewer, which has no other page: a link to one would lead nowhere."""
    return _ELSEWHERE.sub("", page_of(code))


def _notification(environment: str, item: Problem) -> dict[str, Any]:
    notification = {"level": "error", "message": {"text": item.message}, "locations": [_location(item.file, item.line)]}
    return {**notification, **_properties(environment)}


def _properties(environment: str) -> dict[str, Any]:
    return {"properties": {"environment": environment}} if environment else {}


def _result(finding: Finding, codes: list[str]) -> dict[str, Any]:
    location = _location(*finding.place)
    environment = f"{finding.environment}: " if finding.environment else ""
    name = f"{environment}{finding.object} {finding.path}".strip()
    location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "member"}]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.level],
        "message": {"text": f"{finding.message}. Fix: {finding.fix}"},
        "locations": [location],
        "partialFingerprints": {"object/v1": f"{finding.code} {name}"},
        **_properties(finding.environment),
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
    """A location; empty for what did not come from a file."""
    if not file or file.startswith("<"):
        return {}
    path = Path(file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if line:
        physical["region"] = {"startLine": line}
    return {"physicalLocation": physical}
