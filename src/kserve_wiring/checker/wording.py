# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""From the draft of a rule to a finding: wording from the catalogue, and the line of every place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kserve_wiring.checker.finding import Edit, Finding, Place
from kserve_wiring.manifests.lines import line_of
from kserve_wiring.manifests.objects import KubeObject, show_path
from kserve_wiring.rules.catalogue import Rule, catalogue, fill
from kserve_wiring.rules.draft import Change, Draft, at, set_to

Coded = tuple[str, Draft]
"""A draft with the code of the rule that yielded it."""

_GETS_THE_OTHER = "set {key} to {other}"


def word(drafts: Iterable[Coded], lines: Lines) -> list[Finding]:
    """Turn drafts into findings, sorted by object and without duplicates. lines: gives the line of each place."""
    found: dict[tuple[Any, ...], Finding] = {}
    for code, draft in drafts:
        finding = _word_one(code, draft, lines)
        found.setdefault(
            (finding.code, finding.object, finding.path, finding.message, finding.file, finding.line), finding
        )
    return sorted(found.values(), key=order)


def order(finding: Finding) -> tuple[Any, ...]:
    """Sort key: the object first."""
    ref = finding.object
    return (ref.kind, ref.namespace, ref.name, finding.file, finding.code, finding.path, finding.message)


def _word_one(code: str, draft: Draft, lines: Lines) -> Finding:
    entry = catalogue()[code]
    source = draft.obj.source
    return Finding(
        code=code,
        level=draft.level or entry.level,
        object=draft.obj.ref,
        path=show_path(draft.path),
        message=fill(entry.message, draft.args),
        fix=draft.fix or fill(entry.fix, draft.args),
        file=source.file,
        line=source.line + draft.line - 1 if draft.line else lines.of(draft.obj, draft.path),
        url=entry.url,
        related=tuple(
            Place(obj.ref, show_path(path), obj.source.file, lines.of(obj, path)) for obj, path in draft.related
        ),
        edit=_edit(draft, entry),
    )


def _edit(draft: Draft, entry: Rule) -> Edit | None:
    change = draft.change or _of_catalogue(draft, entry)
    if change is None or not change.obj.source.line:
        return None
    source = change.obj.source
    return Edit(source.file, source.line, (*source.prefix, *change.path), change.to, change.renames)


def _of_catalogue(draft: Draft, entry: Rule) -> Change | None:
    """The change of a rule whose every fix is that the setting gets the value of the other."""
    other = draft.args.get("other", "")
    if draft.fix or entry.fix != _GETS_THE_OTHER or draft.obj.source.partial or other in ("", "not set"):
        return None
    return set_to(at(draft.obj, *draft.path), other)


class Lines:
    """Line numbers of keys, looked up only for what a finding names."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, tuple[str | int, ...]], int] = {}

    def of(self, obj: KubeObject, path: tuple[str | int, ...]) -> int:
        """Line of a key in its file; 0 if the object was not read from text."""
        source = obj.source
        if not source.line:
            return 0
        key = (id(obj), path)
        if key not in self._known:
            self._known[key] = source.line + line_of(source.text, (*source.prefix, *path)) - 1
        return self._known[key]
