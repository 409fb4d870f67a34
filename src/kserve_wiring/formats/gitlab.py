# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Code Quality report of GitLab: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from kserve_wiring.checker.finding import Finding
from kserve_wiring.checker.report import Report

_SEVERITY = {"error": "critical", "warning": "major", "info": "info"}


def as_gitlab(*reports: Report) -> str:
    """One issue per problem and finding. GitLab compares fingerprints, so they do not depend on lines."""
    seen: Counter[str] = Counter()
    issues = []
    for issue in (issue for report in reports for issue in _issues(report)):
        identity = issue.pop("identity")
        seen[identity] += 1
        digest = hashlib.sha256(f"{identity}\n{seen[identity]}".encode(errors="backslashreplace")).hexdigest()
        issues.append({**issue, "fingerprint": digest})
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


def _issues(report: Report) -> Iterator[dict[str, Any]]:
    for problem in report.problems:
        place = problem.file or report.environment
        text = f"cannot read {problem}"
        yield _issue("unreadable", text, "blocker", place, problem.line, f"{place}\n{problem.message}")
    for finding in report.findings:
        file, line = finding.place
        text = f"{finding.object}: {finding.message}; fix: {finding.fix}"
        yield _issue(finding.code, text, _SEVERITY[finding.level], file, line, _identity(finding))


def _issue(name: str, text: str, severity: str, file: str, line: int, identity: str) -> dict[str, Any]:
    location = {"path": file or "<stdin>", "lines": {"begin": max(line, 1)}}
    return {"description": text, "check_name": name, "severity": severity, "location": location, "identity": identity}


def _identity(finding: Finding) -> str:
    return "\n".join((finding.environment, finding.code, str(finding.object), finding.path, finding.place[0]))
