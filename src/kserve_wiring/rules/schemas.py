# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW508: what the API server refuses or drops, because the kind has no such field or the field has another type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.final import EXPRESSION, is_placeholder, is_replaced
from kserve_wiring.cluster.releases import release_of
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, dig, mappings_of, show_path
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Advice, Draft, at, rename, show, single
from kserve_wiring.schemas.carried import Project, project_of
from kserve_wiring.schemas.misfit import MISSING, TYPE, UNKNOWN, Misfit
from kserve_wiring.schemas.node import Node
from kserve_wiring.schemas.places import belongs, meant, similar

# The reader drops the schemas of a CustomResourceDefinition.
_UNREAD = "CustomResourceDefinition"
_OPEN = re.compile(EXPRESSION)
_NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$")
# As the CRD of each has it.
_TARGETS = {"Gateway": ("targetPort",), "KnativeServing": ("target_port",)}
_INSTRUCTIONS = {
    "must be one of": "set one of",
    "must match": "set a value that matches",
    "must have": "set",
    "must not have": "remove",
    "the minimum is": "set at least",
    "the maximum is": "set at most",
}
_STOCK_GATEWAYS = ("knative-ingress-gateway", "knative-local-gateway")


@rule("KW508")
def misfitting(cluster: Cluster) -> Iterator[Draft]:
    """What does not fit the schema of its kind, and the servers of a Gateway that Istio refuses besides."""
    schemas = _Schemas(cluster.facts)
    for obj in cluster.objects:
        found = schemas.of(obj)
        if found is not None:
            yield from _judged(obj, *found)
    for gateway in cluster.gateways.values():
        if not gateway.operator_made:
            yield from _gateway_ports(gateway, ("spec", "servers"))
    if cluster.knative.server is not None:
        for name in _STOCK_GATEWAYS:
            yield from _gateway_ports(cluster.knative.server, ("spec", "ingress", "istio", name, "servers"))


class _Schemas:
    """The compiled schema of each version of a kind, in the release that runs."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._known: dict[tuple[str, str], tuple[Node, Project] | None] = {}

    def of(self, obj: KubeObject) -> tuple[Node, Project] | None:
        key = (obj.ref.apiVersion, obj.ref.kind)
        if key not in self._known:
            self._known[key] = self._find(*key)
        return self._known[key]

    def _find(self, api_version: str, kind: str) -> tuple[Node, Project] | None:
        group, _, version = api_version.rpartition("/")
        project = project_of(group) if kind != _UNREAD else None
        if project is None or version not in project.versions(group, kind):
            return None
        return project.node(group, kind, version, release_of(project.name, self._facts)), project


def _judged(obj: KubeObject, root: Node, project: Project) -> Iterator[Draft]:
    misfits = [misfit for misfit in root.misfits(obj.body) if not (_is_open(misfit) or _is_quantity(misfit))]
    unknown = {misfit.path: _better(root, obj, misfit) for misfit in misfits if misfit.problem == UNKNOWN}
    there = {place for places in unknown.values() for place in places}
    for misfit in misfits:
        if misfit.problem == UNKNOWN:
            yield _unknown(obj, misfit, root, project, unknown[misfit.path])
        elif misfit.problem != MISSING:
            yield _malformed(obj, misfit)
        elif not (_is_given(misfit.path, there) or obj.source.partial or obj.source.unlisted):
            yield _draft(obj, misfit, "the kind requires it", f"set {show_path(misfit.path)}")


def _is_given(path: KeyPath, places: set[KeyPath]) -> bool:
    """True if the repair of an unknown field sets a missing one, or something in it."""
    return any(place[: len(path)] == path for place in places)


def _better(root: Node, obj: KubeObject, misfit: Misfit) -> list[KeyPath]:
    """Where an unknown field should be: beside, under the name that was meant, or at another place."""
    if misfit.releases:
        return []
    slip = meant(root, misfit.path)
    return [(*misfit.path[:-1], slip)] if slip else belongs(root, obj.body, misfit.path)


def _is_open(misfit: Misfit) -> bool:
    """True for text that is not final, for directives of kustomize, and for helm's error, which is KW504's."""
    if misfit.problem == UNKNOWN:
        name = str(misfit.path[-1])
        return name.startswith("$") or "{{" in name or "${" in name or misfit.path == ("Error",)
    is_text = isinstance(misfit.value, str)
    if is_text and (is_placeholder(misfit.value) or is_replaced(misfit.value)):
        return True
    return is_text and bool(_OPEN.search(misfit.value) or (misfit.problem == TYPE and _NAME.match(misfit.value)))


def _is_quantity(misfit: Misfit) -> bool:
    """True for the text of a quantity in a container, which is KW306's."""
    is_listed = "resources" in misfit.path[:-2] and misfit.path[-2] in ("limits", "requests")
    return is_listed and isinstance(misfit.value, str)


def _draft(obj: KubeObject, misfit: Misfit, reason: str, suggestion: Advice, level: str = "") -> Draft:
    is_plain = isinstance(misfit.value, str | int | float) and obj.kind != "Secret"
    shown = misfit.value if is_plain or misfit.value is None else "set"
    return single(Setting(shown, obj, misfit.path), reason=reason, suggestion=suggestion, level=level)


def _unknown(obj: KubeObject, misfit: Misfit, root: Node, project: Project, better: list[KeyPath]) -> Draft:
    path, name = misfit.path, str(misfit.path[-1])
    where = show_path(path[:-1]) or f"the root of {obj.kind}"
    reason = f"{where} has no field {name}"
    if misfit.releases:
        names = project.names(misfit.releases)
        only = f"{reason} in the release that runs; {names[0]} {f'to {names[-1]} have' if names[1:] else 'has'} it"
        return _draft(obj, misfit, only, f"remove it, or use a release of {project.name} that has it", "info")
    if not better:
        near = similar(root, path)
        return _draft(
            obj, misfit, reason, f"remove it, or rename it to {near} if that is meant" if near else "remove it"
        )
    return replace(_elsewhere(obj, misfit, reason, better), sets=tuple(better))


def _elsewhere(obj: KubeObject, misfit: Misfit, reason: str, better: list[KeyPath]) -> Draft:
    if better[0][:-1] == misfit.path[:-1]:
        return _draft(obj, misfit, reason, rename(Setting(None, obj, misfit.path), str(better[0][-1])))
    parents = " or ".join(show_path(place[:-1]) or "the root" for place in better)
    shown = " or ".join(map(show_path, better))
    return _draft(obj, misfit, f"{reason}, it belongs to {parents}", f"move it to {shown}")


def _malformed(obj: KubeObject, misfit: Misfit) -> Draft:
    reason = misfit.text.partition(" but ")[2] or misfit.text.removeprefix("is ")
    if obj.kind == "Secret":
        reason = f"must be {misfit.wanted or 'another value'}"
    return _draft(obj, misfit, reason, _repair(misfit))


def _repair(misfit: Misfit) -> str:
    value, wanted = misfit.value, misfit.wanted
    if not wanted:
        return _instruction(misfit.text.partition(" but ")[2] or misfit.text)
    if wanted == "a string" and isinstance(value, str | int | float):
        return f'write it in quotes: "{show(value)}"'
    if isinstance(value, str) and re.fullmatch(r"-?\d+|true|false", value):
        return f"write it without quotes: {value}"
    return f"write {wanted}"


def _instruction(text: str) -> str:
    """The text of a misfit as what to do."""
    if text.startswith("is a second entry"):
        return "merge the two entries"
    for begin, instruction in _INSTRUCTIONS.items():
        if text.startswith(begin):
            return instruction + text.removeprefix(begin)
    return f"change it: {text}"


def _gateway_ports(obj: KubeObject, path: KeyPath) -> Iterator[Draft]:
    """Servers of a Gateway that Istio refuses (pkg/config/validation/validation.go, since 1.20)."""
    named: dict[str, int] = {}
    for index, _ in mappings_of(obj.get(*path)):
        port = at(obj, *path, index, "port")
        for key in _TARGETS.get(obj.kind, ()):
            if dig(port.value, key) is not None:
                reason = "Istio rejects it: targetPort has no impact on Gateways"
                yield single(at(obj, *port.path, key), reason=reason, suggestion="set it in the Service")
        name = dig(port.value, "name")
        if isinstance(name, str) and named.setdefault(name, index) != index:
            reason = "Istio rejects it: port names in servers must be unique"
            suggestion = "give each server a port name of its own"
            yield single(at(obj, *port.path, "name"), reason=reason, suggestion=suggestion)
