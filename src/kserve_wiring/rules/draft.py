# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What a rule yields, with shorthands to create it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from kserve_wiring.cluster.facts import Facts
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting

_LONGEST_VALUE = 160


@dataclass(frozen=True, slots=True)
class Draft:
    """A finding as a rule yields it: without code, wording and line numbers.

    args: placeholders of the catalogue's message and fix. level: overrides the catalogue's, when a fact makes the
    finding less severe. fix: overrides the catalogue's, when that does not fit. line: line in its document, from 1, for
    a path that does not identify it. sets: what the fix sets in the same object; that a value is absent there follows
    from this finding. instead: the value of another object with which this finding would end, too; if several findings
    have the same one, that is their common cause.
    """

    obj: KubeObject
    path: KeyPath
    args: dict[str, str]
    related: tuple[tuple[KubeObject, KeyPath], ...] = ()
    level: str = ""
    fix: str = ""
    line: int = 0
    sets: tuple[KeyPath, ...] = ()
    instead: Setting | None = None


def show(value: Any) -> str:
    """A value as a message shows it: on one line, truncated."""
    if value is None or value == "":
        return "not set"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def single(setting: Setting, *, level: str = "", fix: str = "", **args: Any) -> Draft:
    """A finding about one setting."""
    texts = {"key": setting.key, "value": show(setting.value), **{name: show(arg) for name, arg in args.items()}}
    return Draft(setting.obj, setting.path, texts, (), level, fix)


def because(setting: Setting, reason: str, suggestion: str, *related: Setting, level: str = "") -> Draft:
    """A finding whose message says why. related: what else the reader looks at."""
    draft = single(setting, reason=reason, suggestion=suggestion, level=level)
    return replace(draft, related=tuple((other.obj, other.path) for other in related))


def pair(setting: Setting, other: Setting, *, level: str = "", fix: str = "", **args: Any) -> Draft:
    """A finding about a setting that disagrees with another."""
    other_key = other.key if other.obj is setting.obj else f"{other.key} of {other.obj.ref}"
    texts = {
        "key": setting.key,
        "value": show(setting.value),
        "other_key": other_key,
        "other": show(other.value),
        **{name: show(arg) for name, arg in args.items()},
    }
    return Draft(setting.obj, setting.path, texts, ((other.obj, other.path),), level, fix)


def against(setting: Setting, facts: Facts, fact: str, *, level: str = "", fix: str = "", **args: Any) -> Draft:
    """A finding about a setting that disagrees with a fact."""
    texts = {
        "key": setting.key,
        "value": show(setting.value),
        "other_key": facts.name_of(fact),
        "other": show(getattr(facts, fact)),
        **{name: show(arg) for name, arg in args.items()},
    }
    return Draft(setting.obj, setting.path, texts, facts.place_of(fact), level, fix)


def at(obj: KubeObject, *path: str | int) -> Setting:
    """The setting at a path of an object, present or not."""
    return Setting(obj.get(*path), obj, path)
