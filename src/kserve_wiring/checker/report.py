# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What a run found."""

from __future__ import annotations

from dataclasses import dataclass, field

from kserve_wiring.checker.finding import Finding
from kserve_wiring.checker.known import Fact
from kserve_wiring.checker.waivers import Waived
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.manifests.load import Problem


@dataclass(slots=True)
class Report:
    """The result of one run.

    findings: sorted by object. problems: what could not be read. notes: what was skipped or not decided. facts: the
    known facts. unknown: the codes that check less, by the fact that they need. checked_less: those of them that
    concern something in the manifests. waived: findings that the manifests waive. cluster: what the rules read.
    environment: the folder of the environment, "" for other manifests. releases: those of the environment. unread:
    the releases that were not rendered.
    """

    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    objects: int = 0
    facts: list[Fact] = field(default_factory=list)
    unknown: dict[str, list[str]] = field(default_factory=dict)
    checked_less: dict[str, list[str]] = field(default_factory=dict)
    waived: list[Waived] = field(default_factory=list)
    cluster: Cluster | None = field(default=None, repr=False)
    environment: str = ""
    releases: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
