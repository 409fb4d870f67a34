# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""A finding, and the places that it names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from kserve_wiring.data import LEVELS
from kserve_wiring.manifests.objects import KeyPath, ObjectRef


@dataclass(frozen=True, slots=True)
class Place:
    """Location of the other of two values."""

    object: ObjectRef
    path: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Origin:
    """A value of an environment that sets a place of a finding.

    file and line: of the key in a values file. key: "" and line 0 if only the file is known. answers: those that the
    template makes the value from.
    """

    file: str
    line: int
    key: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """What a fix changes in a document of a file.

    file and line: of the document, which begins in that line. path: of the value in the document, also inside a string
    that holds JSON or YAML. to: the value to set, or with renames the new name of the last key.
    """

    file: str
    line: int
    path: KeyPath
    to: Any
    renames: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement.

    object and path: the value to change. file and line: its location, "" and 0 if it was not read from text. related:
    the values that it disagrees with. url: the page of the rule. environment: the folder of the environment, "" for
    other manifests. origins: for a rendered object, the values to change, of the object first. edit: what the fix says,
    if it leaves no choice and the object was read from a file.
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
    environment: str = ""
    origins: tuple[Origin, ...] = ()
    edit: Edit | None = None

    @property
    def place(self) -> tuple[str, int]:
        """File and line to look at: those of the value to change, if the object was rendered from it."""
        if self.origins:
            return self.origins[0].file, self.origins[0].line
        return self.file, self.line

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain data, for JSON, without the edit."""
        return {name: value for name, value in asdict(self).items() if name != "edit"}


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Count findings by level."""
    levels = [finding.level for finding in findings]
    return {level: levels.count(level) for level in LEVELS}
