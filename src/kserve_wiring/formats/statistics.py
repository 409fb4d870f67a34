# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The number of findings of each rule."""

from __future__ import annotations

from collections import Counter

from kserve_wiring.checker.report import Report
from kserve_wiring.rules.catalogue import catalogue


def as_statistics(*reports: Report) -> str:
    """One line per rule, the most frequent first; nothing without findings."""
    number = Counter(finding.code for report in reports for finding in report.findings)
    width = max((len(str(count)) for count in number.values()), default=0)
    ordered = sorted(number.items(), key=lambda item: (-item[1], item[0]))
    return "".join(f"{count:{width}}  {code}  {catalogue()[code].title}\n" for code, count in ordered)
