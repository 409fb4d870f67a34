# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Annotations of GitHub Actions: https://docs.github.com/actions/reference/workflow-commands-for-github-actions."""

from __future__ import annotations

from kserve_wiring.checker.finding import Finding
from kserve_wiring.checker.report import Report
from kserve_wiring.formats.text import summary

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def as_github(report: Report) -> str:
    """One workflow command per finding; GitHub shows it next to the changed line."""
    lines = [_command(finding) for finding in report.findings]
    for problem in report.problems:
        lines.append(f"::error {_place(problem.file, problem.line)}title=cannot read::{_data(problem.message)}")
    return "\n".join([*lines, summary(report)]) + "\n"


def _command(finding: Finding) -> str:
    title = _property(f"{finding.code} {finding.object}")
    text = _data(f"{finding.message}\nfix: {finding.fix}")
    return f"::{_LEVELS[finding.level]} {_place(finding.file, finding.line)}title={title}::{text}"


def _place(file: str, line: int) -> str:
    if not file:
        return ""
    return f"file={_property(file)},line={line}," if line else f"file={_property(file)},"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
