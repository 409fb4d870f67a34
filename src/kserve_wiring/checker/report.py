# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What a rule says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kserve_wiring.manifests.objects import KubeObject, ObjectRef, Path

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
        from dataclasses import asdict

        return asdict(self)


@dataclass(frozen=True, slots=True)
class Draft:
    """A finding as a rule yields it: before wording and line numbers.

    args: the placeholders of the catalogue's message and fix. level: replaces the catalogue's when a fact makes
    it milder. fix: replaces the catalogue's when it does not fit. line: where it stands in its document, from 1, when
    the path alone does not say.
    """

    code: str
    obj: KubeObject
    path: Path
    args: dict[str, str]
    related: tuple[tuple[KubeObject, Path], ...] = ()
    level: str = ""
    fix: str = ""
    line: int = 0
