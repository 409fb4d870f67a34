# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Which keys of an environment's values files, and which answers, set what a finding names.

A finding names a rendered object. This changes one value at a time that looks like the one in the object, renders the
release again, and sees whether the object changes. What it names is therefore in a file, and has an effect.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from kserve_wiring.checker.finding import Finding, Origin
from kserve_wiring.manifests.environment import answers_of, find_chart, plan, store_of
from kserve_wiring.manifests.helm import HelmCall, render
from kserve_wiring.manifests.known_values import ReleaseValues
from kserve_wiring.manifests.lines import line_of
from kserve_wiring.manifests.load import Loaded
from kserve_wiring.manifests.objects import MAPPING, KeyPath, ObjectRef, dig, show_path
from kserve_wiring.manifests.release_values import read_values
from kserve_wiring.manifests.wired_values import answers_for, is_local
from kserve_wiring.manifests.yamltext import YamlError, load, load_embedded

_MOST_RENDERS = 60
_MOST_TRIED = 8
_INDEX = re.compile(r"\[(\d+)\]\.?")
_GONE = object()

_Value = tuple[ReleaseValues, KeyPath, Any]
"""A value of a values file that is no mapping and no list."""


def with_origins(findings: Iterable[Finding], folder: Path, *, charts: str | None, helm: str) -> list[Finding]:
    """The findings of an environment, those on rendered objects with their origins."""
    findings = list(findings)
    if not any(finding.file.startswith("rendered/") for finding in findings):
        return findings
    _, store = store_of(folder, charts)
    calls, _ = plan(folder, lambda name, version: find_chart(store, name, version))
    tracer = _Tracer(calls, answers_of(folder), helm)
    return [replace(finding, origins=tuple(tracer.origins(finding))) for finding in findings]


class _Tracer:
    """Renders the releases of one environment with changed values."""

    def __init__(self, calls: Iterable[HelmCall], answers: frozenset[str], helm: str) -> None:
        self._calls = {call.file: call for call in calls}
        self._answers = answers
        self._helm = helm
        self._left = _MOST_RENDERS
        self._values = {Path(one.obj.source.file): one for one in read_values(self._calls.values())}
        self._rendered: dict[tuple[str, Path, KeyPath], Loaded] = {}

    def origins(self, finding: Finding) -> list[Origin]:
        """The values behind a finding, and behind the values that it disagrees with."""
        ends = [(finding.file, finding.object, finding.path)]
        ends += [(place.file, place.object, place.path) for place in finding.related]
        return list(dict.fromkeys(origin for end in ends for origin in self._of(*end)))

    def _of(self, file: str, ref: ObjectRef, path: str) -> list[Origin]:
        call = self._calls.get(file)
        if call is None:
            return []
        before = _find(render(call, helm=self._helm), ref, path)
        alike = sorted(
            (value for value in self._leaves(call) if _likeness(value[2], before)),
            key=lambda value: _likeness(value[2], before),
            reverse=True,
        )
        found = [value for value in alike[:_MOST_TRIED] if self._sets(value, call, ref, path, before)]
        equal = [value for value in alike if str(value[2]) == str(before)]
        chosen = found or (equal if len(equal) == 1 else [])
        generated = [file for file in call.values if not is_local(file.name)] or call.values
        # A release of the user's own may have no values.
        return [self._origin(value) for value in chosen] or [Origin(str(file), 0, "") for file in generated[-1:]]

    def _leaves(self, call: HelmCall) -> Iterator[_Value]:
        for file in call.values:
            if file in self._values:
                for path, value in _leaves(self._values[file].obj.body):
                    yield self._values[file], path, value

    def _sets(self, value: _Value, call: HelmCall, ref: ObjectRef, path: str, before: Any) -> bool:
        """Whether another value changes the object."""
        values, key, leaf = value
        place = (call.file, Path(values.obj.source.file), key)
        if place not in self._rendered:
            if self._left == 0:
                return False
            self._left -= 1
            self._rendered[place] = self._with(values, key, _other(leaf), call)
        changed = self._rendered[place]
        return not changed.problems and _find(changed, ref, path) != before

    def _with(self, values: ReleaseValues, key: KeyPath, leaf: Any, call: HelmCall) -> Loaded:
        """The release, rendered with one value changed."""
        body = load(values.obj.source.text)
        dig(body, *key[:-1])[key[-1]] = leaf
        with tempfile.TemporaryDirectory() as place:
            file = Path(place) / "values.yaml"
            file.write_text(yaml.safe_dump(body), encoding="utf-8")
            own = Path(values.obj.source.file)
            files = tuple(file if one == own else one for one in call.values)
            return render(replace(call, values=files), helm=self._helm)

    def _origin(self, value: _Value) -> Origin:
        values, path, _ = value
        names = tuple(name for name in answers_for(values.obj.name, path) if name in self._answers)
        return Origin(values.obj.source.file, line_of(values.obj.source.text, path), show_path(path), names)


def _leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, MAPPING):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    elif value is not None and path:
        yield path, value


def _likeness(leaf: Any, value: Any) -> int:
    """0 if a value cannot come from a leaf; more for more of its text."""
    one, other = str(leaf), str(value)
    if value is None or value is _GONE or not one:
        return 0
    if one == other:
        return len(one) + 1000
    return len(one) if isinstance(leaf, str) and len(one) > 2 and one in other else 0


def _other(leaf: Any) -> Any:
    """A different value of the same type."""
    if isinstance(leaf, bool):
        return not leaf
    return leaf + 1 if isinstance(leaf, (int, float)) else f"{leaf}x"


def _find(loaded: Loaded, ref: ObjectRef, path: str) -> Any:
    """The value at a path, as a finding shows it."""
    obj = next((obj for obj in loaded.objects if obj.ref == ref), None)
    return _GONE if obj is None else _at(obj.body, path)


def _at(value: Any, path: str) -> Any:
    if not path:
        return value
    if isinstance(value, MAPPING):
        for key in sorted(value, key=lambda key: -len(str(key))):
            if path == str(key) or path.startswith((f"{key}.", f"{key}[")):
                return _at(value[key], path[len(str(key)) :].removeprefix("."))
        return None
    if isinstance(value, list):
        match = _INDEX.match(path)
        return _at(value[int(match[1])], path[match.end() :]) if match and int(match[1]) < len(value) else None
    if isinstance(value, str):
        try:
            inner = load_embedded(value)
        except YamlError:
            return value
        return _at(inner, path) if isinstance(inner, (dict, list)) else value
    return None
