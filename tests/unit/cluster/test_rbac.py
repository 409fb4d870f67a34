"""A ServiceAccount may do what the authorizer of Kubernetes allows."""

from __future__ import annotations

from typing import Any

import pytest

from kserve_wiring import read
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.rbac import Request, may

ACCOUNT = ("kserve", "controller")
SUBJECT = {"kind": "ServiceAccount", "name": "controller", "namespace": "kserve"}
RULE = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "update"]}


def objects(rule: dict[str, Any], subject: dict[str, Any], kind: str = "Role", space: str = "team") -> list[Any]:
    meta = {"name": "copies", "namespace": space} if kind == "Role" else {"name": "copies"}
    version = "rbac.authorization.k8s.io/v1"
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "copies"}
    role = {"apiVersion": version, "kind": kind, "metadata": meta, "rules": [rule]}
    binding = {"apiVersion": version, "kind": f"{kind}Binding", "metadata": meta, "roleRef": ref, "subjects": [subject]}
    return [role, binding]


def allowed(listed: list[Any], verb: str = "create") -> bool:
    return may(Cluster(read(listed).objects, Facts()), ACCOUNT, Request(verb, "", "configmaps", "team", "bundle"))


@pytest.mark.parametrize(
    ("rule", "verbs"),
    [
        (RULE, {"create", "update"}),
        (RULE | {"verbs": ["*"]}, {"create", "update"}),
        (RULE | {"resources": ["*"]}, {"create", "update"}),
        (RULE | {"apiGroups": ["*"]}, {"create", "update"}),
        (RULE | {"verbs": ["get"]}, set()),
        (RULE | {"apiGroups": ["apps"]}, set()),
        (RULE | {"resources": ["configmaps/status"]}, set()),
        (RULE | {"resourceNames": ["bundle"]}, {"update"}),  # a request to create has no name
        (RULE | {"resourceNames": ["other"]}, set()),
    ],
)
def test_a_rule_allows(rule: dict[str, Any], verbs: set[str]) -> None:
    assert {verb for verb in ("create", "update") if allowed(objects(rule, SUBJECT), verb)} == verbs


@pytest.mark.parametrize(
    ("subject", "is_meant"),
    [
        (SUBJECT, True),
        (SUBJECT | {"namespace": "other"}, False),
        (SUBJECT | {"name": "other"}, False),
        ({"kind": "User", "name": "system:serviceaccount:kserve:controller"}, True),
        ({"kind": "User", "name": "controller"}, False),
        ({"kind": "Group", "name": "system:serviceaccounts:kserve"}, True),
        ({"kind": "Group", "name": "system:serviceaccounts:other"}, False),
        ({"kind": "Group", "name": "system:serviceaccounts"}, True),
    ],
)
def test_a_subject_means_the_account(subject: dict[str, Any], is_meant: bool) -> None:
    assert allowed(objects(RULE, subject)) is is_meant


def test_where_it_is_bound() -> None:
    assert allowed(objects(RULE, SUBJECT, "ClusterRole"))
    assert not allowed(objects(RULE, SUBJECT, space="other"))


def test_a_role_that_was_not_read_may_allow_it() -> None:
    """Such as cluster-admin, which Kubernetes has, or one that aggregates others."""
    role, binding = objects(RULE | {"verbs": ["get"]}, SUBJECT, "ClusterRole")
    assert allowed([binding])
    assert allowed([role | {"aggregationRule": {"clusterRoleSelectors": []}}, binding])
    assert not allowed([role, binding])
