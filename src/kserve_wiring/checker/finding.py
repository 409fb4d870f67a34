# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""A finding, and the places that it names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from kserve_wiring.data import LEVELS
from kserve_wiring.manifests.objects import ObjectRef


@dataclass(frozen=True, slots=True)
class Place:
    """Location of the other of two values."""

    object: ObjectRef
    path: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement.

    object and path: the value to change. file and line: its location, "" and 0 if it was not read from text. related:
    the values that it disagrees with. url: the page of the rule.
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
    """Count findings by level."""
    levels = [finding.level for finding in findings]
    return {level: levels.count(level) for level in LEVELS}
