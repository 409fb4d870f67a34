# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Make the changes that fixes name, as long as each ends its finding and brings no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kserve_wiring.checker.finding import Edit, Finding
from kserve_wiring.checker.inspect import inspect
from kserve_wiring.checker.options import Options
from kserve_wiring.manifests.edit import EditError, rename_key, set_value
from kserve_wiring.manifests.load import Loaded, load_text
from kserve_wiring.manifests.objects import KubeObject

_MOST_ROUNDS = 10

_Place = tuple[str, int]
"""File and first line of a document."""

_Found = Counter[tuple[str, str, str, str]]


@dataclass(frozen=True, slots=True)
class Fixed:
    """The result of ``fix``.

    findings: those that are gone, in the order of their changes. texts: of each changed file, by the first line of each
    changed document, its text before and after.
    """

    findings: list[Finding] = field(default_factory=list)
    texts: dict[str, dict[int, tuple[str, str]]] = field(default_factory=dict)


def fix(loaded: Loaded, options: Options) -> Fixed:
    """Change documents until no finding has a change left that helps. Nothing is written."""
    done: list[Finding] = []
    changed, found = loaded, inspect(loaded, options).findings
    for _ in range(_MOST_ROUNDS):
        before = len(done)
        changed = _settle(changed, [one for one in found if one.edit], options, done)
        if len(done) == before:
            break
        found = inspect(changed, options).findings
    return Fixed(done, _differences(_texts(loaded), _texts(changed)))


def _differences(before: Mapping[_Place, str], after: Mapping[_Place, str]) -> dict[str, dict[int, tuple[str, str]]]:
    found: dict[str, dict[int, tuple[str, str]]] = {}
    for (file, line), text in after.items():
        if before[file, line] != text:
            found.setdefault(file, {})[line] = (before[file, line], text)
    return found


def _settle(loaded: Loaded, findings: Sequence[Finding], options: Options, done: list[Finding]) -> Loaded:
    """Make these changes together; if that brings a finding, make those of each half. Appends to done."""
    if not findings:
        return loaded
    changed, made = apply(loaded, findings)
    if made and _is_better(_found(loaded, options), _found(changed, options), made):
        done += made
        return changed
    if len(findings) == 1:
        return loaded
    middle = len(findings) // 2
    first = _settle(loaded, findings[:middle], options, done)
    return _settle(first, findings[middle:], options, done)


def _found(loaded: Loaded, options: Options) -> _Found:
    return Counter(map(_identity, inspect(loaded, options).findings))


def _identity(finding: Finding) -> tuple[str, str, str, str]:
    return finding.code, str(finding.object), finding.path, finding.file


def _is_better(before: _Found, after: _Found, made: Iterable[Finding]) -> bool:
    return not after - before and all(after[_identity(one)] < before[_identity(one)] for one in made)


def apply(loaded: Loaded, findings: Iterable[Finding]) -> tuple[Loaded, list[Finding]]:
    """The objects after the changes, and the findings whose change the text allows."""
    texts, made = _texts(loaded), []
    for finding in findings:
        if finding.edit is not None:
            place = (finding.edit.file, finding.edit.line)
            try:
                texts[place] = _edited(texts[place], finding.edit)
            except EditError:
                continue
            made.append(finding)
    return replace(loaded, objects=list(_reread(loaded.objects, texts))), made


def _edited(text: str, edit: Edit) -> str:
    return rename_key(text, edit.path, edit.to) if edit.renames else set_value(text, edit.path, edit.to)


def _texts(loaded: Loaded) -> dict[_Place, str]:
    return {(obj.source.file, obj.source.line): obj.source.text for obj in loaded.objects}


def _reread(objects: Iterable[KubeObject], texts: Mapping[_Place, str]) -> Iterator[KubeObject]:
    """The objects as the changed texts have them. What is not in the text stays: owner, namespace of an overlay."""
    read: dict[_Place, dict[object, KubeObject]] = {}
    for obj in objects:
        place, source = (obj.source.file, obj.source.line), obj.source
        if texts[place] == source.text:
            yield obj
            continue
        if place not in read:
            read[place] = {one.source.prefix: one for one in load_text(texts[place], source.file).objects}
        new = read[place][source.prefix]
        own = str((obj.body.get("metadata") or {}).get("namespace") or "")
        ref = new.ref if own == obj.namespace else replace(new.ref, namespace=obj.namespace)
        yield replace(obj, ref=ref, body=new.body, source=replace(source, text=texts[place]))
