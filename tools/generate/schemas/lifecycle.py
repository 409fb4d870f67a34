"""The versions of Kubernetes' kinds that a release removed, from the life cycle in upstream's generated Go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tools.generate.schemas.sources import numbers, pinned

_MODULES = ("k8s.io/api", "k8s.io/apiextensions-apiserver")
_FILE = "zz_generated.prerelease-lifecycle.go"
_GROUP = re.compile(r'GroupName\s*=\s*"([^"]*)"')
_REMOVED = re.compile(r"func \(in \*(\w+)\) APILifecycleRemoved\(\).*\{\s*return (\d+), (\d+)")
_USE = re.compile(
    r"func \(in \*(\w+)\) APILifecycleReplacement\(\).*\{\s*"
    r'return schema.GroupVersionKind\{Group: "([^"]*)", Version: "([^"]*)", '
)


def removed(newest: str) -> dict[str, dict[str, str]]:
    """Each removed version as group/version/kind, with the release that removed it and what to use instead."""
    found: dict[str, dict[str, str]] = {}
    for module in _MODULES:
        for _, folder in pinned(module):
            for file in sorted(folder.rglob(_FILE)):
                found |= dict(_of(file, numbers(newest)[:2]))
    return dict(sorted(found.items()))


def _of(file: Path, newest: tuple[int, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    register = _GROUP.search((file.parent / "register.go").read_text(encoding="utf-8"))
    if register is None:
        register = _GROUP.search((file.parents[1] / "register.go").read_text(encoding="utf-8"))
    assert register, file
    text = file.read_text(encoding="utf-8")
    uses = {kind: f"{group}/{version} {kind}" for kind, group, version in _USE.findall(text)}
    for kind, major, minor in _REMOVED.findall(text):
        if not kind.endswith("List") and (int(major), int(minor)) <= newest:
            entry = {"release": f"{major}.{minor}", **({"use": uses[kind]} if kind in uses else {})}
            yield f"{register[1]}/{file.parent.name}/{kind}", entry
