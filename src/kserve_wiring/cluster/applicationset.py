# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The parameters that the generators of an ApplicationSet give, and those that its template uses.

argo-cd v3.5 applicationset/generators (list.go, cluster.go, git.go, matrix.go, merge.go) and utils/utils.go, Replace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, Setting, mappings_of

_GO = re.compile(r"\{\{-?\s*\.([A-Za-z_][\w.]*)\s*(?:\|[^{}]*)?-?\}\}")
"""A field, maybe with functions after it; conditions and the like are left alone."""
_PLAIN = re.compile(r"\{\{\s*([\w.\-/\[\]]+)\s*\}\}")
_HAS_DEFAULT = re.compile(r"\|\s*(?:default|empty|ternary|coalesce)\b")
_OF_CLUSTERS = ("name", "nameNormalized", "server", "project", "metadata")
_OF_PATHS = ("", ".path", ".basename", ".basenameNormalized", ".segments")
_TEXTS_OF_OTHERS = ("values", "valuesObject", "patches", "plugin", "jsonnet")
"""Fields of a source whose texts are templates of Helm, too."""
_MOST = 200  # combinations of a matrix


@dataclass(frozen=True, slots=True)
class Given:
    """What one generator, or one element of a list, gives. names: dotted. beginnings: of names whose end is free."""

    names: frozenset[str]
    beginnings: tuple[str, ...] = ()
    path: KeyPath = ()

    def has(self, name: str, *, go: bool) -> bool:
        """True if the template gets a value for a name. A Go template gets maps, too."""
        if name in self.names or name.startswith(self.beginnings or ("\0",)):
            return True
        return go and any(other.startswith(f"{name}.") for other in self.names)


def given(obj: KubeObject) -> list[Given]:
    """The parameters of each Application, as far as the generators show them."""
    found: list[Given] = []
    for index, generator in mappings_of(obj.get("spec", "generators")):
        found += _of_generator(generator, ("spec", "generators", index), obj.get("spec", "goTemplate") is True) or []
    return found


def used(obj: KubeObject) -> Iterator[tuple[Setting, str]]:
    """The parameters that the texts of the template use."""
    go = obj.get("spec", "goTemplate") is True
    for setting in _texts(obj.get("spec", "template"), ("spec", "template"), obj):
        for match in (_GO if go else _PLAIN).finditer(setting.text()):
            if not _HAS_DEFAULT.search(match[0]):
                yield setting, match[1]


def _texts(value: Any, path: KeyPath, obj: KubeObject) -> Iterator[Setting]:
    if isinstance(value, str):
        yield Setting(value, obj, path)
    elif isinstance(value, MAPPING):
        for key, item in value.items():
            if key not in _TEXTS_OF_OTHERS:
                yield from _texts(item, (*path, str(key)), obj)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index), obj)


def _of_generator(generator: Mapping[str, Any], path: KeyPath, go: bool) -> list[Given] | None:
    """The parameters of one generator; None if the manifest does not show them."""
    kinds = [key for key in generator if key not in ("selector", "template")]
    kind = str(kinds[0]) if len(kinds) == 1 else ""
    body = generator.get(kind)
    if not isinstance(body, MAPPING):
        return None
    where = (*path, kind)
    if kind == "list":
        return _of_list(body, where)
    if kind == "clusters":
        names, free = (_OF_CLUSTERS, "metadata.") if go else (_OF_CLUSTERS[:4], "metadata.")
        flat = ("clusters",) if body.get("flatList") else ()
        return [Given(frozenset({*names, *flat, *_values(body)}), (free,), where)]
    if kind == "git" and body.get("directories") and not body.get("files"):
        return [_of_directories(body, where)]
    if kind in ("matrix", "merge"):
        return _combined(kind, body, where, go)
    return None


def _of_list(body: Mapping[str, Any], path: KeyPath) -> list[Given] | None:
    elements = list(mappings_of(body.get("elements")))
    if body.get("elementsYaml") or not elements:
        return None
    return [Given(frozenset(_flat(element)), _open(element), (*path, "elements", index)) for index, element in elements]


def _flat(value: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for key, item in value.items():
        yield f"{before}{key}"
        if isinstance(item, MAPPING):
            yield from _flat(item, f"{before}{key}.")


def _open(element: Mapping[str, Any]) -> tuple[str, ...]:
    """A nested value may be a list or a text with its own form, so what is below a key that is no map is free."""
    return tuple(f"{key}." for key, item in element.items() if isinstance(item, list))


def _values(body: Mapping[str, Any]) -> Iterator[str]:
    values = body.get("values")
    if isinstance(values, MAPPING):
        yield from _flat({"values": values})


def _of_directories(body: Mapping[str, Any], path: KeyPath) -> Given:
    prefix = body.get("pathParamPrefix")
    start = f"{prefix}.path" if prefix else "path"
    return Given(frozenset({*(f"{start}{end}" for end in _OF_PATHS), *_values(body)}), (f"{start}[",), path)


def _combined(kind: str, body: Mapping[str, Any], path: KeyPath, go: bool) -> list[Given] | None:
    """Every combination of what the parts give; a merge fills one with the others."""
    parts = [
        _of_generator(item, (*path, "generators", index), go) for index, item in mappings_of(body.get("generators"))
    ]
    if not parts or any(part is None for part in parts):
        return None
    joined = [Given(frozenset(), (), path)]
    for part in parts:
        options = part or []
        if kind == "merge":
            options = [Given(frozenset().union(*(one.names for one in options)), _joined(options), path)]
        joined = [
            Given(one.names | other.names, one.beginnings + other.beginnings, other.path)
            for one in joined
            for other in options
        ]
    return joined[:_MOST]


def _joined(options: list[Given]) -> tuple[str, ...]:
    return tuple(beginning for one in options for beginning in one.beginnings)
