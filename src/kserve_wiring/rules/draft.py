# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Short ways to draft a finding."""

from __future__ import annotations

from typing import Any

from kserve_wiring.checker.report import Draft
from kserve_wiring.cluster.facts import Context
from kserve_wiring.manifests.objects import KubeObject, Setting, show_path

_LONGEST_VALUE = 160


def show(value: Any) -> str:
    """A value as a message shows it: on one line, not longer than a reader takes in."""
    if value is None or value == "":
        return "not set"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def single(code: str, setting: Setting, *, level: str = "", fix: str = "", **args: Any) -> Draft:
    """A finding about one setting."""
    texts = {"key": setting.key, "value": show(setting.value), **{name: show(arg) for name, arg in args.items()}}
    return Draft(code, setting.obj, setting.path, texts, (), level, fix)


def pair(code: str, setting: Setting, other: Setting, *, level: str = "", fix: str = "", **args: Any) -> Draft:
    """A finding about a setting that disagrees with another."""
    other_key = other.key if other.obj is setting.obj else f"{other.key} of {other.obj.ref}"
    texts = {
        "key": setting.key,
        "value": show(setting.value),
        "other_key": other_key,
        "other": show(other.value),
        **{name: show(arg) for name, arg in args.items()},
    }
    return Draft(code, setting.obj, setting.path, texts, ((other.obj, other.path),), level, fix)


def against(
    code: str, setting: Setting, context: Context, fact: str, *, level: str = "", fix: str = "", **args: Any
) -> Draft:
    """A finding about a setting that disagrees with a fact of the context."""
    texts = {
        "key": setting.key,
        "value": show(setting.value),
        "other_key": context.name_of(fact),
        "other": show(getattr(context, fact)),
        **{name: show(arg) for name, arg in args.items()},
    }
    return Draft(code, setting.obj, setting.path, texts, context.place_of(fact), level, fix)


def at(obj: KubeObject, *path: str | int) -> Setting:
    """The setting at a path of an object, set or not."""
    return Setting(obj.get(*path), obj, path)


def named(obj: KubeObject, *path: str | int) -> str:
    """A key of another object, for a message."""
    return f"{show_path(path)} of {obj.ref}"
