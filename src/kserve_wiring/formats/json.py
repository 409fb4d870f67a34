# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""JSON for programs, described by schemas/findings.schema.json."""

from __future__ import annotations

import json

from kserve_wiring.checker.finding import counts
from kserve_wiring.checker.report import Report

VERSION = 2
"""Version of the document; see its schema."""


def as_json(report: Report) -> str:
    """The report as one JSON document."""
    facts = {"known": {fact.key: fact.as_dict() for fact in report.facts}, "unknown": report.unknown}
    document = {
        "version": VERSION,
        "findings": [finding.as_dict() for finding in report.findings],
        "waived": [{**item.finding.as_dict(), "reason": item.reason} for item in report.waived],
        "problems": [{"file": item.file, "line": item.line, "message": item.message} for item in report.problems],
        "notes": report.notes,
        "facts": facts,
        "context": facts,  # as version 1 spelled it; remove in kserve-wiring 0.3
        "summary": {"objects": report.objects, **counts(report.findings)},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
