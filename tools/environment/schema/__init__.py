"""Validate Kubernetes objects as strictly as the API server with --validate=strict, without one.

Schemas come from the CustomResourceDefinitions among the objects, and from the OpenAPI of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kserve_wiring.schemas.checks import Schema
from kserve_wiring.schemas.misfit import MISSING, UNKNOWN, VALUE, Misfit
from kserve_wiring.schemas.node import Dialect, Node, Schemas
from tools.environment.schema.kubernetes import Kubernetes

Object = Mapping[str, Any]

# Kinds whose CRD someone else installs: an environment uses them, but does not install their software.
ABSENT = frozenset(
    {
        ("external-secrets.io", "ExternalSecret"),
        ("argoproj.io", "Application"),
        ("argoproj.io", "AppProject"),
    }
)


@dataclass(frozen=True)
class Problem:
    """One problem that the API server would report. where: Kind namespace/name. path: below that object."""

    where: str
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.path} {self.text}" if self.path else f"{self.where}: {self.text}"


def validate(
    objects: Iterable[Object], openapi: Path, complete: bool = True, others: Iterable[Object] = ()
) -> list[Problem]:
    """All problems of the objects; empty if they are valid.

    objects: parsed manifests, including CRDs. openapi: api/openapi-spec/v3 of k8s.io/kubernetes. complete: every CRD
    that is needed is among these and others; if not, kinds without a CRD are accepted. others: CRDs that are installed
    already.
    """
    items = list(objects)
    validator = Validator([*others, *items], openapi, complete)
    return [problem for item in items for problem in validator.check(item)]


# By identity. The value keeps the CRD alive, so that no other object gets its identity.
_WALKED: dict[int, tuple[Object, list[Misfit]]] = {}


class Validator:
    """Validates objects one by one against the CRDs of a set and the OpenAPI of Kubernetes."""

    def __init__(self, crds: Iterable[Object], openapi: Path, complete: bool = True) -> None:
        self._complete = complete
        self._kubernetes = Kubernetes(openapi)
        self._custom = {_names(crd): _versions(crd) for crd in crds if crd.get("kind") == "CustomResourceDefinition"}
        self._crd_schemas = Schemas(Dialect(_no_references, metadata={"x-kubernetes-preserve-unknown-fields": True}))
        self._roots: dict[tuple[str, str, str], Node] = {}

    def check(self, item: Object) -> Iterator[Problem]:
        """The problems of one object."""
        where = title(item)
        for misfit in self._remembered(item) if item.get("kind") == "CustomResourceDefinition" else self._misfits(item):
            yield Problem(where, misfit.shown_path, misfit.text)

    def _remembered(self, crd: Object) -> list[Misfit]:
        """Problems of a CRD, cached per process: CRDs are the bulk of an environment and the same in all of a stack."""
        if id(crd) not in _WALKED:
            _WALKED[id(crd)] = (crd, list(self._misfits(crd)))
        return _WALKED[id(crd)][1]

    def _misfits(self, item: Object) -> Iterator[Misfit]:
        api_version, kind = item.get("apiVersion"), item.get("kind")
        if not isinstance(api_version, str) or not isinstance(kind, str):
            yield Misfit((), "has no apiVersion and kind", MISSING)
            return
        if not (item.get("metadata") or {}).get("name"):
            yield Misfit(("metadata", "name"), "is required but missing", MISSING)
        group = api_version.rpartition("/")[0]
        if (group, kind) in self._custom:
            yield from self._check_custom(item, (group, kind), api_version)
        elif node := self._kubernetes.find(api_version, kind):
            yield from node.misfits(item)
        elif self._complete and (group, kind) not in ABSENT:
            words = f"is of an unknown kind: there is no {api_version} {kind} in Kubernetes and no CRD for it"
            yield Misfit((), words, UNKNOWN)

    def _check_custom(self, item: Object, names: tuple[str, str], api_version: str) -> Iterator[Misfit]:
        version, versions = api_version.rpartition("/")[2], self._custom[names]
        if version not in versions:
            yield Misfit(("apiVersion",), f"is {api_version} but the CRD has {', '.join(versions)}", VALUE)
            return
        key = (*names, version)
        if key not in self._roots:
            self._roots[key] = self._crd_schemas.root(versions[version], self._kubernetes.metadata())
        yield from self._roots[key].misfits(item)


def title(item: Object) -> str:
    """Name of an object in messages: Kind namespace/name."""
    metadata = item.get("metadata") or {}
    name = metadata.get("name", "(no name)")
    namespace = metadata.get("namespace")
    return (
        f"{item.get('kind', '(no kind)')} {namespace}/{name}"
        if namespace
        else f"{item.get('kind', '(no kind)')} {name}"
    )


def _names(crd: Object) -> tuple[str, str]:
    return crd["spec"]["group"], crd["spec"]["names"]["kind"]


def _versions(crd: Object) -> dict[str, Schema]:
    served = (version for version in crd["spec"]["versions"] if version.get("served", True))
    return {version["name"]: version["schema"]["openAPIV3Schema"] for version in served}


def _no_references(reference: str | int) -> Schema:
    raise ValueError(f"a CRD must not have references: {reference}")
