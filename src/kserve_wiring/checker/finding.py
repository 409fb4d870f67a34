# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""One finding, and the places that it names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from kserve_wiring.manifests.objects import ObjectRef

LEVELS = ("error", "warning", "info")
"""From the worst to the mildest."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the other of two values stands."""

    object: ObjectRef
    path: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement.

    object and path: the value to change. file and line: where it stands, "" and 0 when it was not read from
    text. related: where the values stand that it disagrees with. url: the page of the rule.
    """

    code: str
    level: str
    object: ObjectRef
    path: str
    message: str
    fix: str
    file: str
    line: int
    url: str
    related: tuple[Place, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain data, for JSON."""
        return asdict(self)


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Number of findings by level."""
    levels = [finding.level for finding in findings]
    return {level: levels.count(level) for level in LEVELS}
