# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The user's own manifests: the folder extra/ of an environment, which is a chart that applies them as they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from kserve_wiring.data import carried
from kserve_wiring.manifests.load import SUFFIXES, Loaded, Problem, load_file
from kserve_wiring.manifests.objects import KubeObject
from kserve_wiring.manifests.scope import CLUSTER_SCOPED

EXTRA = "extra"
"""The folder, and the name of its release."""

_OURS = ("Chart.yaml", "templates/manifests.yaml")
# What helm reads as parts of the chart, and the chart therefore does not apply.
_PARTS = ("templates/", "charts/")
_PART_FILES = ("values.yaml", "values.schema.json", "requirements.yaml")


def load_extra(folder: Path) -> Loaded:
    """Every object of extra/, as one more release of the environment if there is any manifest.

    A file is a problem if the chart would not apply it, and so is an object that lacks what says where it belongs.
    """
    files = list(_files(folder / EXTRA))
    loaded = Loaded(releases=[EXTRA] if files else [])
    for file in files:
        loaded.add(_load(folder / EXTRA, file))
    loaded.unread += [EXTRA] if loaded.problems else []
    return loaded


def doubled(objects: Iterable[KubeObject]) -> Iterator[Problem]:
    """Each object of extra/ that another release has, too, or that is there twice: helm refuses it at the end."""
    first: dict[tuple[str, str, str, str], KubeObject] = {}
    for obj in objects:
        if obj.source.partial:
            continue
        ref, source = obj.ref, obj.source
        other = first.setdefault(ref.identity, obj)
        if source.release == EXTRA and other is not obj:
            inside = other.source.release in ("", EXTRA)
            where = other.source.file if inside else f"release {other.source.release}"
            yield Problem(source.file, source.line, f"{ref} is in {where}, too; remove one of them")


def _files(extra: Path) -> Iterator[Path]:
    """The files that look like manifests, sorted, without hidden ones and those of the template."""
    for file in sorted(extra.rglob("*")):
        place = file.relative_to(extra)
        hidden = any(part.startswith(".") for part in place.parts)
        if file.suffix in SUFFIXES and file.is_file() and not hidden and place.as_posix() not in _OURS:
            yield file


def _load(extra: Path, file: Path) -> Loaded:
    place = file.relative_to(extra).as_posix()
    if place in _PART_FILES or place.startswith(_PARTS):
        return Loaded(problems=[Problem(str(file), 0, "helm reads this as a part of the chart; move it or rename it")])
    loaded = load_file(str(file), release=EXTRA, strict=True)
    loaded.problems += [problem for obj in loaded.objects for problem in _homeless(obj)]
    return loaded


def _homeless(obj: KubeObject) -> Iterator[Problem]:
    """Why it is open which object this is."""
    ref, source = obj.ref, obj.source
    if not ref.name or "generateName" in obj.body.get("metadata", {}):
        yield Problem(source.file, source.line, f"a {ref.kind} without a name; write metadata.name")
    elif not ref.namespace and ref.kind not in CLUSTER_SCOPED and ref.apiVersion.rpartition("/")[0] in _groups():
        yield Problem(source.file, source.line, f"{ref} without a namespace; write metadata.namespace")


@cache
def _groups() -> frozenset[str]:
    """The API groups of which every cluster-scoped kind is known."""
    return frozenset(json.loads((carried("schemas") / "index.json").read_bytes())["groups"])
