# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Annotations of GitHub Actions: https://docs.github.com/actions/reference/workflow-commands-for-github-actions."""

from __future__ import annotations

from kserve_wiring.checker.finding import Finding
from kserve_wiring.checker.report import Report
from kserve_wiring.formats.text import summary

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def as_github(*reports: Report) -> str:
    """One workflow command per problem and finding; GitHub shows it next to the changed line."""
    return "".join(f"{line}\n" for report in reports for line in _lines(report))


def _lines(report: Report) -> list[str]:
    lines = []
    for problem in report.problems:
        title = _property(f"cannot read {report.environment}".strip())
        lines.append(f"::error {_place(problem.file, problem.line)}title={title}::{_data(problem.message)}")
    lines += [_command(finding) for finding in report.findings]
    name = f"{report.environment}: " if report.environment else ""
    return [*lines, f"{name}{summary(report)}"]


def _command(finding: Finding) -> str:
    environment = f" in {finding.environment}" if finding.environment else ""
    title = _property(f"{finding.code} {finding.object}{environment}")
    text = _data(f"{finding.message}\nfix: {finding.fix}")
    return f"::{_LEVELS[finding.level]} {_place(*finding.place)}title={title}::{text}"


def _place(file: str, line: int) -> str:
    if not file:
        return ""
    return f"file={_property(file)},line={line}," if line else f"file={_property(file)},"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
