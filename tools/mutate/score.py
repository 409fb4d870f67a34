"""Run the checker on each mutant: is the slip found, at the object that has it or as the other end of a finding?"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kserve_wiring import Finding, inspect
from kserve_wiring.manifests.load import Loaded
from kserve_wiring.manifests.objects import KubeObject, ObjectRef, Source, show_path
from tools.mutate.accounts import Account, account_of
from tools.mutate.operators import Mutant, mutants

_NUMBER = re.compile(r"\[[0-9]+\]")


@dataclass(frozen=True)
class Slip:
    """A mutant of an object."""

    obj: KubeObject
    mutant: Mutant

    @property
    def place(self) -> str:
        """Kind and path, without the numbers of list items."""
        return f"{self.obj.kind} {_NUMBER.sub('[]', show_path(self.mutant.path))}"


@dataclass(frozen=True)
class Outcome:
    """A slip. found: the codes of the new findings about it. account: why it does not count, or is not found."""

    slip: Slip
    found: tuple[str, ...]
    account: Account | None

    @property
    def counts(self) -> bool:
        """True unless the slip breaks nothing that a manifest shows."""
        return self.account is None or self.account.counts

    def __str__(self) -> str:
        """One line for a reader."""
        return f"`{self.slip.place}` of {self.slip.obj.name}: {self.slip.mutant.operator}"


def slips(loaded: Loaded, objects: Iterable[KubeObject]) -> list[Slip]:
    """Every slip in the objects, each of which is one of those that were loaded."""
    namespaces = sorted({obj.namespace for obj in loaded.objects} - {""})
    return [Slip(obj, mutant) for obj in objects for mutant in mutants(dict(obj.body), _named(obj, namespaces))]


def sampled(found: list[Slip], count: int, seed: int = 0) -> list[Slip]:
    """Some of the slips, always the same ones; all of them if count is 0."""
    return random.Random(seed).sample(found, min(count, len(found))) if count else found  # noqa: S311 (no secret)


def outcomes(loaded: Loaded, wanted: Iterable[Slip]) -> Iterator[Outcome]:
    """The outcome of each slip."""
    before = {_identity(finding) for finding in inspect(loaded).findings}
    for slip in wanted:
        broken = _broken(slip.obj, slip.mutant)
        others = [broken if other is slip.obj else other for other in loaded.objects]
        findings = inspect(replace(loaded, objects=others)).findings
        new = [finding for finding in findings if _identity(finding) not in before]
        refs = {_short(slip.obj.ref), _short(broken.ref)}
        found = tuple(sorted({finding.code for finding in new if _places(finding) & refs}))
        yield Outcome(slip, found, account_of(slip.place, slip.obj.name, slip.mutant.operator))


def _named(obj: KubeObject, namespaces: list[str]) -> list[str]:
    """The namespaces of the set, that of the object last: a slip leads to another one."""
    return [*[name for name in namespaces if name != obj.namespace][:8], obj.namespace]


def _broken(obj: KubeObject, mutant: Mutant) -> KubeObject:
    """The mutant as an object. Without a namespace it is in the one that kubectl or Helm is called with, its own."""
    metadata = mutant.body.get("metadata") or {}
    namespace, name = metadata.get("namespace"), metadata.get("name")
    ref = ObjectRef(
        obj.ref.apiVersion,
        obj.kind,
        namespace if isinstance(namespace, str) and namespace else "" if namespace else obj.namespace,
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
