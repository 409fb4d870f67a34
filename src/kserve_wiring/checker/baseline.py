# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Findings that an earlier run reported, so that only new ones count.

A baseline is the JSON report of that run. Lines and messages move with every edit, so a finding is known by its
environment, rule, object and path; if two are alike, the baseline accepts as many as it has.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kserve_wiring.checker.finding import Finding
from kserve_wiring.checker.report import Report
from kserve_wiring.checker.waivers import Waived

Identity = tuple[str, ...]
_OBJECT = ("apiVersion", "kind", "namespace", "name")


class BaselineError(Exception):
    """The file is no JSON report. The message is one line."""


def read_baseline(path: str) -> Counter[Identity]:
    """How often each finding of a JSON report is accepted. Raises BaselineError."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        return Counter(_identity(finding) for finding in document["findings"])
    except OSError as error:
        raise BaselineError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise BaselineError(f"{path} is no JSON report; write one with --format json --output-file NEW-FILE") from None


def accept(reports: Iterable[Report], baseline: Counter[Identity], name: str) -> int:
    """Move the findings of the baseline, whose file is name, to the waived ones. Returns how many entries are left."""
    left = baseline.copy()
    for report in reports:
        kept: list[Finding] = []
        for finding in report.findings:
            identity = _identity(finding.as_dict())
            if left[identity] > 0:
                left[identity] -= 1
                report.waived.append(Waived(finding, f"in the baseline {name}"))
            else:
                kept.append(finding)
        report.findings = kept
    return left.total()


def _identity(finding: Mapping[str, Any]) -> Identity:
    place = (str(finding["object"][key]) for key in _OBJECT)
    return (str(finding["environment"]), str(finding["code"]), *place, str(finding["path"]))
