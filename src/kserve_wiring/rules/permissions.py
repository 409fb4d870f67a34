# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW543: rules of Roles that match no request, and subjects that the API server refuses (wire W12).

Kubernetes compares the texts of a rule with those of a request (pkg/apis/rbac/v1/evaluation_helpers.go): a group
without its version, the plural of a resource in lower case, and a verb. pkg/apis/rbac/validation/validation.go
validates subjects.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.names import near_name
from kserve_wiring.manifests.objects import KubeObject, Setting, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because, set_to
from kserve_wiring.schemas.carried import groups, project_of

_ROLES, _BINDINGS = ("Role", "ClusterRole"), ("RoleBinding", "ClusterRoleBinding")
_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "impersonate", "escalate")
_OTHER_WORDS = {
    "read": "get",
    "view": "get",
    "write": "update",
    "edit": "update",
    "modify": "update",
    "remove": "delete",
}
_IRREGULAR = {"Endpoints": "endpoints"}
_VOWELS = "aeiou"


@rule("KW543", skips_open=True)
def rules_without_effect(cluster: Cluster) -> Iterator[Draft]:
    """The API server stores such a rule and denies the requests that it was written for."""
    for obj in cluster.of_kind(*_ROLES):
        for index, entry in mappings_of(obj.get("rules")):
            yield from _groups(obj, index, strings_of(entry.get("apiGroups")))
            yield from _resources(obj, index, strings_of(entry.get("apiGroups")), strings_of(entry.get("resources")))
            yield from _verbs(obj, index, strings_of(entry.get("verbs")))
    for obj in cluster.of_kind(*_BINDINGS):
        yield from _subjects(cluster, obj)


def _groups(obj: KubeObject, index: int, names: list[str]) -> Iterator[Draft]:
    for number, name in enumerate(names):
        setting = Setting(name, obj, ("rules", index, "apiGroups", number))
        if name in ("core", "v1"):
            yield because(setting, "the core group has no name", f'set {setting.key} to ""')
        elif "/" in name:
            better = name.partition("/")[0]
            yield because(setting, "a rule names a group without its version", set_to(setting, better))


def _resources(obj: KubeObject, index: int, names: list[str], resources: list[str]) -> Iterator[Draft]:
    """Resources of groups whose kinds are all known. A list with a resource of the group may name old ones."""
    if not names or any(name not in groups() for name in names):
        return
    known = {plural for name in names for plural in _plurals(name)}
    for number, text in enumerate(resources):
        base, slash, rest = text.partition("/")
        setting = Setting(text, obj, ("rules", index, "resources", number))
        if not base or base == "*" or base in known:
            continue
        meant = _as_plural(base, names) or near_name(base, known)
        if meant:
            reason = f"the group {', '.join(names) or 'core'} has no such resource"
            yield because(setting, reason, f"set {setting.key} to {meant}{slash}{rest}")
        elif len(names) == 1 and not known & set(resources) and (owner := _owner(base)) is not None:
            group = Setting(names[0], obj, ("rules", index, "apiGroups", 0))
            yield because(group, f"{base} belongs to another group", f"set {group.key} to {owner or repr('')}")


@cache
def _plurals(group: str) -> dict[str, str]:
    """The resources of a group, by plural, with their kinds."""
    project = project_of(group)
    return {_plural(kind): kind for kind in (project.kinds_of(group) if project is not None else ())}


def _plural(kind: str) -> str:
    text = kind.lower()
    if kind in _IRREGULAR:
        return _IRREGULAR[kind]
    if text.endswith(("s", "x", "ch", "sh")):
        return f"{text}es"
    return f"{text[:-1]}ies" if text.endswith("y") and text[-2:-1] not in _VOWELS else f"{text}s"


def _as_plural(text: str, names: list[str]) -> str:
    """The plural of a kind that a rule names in the singular or with capitals; "" for another text."""
    for name in names:
        for plural, kind in _plurals(name).items():
            if text.lower() in (kind.lower(), plural):
                return plural
    return ""


def _owner(resource: str) -> str | None:
    """The only group with a resource."""
    found = [name for name in sorted(groups()) if resource in _plurals(name)]
    return found[0] if len(found) == 1 else None


def _verbs(obj: KubeObject, index: int, verbs: list[str]) -> Iterator[Draft]:
    """A resource may have verbs of its own, so only a slip or a word for another one is a mistake."""
    for number, verb in enumerate(verbs):
        meant = _OTHER_WORDS.get(verb.lower()) or (verb.lower() if verb.lower() in _VERBS else near_name(verb, _VERBS))
        if verb not in _VERBS and meant:
            setting = Setting(verb, obj, ("rules", index, "verbs", number))
            yield because(setting, "no request has this verb", set_to(setting, meant))


def _subjects(cluster: Cluster, obj: KubeObject) -> Iterator[Draft]:
    for index, subject in mappings_of(obj.get("subjects")):
        if subject.get("kind") != "ServiceAccount":
            continue
        namespace, group = at(obj, "subjects", index, "namespace"), at(obj, "subjects", index, "apiGroup")
        accounts = [
            item
            for item in cluster.named("ServiceAccount", str(subject.get("name")))
            if item.namespace and item.source.file == obj.source.file  # kustomize may add the namespace to another file
        ]
        if obj.kind == "ClusterRoleBinding" and not namespace.value and accounts:
            reason = "a ServiceAccount has a namespace, and the API server refuses the binding"
            yield because(namespace, reason, set_to(namespace, accounts[0].namespace))
        if group.value:
            reason = "a ServiceAccount is in the core group, and the API server refuses the binding"
            yield because(group, reason, f"remove {group.key}")
