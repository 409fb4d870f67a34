# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""JSON for programs, described by schemas/findings.schema.json."""

from __future__ import annotations

import json
from typing import Any

from kserve_wiring.checker.finding import counts
from kserve_wiring.checker.report import Report
from kserve_wiring.manifests.load import Problem

VERSION = 2
"""Version of the document; see its schema."""


def as_json(*reports: Report) -> str:
    """The reports as one JSON document."""
    # Each environment has its own facts. Those of the only report are at the top, as before there were several.
    facts = _facts(reports[0]) if len(reports) == 1 else {"known": {}, "unknown": {}}
    document = {
        "version": VERSION,
        "findings": [finding.as_dict() for report in reports for finding in report.findings],
        "waived": [{**item.finding.as_dict(), "reason": item.reason} for report in reports for item in report.waived],
        "problems": [_problem(report, item) for report in reports for item in report.problems],
        "notes": [note for report in reports for note in report.notes],
        "environments": [_environment(report) for report in reports if report.environment],
        "facts": facts,
        "context": facts,  # as version 1 spelled it; remove in kserve-wiring 0.3
        "summary": _summary(*reports),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _problem(report: Report, item: Problem) -> dict[str, Any]:
    return {"file": item.file, "line": item.line, "message": item.message, "environment": report.environment}


def _environment(report: Report) -> dict[str, Any]:
    rendered = [name for name in report.releases if name not in report.unread]
    return {
        "environment": report.environment,
        "releases": {"named": len(report.releases), "rendered": len(rendered), "not_rendered": report.unread},
        "facts": _facts(report),
        "summary": _summary(report),
    }


def _facts(report: Report) -> dict[str, Any]:
    return {"known": {fact.key: fact.as_dict() for fact in report.facts}, "unknown": report.unknown}


def _summary(*reports: Report) -> dict[str, int]:
    findings = [finding for report in reports for finding in report.findings]
    return {"objects": sum(report.objects for report in reports), **counts(findings)}
