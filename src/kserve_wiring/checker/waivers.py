# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Findings that the manifests waive, with a reason.

On an object, one line for each waiver:

    metadata:
      annotations:
        kserve-wiring.io/ignore: "KW203: the node has credentials"

or a comment on the line of the finding or on the line above it, but not inside a block scalar:

    # kserve-wiring: ignore KW203: the node has credentials

Several codes are separated by commas. A waiver without a reason waives nothing: KW001 reports it. KW002 reports a
waiver that no finding needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kserve_wiring.checker.finding import Finding
from kserve_wiring.manifests.objects import KeyPath, KubeObject, ObjectRef, Setting, show_path
from kserve_wiring.rules.catalogue import catalogue
from kserve_wiring.rules.draft import Draft, show, single

INEFFECTIVE, UNUSED = "KW001", "KW002"
ANNOTATION = "kserve-wiring.io/ignore"
_MARK = "kserve-wiring: ignore"
_COMMENT = re.compile(r"^(?P<before>.*?)#\s*kserve-wiring: ignore\b(?P<text>.*)$")
_CODE = re.compile(r"KW\d{3}")


@dataclass(frozen=True, slots=True)
class Waiver:
    """One line that waives findings.

    text: as written. line: of a comment in its file, 0 for an annotation. path: of the annotation, () for a comment.
    """

    obj: KubeObject
    text: str
    codes: tuple[str, ...]
    reason: str
    line: int = 0
    path: KeyPath = ("metadata", "annotations", ANNOTATION)

    @property
    def fault(self) -> str:
        """Why the waiver is ineffective; "" when it is valid."""
        if not self.codes:
            return "it names no rule"
        unknown = [code for code in self.codes if code not in catalogue()]
        if unknown and _CODE.fullmatch(unknown[0]):
            return f"there is no rule {unknown[0]}"
        if unknown:
            return f"{unknown[0]} is not a rule code such as KW203"
        return "" if self.reason else "it gives no reason"


@dataclass(frozen=True, slots=True)
class Waived:
    """A finding that was waived, and why."""

    finding: Finding
    reason: str


def waivers(objects: Iterable[KubeObject]) -> Iterator[Waiver]:
    """Every waiver, including the ineffective ones."""
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
            yield _waiver(obj, match["text"], obj.source.line + number)


def _waiver(obj: KubeObject, text: str, line: int) -> Waiver:
    codes, _, reason = text.strip().partition(":")
    listed = tuple(code.strip() for code in codes.split(",") if code)
    path = () if line else ("metadata", "annotations", ANNOTATION)
    return Waiver(obj, text.strip(), listed, reason.strip(), line, path)


def ignored_by(configuration: KubeObject) -> list[Waiver]:
    """The waivers in ``ignore`` of a configuration file: codes or prefixes of codes, with or without reasons."""
    ignore = configuration.get("ignore")
    if isinstance(ignore, list):
        entries: list[tuple[str, KeyPath, str]] = [
            (str(code), ("ignore", index), "") for index, code in enumerate(ignore)
        ]
    else:
        reasons = configuration.mapping("ignore")
        entries = [(code, ("ignore", code), str(reason or "")) for code, reason in reasons.items()]
    return [Waiver(configuration, reason or code, (code,), reason, path=path) for code, path, reason in entries]


Unused = tuple[Waiver, str]
"""A waiver, and one of its codes that waives no finding."""


def split(findings: Iterable[Finding], written: Iterable[Waiver]) -> tuple[list[Finding], list[Waived], list[Unused]]:
    """Split the findings into kept and waived ones, and return the unused waivers too."""
    by_place: dict[_Place, Unused] = {}
    for waiver in written:
        for code in () if waiver.fault else waiver.codes:
            by_place[_place(waiver, code)] = waiver, code
    unused = dict(by_place)
    kept, waived = [], []
    for finding in findings:
        matching = [place for place in _places(finding) if place in by_place]
        if matching:
            waived.append(Waived(finding, by_place[matching[0]][0].reason))
        else:
            kept.append(finding)
        for place in matching:
            unused.pop(place, None)
    return kept, waived, list(unused.values())


_Place = tuple[str, ObjectRef | int, str]


def _place(waiver: Waiver, code: str) -> _Place:
    return waiver.obj.source.file, waiver.line or waiver.obj.ref, code


def _places(finding: Finding) -> Iterator[_Place]:
    """Where a waiver of the finding can be: on its object, on its line or on the line above."""
    yield finding.file, finding.object, finding.code
    if finding.line:
        yield finding.file, finding.line, finding.code
        yield finding.file, finding.line - 1, finding.code


def ineffective_waivers(written: Iterable[Waiver]) -> Iterator[Draft]:
    """KW001: an ineffective waiver. Without a reason nobody can judge it later."""
    return (_draft(waiver, reason=waiver.fault) for waiver in written if waiver.fault)


def unused_waivers(unused: Iterable[Unused]) -> Iterator[Draft]:
    """KW002: a waiver that no finding needs. It would hide the next mistake of its kind."""
    return (_draft(waiver, waived=code) for waiver, code in unused)


def _draft(waiver: Waiver, **args: str) -> Draft:
    key = f"the comment on line {waiver.line}" if waiver.line else show_path(waiver.path)
    draft = single(Setting(waiver.text, waiver.obj, waiver.path), **args)
    return replace(draft, args={**draft.args, "key": key, "value": show(waiver.text)})
