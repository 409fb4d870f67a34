# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Findings that the manifests themselves waive, with a reason.

On an object, one line for each waiver:

    metadata:
      annotations:
        kserve-wiring.io/ignore: "KW203: the node has credentials"

or as a comment on the line of the finding or on the line above it, which is no place inside a block of text:

    # kserve-wiring: ignore KW203: the node has credentials

Several codes are separated by commas. Without a reason nothing is waived, and KW001 says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kserve_wiring.findings import Finding
from kserve_wiring.objects import KubeObject, ObjectRef, Path

ANNOTATION = "kserve-wiring.io/ignore"
_MARK = "kserve-wiring: ignore"
_COMMENT = re.compile(r"^(?P<before>.*?)#\s*kserve-wiring: ignore\b(?P<said>.*)$")
_CODE = re.compile(r"KW\d{3}")


@dataclass(frozen=True, slots=True)
class Waiver:
    """One line that waives. line: of a comment in its file, 0 for an annotation. codes: as written."""

    obj: KubeObject
    said: str
    codes: tuple[str, ...]
    reason: str
    line: int = 0

    @property
    def path(self) -> Path:
        """Where it stands in its object."""
        return () if self.line else ("metadata", "annotations", ANNOTATION)

    @property
    def fault(self) -> str:
        """Why it waives nothing; empty when it does."""
        from kserve_wiring.catalogue import catalogue

        unknown = [code for code in self.codes if code not in catalogue()]
        if not self.codes or any(not _CODE.fullmatch(code) for code in self.codes):
            return "it names no code"
        if unknown:
            return f"there is no rule {unknown[0]}"
        return "" if self.reason else "it gives no reason"


@dataclass(frozen=True, slots=True)
class Waived:
    """A finding that was waived, and why."""

    finding: Finding
    reason: str


def waivers(objects: Iterable[KubeObject]) -> Iterator[Waiver]:
    """Every waiver, also those that waive nothing."""
    seen: set[tuple[str, int]] = set()
    for obj in objects:
        text = obj.annotations.get(ANNOTATION)
        if text is not None:
            for line in str(text).splitlines() or [""]:
                if line.strip() or not str(text).strip():
                    yield _waiver(obj, line, 0)
        place = (obj.source.file, obj.source.line)
        if place not in seen:  # the items of a List share one text
            seen.add(place)
            if _MARK in obj.source.text:
                yield from _comments(obj)


def _comments(obj: KubeObject) -> Iterator[Waiver]:
    for number, line in enumerate(obj.source.text.splitlines()):
        match = _COMMENT.match(line) if _MARK in line else None
        if match and (not match["before"].strip() or match["before"].endswith((" ", "\t"))):
            yield _waiver(obj, match["said"], obj.source.line + number)


def _waiver(obj: KubeObject, said: str, line: int) -> Waiver:
    codes, _, reason = said.strip().partition(":")
    return Waiver(obj, said.strip(), tuple(code.strip() for code in codes.split(",") if code), reason.strip(), line)


def split(findings: Iterable[Finding], objects: Iterable[KubeObject]) -> tuple[list[Finding], list[Waived]]:
    """The findings that stay, and those that a waiver takes away."""
    by_object: dict[tuple[str, ObjectRef, str], str] = {}
    by_line: dict[tuple[str, int, str], str] = {}
    for waiver in waivers(objects):
        for code in () if waiver.fault else waiver.codes:
            if waiver.line:
                by_line[waiver.obj.source.file, waiver.line, code] = waiver.reason
            else:
                by_object[waiver.obj.source.file, waiver.obj.ref, code] = waiver.reason
    kept, waived = [], []
    for finding in findings:
        reason = by_object.get((finding.file, finding.object, finding.code)) or _of_line(by_line, finding)
        if reason:
            waived.append(Waived(finding, reason))
        else:
            kept.append(finding)
    return kept, waived


def _of_line(by_line: dict[tuple[str, int, str], str], finding: Finding) -> str:
    if not finding.line:
        return ""
    lines = (finding.line, finding.line - 1)
    return next(
        (by_line[finding.file, line, finding.code] for line in lines if (finding.file, line, finding.code) in by_line),
        "",
    )
