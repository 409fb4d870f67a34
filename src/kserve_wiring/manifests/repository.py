# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The folders and values files that Argo CD's Applications name, where the folder that is read is their repository.

argo-cd reposerver/repository/repository.go (app path does not exist) and util/io/path.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, dig

_GROUP = "argoproj.io/"
_OPEN = re.compile(r"[{}$<>*?\[\]]|://")
"""Text that something fills in, patterns, and addresses."""
_URL = re.compile(r"^\s*url\s*=\s*(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Named:
    """A path in an Application. below: the folder that it is relative to; None for the root."""

    obj: KubeObject
    path: KeyPath
    text: str
    repository: str
    below: str = ""


def with_absent_paths(root: str, objects: list[KubeObject]) -> list[KubeObject]:
    """The objects; the Applications know which of the paths that they name are not in the folder."""
    named = [one for obj in objects for one in _named(obj)]
    own = _own_repositories(Path(root), named)
    absent: dict[int, list[KeyPath]] = defaultdict(list)
    for one in named:
        if one.repository in own and not _exists(Path(root), one) and _is_of_a_source(Path(root), one):
            absent[id(one.obj)].append(one.path)
    if not absent:
        return objects
    return [
        replace(obj, source=replace(obj.source, absent=tuple(absent[id(obj)]))) if id(obj) in absent else obj
        for obj in objects
    ]


def _named(obj: KubeObject) -> Iterator[_Named]:
    if obj.kind not in ("Application", "ApplicationSet") or not obj.ref.apiVersion.startswith(_GROUP):
        return
    spec: KeyPath = ("spec",) if obj.kind == "Application" else ("spec", "template", "spec")
    several = obj.get(*spec, "sources")
    places: list[KeyPath] = [(*spec, "source")]
    places += [(*spec, "sources", index) for index, _ in enumerate(several if isinstance(several, list) else [])]
    refs = {dig(obj.get(*place), "ref"): _plain(dig(obj.get(*place), "repoURL")) for place in places}
    for place in places:
        source = obj.get(*place)
        if isinstance(source, MAPPING):
            yield from _of_source(obj, place, source, refs)


def _of_source(obj: KubeObject, place: KeyPath, source: Any, refs: dict[Any, str]) -> Iterator[_Named]:
    repository, folder = _plain(source.get("repoURL")), source.get("path")
    is_folder = isinstance(folder, str) and not source.get("chart") and not _OPEN.search(folder)
    if is_folder and folder.strip("./"):
        yield _Named(obj, (*place, "path"), folder, repository)
    files = dig(source, "helm", "valueFiles")
    if not isinstance(files, list) or dig(source, "helm", "ignoreMissingValueFiles") is True:
        return
    for index, text in enumerate(files):
        where = (*place, "helm", "valueFiles", index)
        ref, slash, rest = text.partition("/") if isinstance(text, str) else ("", "", "")
        if ref.startswith("$") and slash and not _OPEN.search(rest):
            yield _Named(obj, where, rest, refs.get(ref[1:], ""))
        elif isinstance(text, str) and is_folder and not _OPEN.search(text):
            yield _Named(obj, where, text, repository, "" if text.startswith("/") else folder)


def _plain(url: Any) -> str:
    text = url.strip().lower().removesuffix("/").removesuffix(".git") if isinstance(url, str) else ""
    return re.sub(r"^(?:\w+://)?(?:[^@/]+@)?", "", text).replace(":", "/")


def _exists(root: Path, one: _Named) -> bool:
    return Path(os.path.normpath(root / one.below / one.text.lstrip("/"))).exists()


def _is_of_a_source(root: Path, one: _Named) -> bool:
    """False for a file below a folder that is not there, which is reported itself."""
    return not one.below or (root / one.below).is_dir()


def _own_repositories(root: Path, named: list[_Named]) -> set[str]:
    """The repositories that the folder is a copy of: git says so, or a folder that an Application names is in it."""
    own = {one.repository for one in named if one.path[-1] == "path" and _exists(root, one)}
    try:
        config = (root / ".git" / "config").read_text(encoding="utf-8", errors="replace")
    except OSError:
        config = ""
    return (own | {_plain(url) for url in _URL.findall(config)}) - {""}
