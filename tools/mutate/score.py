"""Run the checker on each mutant: is the slip found, at the object that has it or as the other end of a finding?"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from kserve_wiring import Finding, inspect
from kserve_wiring.manifests.load import Loaded
from kserve_wiring.manifests.objects import KubeObject, ObjectRef, Source, show_path
from tools.mutate.operators import Mutant, mutants

_NUMBER = re.compile(r"\[[0-9]+\]")
EQUIVALENT = Path(__file__).with_name("equivalent.yaml")


@dataclass(frozen=True)
class Outcome:
    """A mutant of an object. found: the codes of the new findings about it. reason: why it is equivalent, if it is."""

    kind: str
    name: str
    mutant: Mutant
    found: tuple[str, ...]
    reason: str

    @property
    def place(self) -> str:
        """Kind and path, without the numbers of list items."""
        return f"{self.kind} {_NUMBER.sub('[]', show_path(self.mutant.path))}"


@dataclass(frozen=True)
class Equivalent:
    """Mutants that break nothing, or what only the user knows. place and operator: regular expressions."""

    place: re.Pattern[str]
    operator: re.Pattern[str]
    reason: str


def equivalents() -> list[Equivalent]:
    """The entries of equivalent.yaml."""
    entries = yaml.safe_load(EQUIVALENT.read_text("utf-8"))
    return [Equivalent(re.compile(one["place"]), re.compile(one["operator"]), one["reason"]) for one in entries]


def outcomes(loaded: Loaded, objects: Iterable[KubeObject], sample: int = 0, seed: int = 0) -> Iterator[Outcome]:
    """The outcome of each mutant of the objects, or of a sample of them."""
    namespaces = sorted({obj.namespace for obj in loaded.objects} - {""})
    before = {_identity(finding) for finding in inspect(loaded).findings}
    work = [(obj, mutant) for obj in objects for mutant in mutants(dict(obj.body), _named(obj, namespaces))]
    if sample and sample < len(work):
        work = random.Random(seed).sample(work, sample)  # noqa: S311 (no secret)
    known = equivalents()
    for obj, mutant in work:
        broken = _broken(obj, mutant)
        others = [broken if other is obj else other for other in loaded.objects]
        findings = inspect(replace(loaded, objects=others)).findings
        new = [finding for finding in findings if _identity(finding) not in before]
        refs = {_short(obj.ref), _short(broken.ref)}
        found = tuple(sorted({finding.code for finding in new if _places(finding) & refs}))
        outcome = Outcome(obj.kind, obj.name, mutant, found, "")
        yield replace(outcome, reason=_reason(outcome, known))


def _named(obj: KubeObject, namespaces: list[str]) -> list[str]:
    """The namespaces of the set, that of the object last: a slip leads to another one."""
    return [*[name for name in namespaces if name != obj.namespace][:8], obj.namespace]


def _broken(obj: KubeObject, mutant: Mutant) -> KubeObject:
    metadata = mutant.body.get("metadata") or {}
    namespace, name = metadata.get("namespace"), metadata.get("name")
    ref = ObjectRef(
        obj.ref.apiVersion,
        obj.kind,
        namespace if isinstance(namespace, str) else obj.namespace if "namespace" not in metadata else "",
        name if isinstance(name, str) else "",
    )
    source = Source(file=obj.source.file, release=obj.source.release, partial=obj.source.partial)
    return KubeObject(ref, mutant.body, source)


def _identity(finding: Finding) -> tuple[str, str, str, str]:
    return finding.code, str(finding.object), finding.path, finding.message


def _short(ref: ObjectRef) -> tuple[str, str]:
    return ref.kind, ref.name


def _places(finding: Finding) -> set[tuple[str, str]]:
    return {_short(finding.object), *(_short(place.object) for place in finding.related)}


def _reason(outcome: Outcome, known: list[Equivalent]) -> str:
    for one in known:
        if one.place.fullmatch(outcome.place) and one.operator.fullmatch(outcome.mutant.operator):
            return one.reason
    return ""
