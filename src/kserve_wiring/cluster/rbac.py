# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What a ServiceAccount may do, by the roles that are bound to it.

kubernetes pkg/registry/rbac/validation/rule.go (appliesToUser) and pkg/apis/rbac/v1/evaluation_helpers.go. A request to
create has no name yet, so a rule with resourceNames never allows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.manifests.objects import KubeObject, mappings_of, strings_of

_ALL = "*"
_UNNAMED = ("create", "deletecollection")


@dataclass(frozen=True, slots=True)
class Request:
    """verb: of a request for one object, whose resource has no subresource. group: "" for the core group."""

    verb: str
    group: str
    resource: str
    namespace: str
    name: str


def may(cluster: Cluster, account: tuple[str, str], request: Request) -> bool:
    """Whether the ServiceAccount (namespace, name) may do it; True if a role that is bound to it was not read."""
    return any(_allows(role, request) for role in _roles(cluster, account, request.namespace))


def _roles(cluster: Cluster, account: tuple[str, str], namespace: str) -> Iterator[KubeObject | None]:
    """The roles that are bound to it for this namespace; None for one that was not read, such as cluster-admin."""
    bindings = (*cluster.of_kind("ClusterRoleBinding"), *cluster.in_namespace("RoleBinding", namespace))
    for binding in bindings:
        if any(_is_meant(subject, account) for _, subject in mappings_of(binding.get("subjects"))):
            kind, name = str(binding.get("roleRef", "kind")), str(binding.get("roleRef", "name"))
            found = cluster.find(kind, namespace if kind == "Role" else "", name)
            if found or kind != "Role" or not cluster.shows_all("Role"):
                yield found[0] if found else None


def _is_meant(subject: Mapping[str, Any], account: tuple[str, str]) -> bool:
    namespace, name = account
    kind, named = subject.get("kind"), subject.get("name")
    if kind == "User":
        return bool(named == f"system:serviceaccount:{namespace}:{name}")
    if kind == "Group":
        return named in ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return bool(kind == "ServiceAccount" and named == name and subject.get("namespace") in (namespace, None))


def _allows(role: KubeObject | None, request: Request) -> bool:
    if role is None or role.get("aggregationRule") is not None:
        return True
    return any(_matches(item, request) for _, item in mappings_of(role.get("rules")))


def _matches(item: Mapping[str, Any], request: Request) -> bool:
    names = strings_of(item.get("resourceNames"))
    return (
        bool({_ALL, request.verb} & {*strings_of(item.get("verbs"))})
        and bool({_ALL, request.group} & {*strings_of(item.get("apiGroups"))})
        and bool({_ALL, request.resource} & {*strings_of(item.get("resources"))})
        and (not names or (request.name in names and request.verb not in _UNNAMED))
    )
