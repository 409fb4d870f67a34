# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What a rule yields, with shorthands to create it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from kserve_wiring.cluster.facts import Facts
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, show_path
from kserve_wiring.manifests.yamltext import YamlError, load

_LONGEST_VALUE = 160


@dataclass(frozen=True, slots=True)
class Change:
    """The one change that ends a finding; as text, what the fix says.

    to: the value to set at the path of an object, or with renames the new name of its last key. elsewhere: the object
    is not that of the finding, so the text names it.
    """

    obj: KubeObject
    path: KeyPath
    to: Any
    renames: bool = False
    elsewhere: bool = False

    def __str__(self) -> str:
        if self.renames:
            return f"rename it to {self.to}"
        where = f" of {self.obj.ref}" if self.elsewhere else ""
        return f"set {show_path(self.path)}{where} to {_written(self.to)}"


def _written(value: Any) -> str:
    """A value as it is written in YAML: text that reads as something else, or not at all, has quotes."""
    return show(value) if not isinstance(value, str) or _is_plain(value) else json.dumps(value)


def _is_plain(text: str) -> bool:
    try:
        return isinstance(load(text or "~"), str)
    except YamlError:
        return False


Advice = str | Change
"""A fix as a rule gives it: text, or the change itself if there is only one."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A finding as a rule yields it: without code, wording and line numbers.

    args: placeholders of the catalogue's message and fix. level: overrides the catalogue's, when a fact makes the
    finding less severe. fix: overrides the catalogue's, when that does not fit. line: line in its document, from 1, for
    a path that does not identify it. sets: what the fix sets in the same object; that a value is absent there follows
    from this finding. instead: the value of another object with which this finding would end, too; if several findings
    have the same one, that is their common cause. change: what the fix says, if it leaves no choice.
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
    change: Change | None = None


def show(value: Any) -> str:
    """A value as a message shows it: on one line, truncated."""
    if value is None or value == "":
        return "not set"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def set_to(setting: Setting, value: Any, *, elsewhere: bool = False) -> Change:
    """Another value for a setting. Text becomes a number or a boolean where the setting is one."""
    if isinstance(value, str) and isinstance(setting.value, int | float):
        value = load(value)
    return Change(setting.obj, setting.path, value, elsewhere=elsewhere)


def rename(setting: Setting, name: str) -> Change:
    """Another name for the last key of a setting."""
    return Change(setting.obj, setting.path, name, renames=True)


def single(setting: Setting, *, level: str = "", fix: Advice = "", **args: Any) -> Draft:
    """A finding about one setting."""
    texts = {"key": setting.key, "value": show(setting.value), **{name: show(arg) for name, arg in args.items()}}
    return Draft(setting.obj, setting.path, texts, (), level, str(fix), change=_change(fix, args))


def _change(fix: Advice, args: dict[str, Any]) -> Change | None:
    """The fix, or the suggestion in it, if that is a change."""
    return next((one for one in (fix, args.get("suggestion")) if isinstance(one, Change)), None)


def because(setting: Setting, reason: str, suggestion: Advice, *related: Setting, level: str = "") -> Draft:
    """A finding whose message says why. related: what else the reader looks at."""
    draft = single(setting, reason=reason, suggestion=suggestion, level=level)
    return replace(draft, related=tuple((other.obj, other.path) for other in related))


def pair(setting: Setting, other: Setting, *, level: str = "", fix: Advice = "", **args: Any) -> Draft:
    """A finding about a setting that disagrees with another."""
    other_key = other.key if other.obj is setting.obj else f"{other.key} of {other.obj.ref}"
    texts = {
        "key": setting.key,
        "value": show(setting.value),
        "other_key": other_key,
        "other": show(other.value),
        **{name: show(arg) for name, arg in args.items()},
    }
    change = _change(fix, args)
    return Draft(setting.obj, setting.path, texts, ((other.obj, other.path),), level, str(fix), change=change)


def against(setting: Setting, facts: Facts, fact: str, *, level: str = "", fix: Advice = "", **args: Any) -> Draft:
    """A finding about a setting that disagrees with a fact."""
    texts = {
        "key": setting.key,
        "value": show(setting.value),
        "other_key": facts.name_of(fact),
        "other": show(getattr(facts, fact)),
        **{name: show(arg) for name, arg in args.items()},
    }
    return Draft(setting.obj, setting.path, texts, facts.place_of(fact), level, str(fix), change=_change(fix, args))


def instead(draft: Draft, change: Change, level: str = "") -> Draft:
    """A finding with another suggestion, and another level if one is given."""
    args = {**draft.args, "suggestion": str(change)}
    return replace(draft, args=args, change=change, level=level or draft.level)


def at(obj: KubeObject, *path: str | int) -> Setting:
    """The setting at a path of an object, present or not."""
    return Setting(obj.get(*path), obj, path)
