# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The facts of a run with their sources, and the rules that check less because a fact is unknown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from kserve_wiring.checker.finding import Place
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import KEYS, Facts
from kserve_wiring.cluster.pods import KSERVE_GROUP
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, show_path
from kserve_wiring.rules.catalogue import needed_by


@dataclass(frozen=True, slots=True)
class Fact:
    """A known fact.

    source: a flag, ``registry of FILE``, or the key and object that show it. place: of that key, None for the others.
    """

    key: str
    value: str | bool | list[str]
    source: str
    place: Place | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fact without its key, for JSON."""
        place = asdict(self.place) if self.place else None
        return {"value": self.value, "source": self.source, "place": place}


def facts_of(facts: Facts, line_of: Callable[[KubeObject, KeyPath], int]) -> list[Fact]:
    """Every known fact, in the order of KEYS."""
    return [_fact(facts, key, line_of) for key in KEYS if key in facts.origin]


def _fact(facts: Facts, key: str, line_of: Callable[[KubeObject, KeyPath], int]) -> Fact:
    value = getattr(facts, key)
    origin = facts.origin[key]
    place = None
    if isinstance(origin, Setting):
        place = Place(origin.obj.ref, show_path(origin.path), origin.obj.source.file, line_of(origin.obj, origin.path))
    return Fact(key, _listed(value), facts.name_of(key), place)


def _listed(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value


def disputes(facts: Facts, line_of: Callable[[KubeObject, KeyPath], int]) -> list[str]:
    """A note for each fact on which the manifests disagree."""
    notes = []
    for key, settings in facts.disputed.items():
        shown = {setting.text(): setting for setting in reversed(settings)}  # the first of each value
        values = [_shown(setting, line_of) for _, setting in sorted(shown.items())]
        listed = ", ".join(values)
        notes.append(f"{key} is unknown, because the manifests disagree: {listed}; set it explicitly if it matters")
    return notes


def _shown(setting: Setting, line_of: Callable[[KubeObject, KeyPath], int]) -> str:
    obj = setting.obj
    where = f" ({obj.source.file}:{line_of(obj, setting.path)})" if obj.source.line else ""
    return f"{setting.text()} of {obj.ref}{where}"


def unknown(facts: Facts, codes: Collection[str]) -> dict[str, list[str]]:
    """The unknown facts, each with those of the codes that check less without it."""
    missing = {key: [code for code in needed_by(key) if code in codes] for key in KEYS if key not in facts.origin}
    return {key: needed for key, needed in missing.items() if needed}


def relevant(cluster: Cluster, missing: dict[str, list[str]]) -> dict[str, list[str]]:
    """The unknown facts that concern something in the manifests. Only these are worth a user's attention."""
    kserve = cluster.isvc_config is not None or any(obj.group == KSERVE_GROUP for obj in cluster.objects)
    bears = {
        "registry": bool(cluster.images),
        "offline": bool(cluster.images),
        "pull_secret": bool(cluster.images),
        "kserve_version": kserve,
        "knative_version": cluster.knative.server is not None,
        "argocd_version": any(True for _ in cluster.of_kind("Application")),
    }
    return {key: codes for key, codes in missing.items() if bears.get(key)}


def several_clusters(objects: Iterable[KubeObject]) -> list[str]:
    """Note objects that two files define differently. KW501 covers releases and single files."""
    first: dict[tuple[str, str, str, str], KubeObject] = {}
    twice: list[tuple[KubeObject, KubeObject]] = []
    for obj in objects:
        if not obj.name or obj.source.partial:
            continue
        other = first.setdefault((obj.group, obj.kind, obj.namespace, obj.name), obj)
        apart = obj.source.file != other.source.file and obj.source.release == other.source.release
        if apart and obj.body != other.body:
            twice.append((other, obj))
    if not twice:
        return []
    former, latter = twice[0]
    more = f", and {len(twice) - 1} more in the same way" if len(twice) > 1 else ""
    return [
        f"{latter.ref} is in {former.source.file} and in {latter.source.file} with different content{more}: "
        "if these are two clusters or variants, check them one by one"
    ]
