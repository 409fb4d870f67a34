# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The kinds that doctor reads from a cluster, and the rights that it needs for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind by its API group and plural. cluster: it has no namespace."""

    group: str
    plural: str
    cluster: bool = False

    @property
    def name(self) -> str:
        """As kubectl takes it: ``services.serving.knative.dev``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


KINDS = (
    Kind("serving.kserve.io", "inferenceservices"),
    Kind("serving.kserve.io", "llminferenceservices"),
    Kind("serving.kserve.io", "servingruntimes"),
    Kind("serving.kserve.io", "clusterservingruntimes", cluster=True),
    Kind("serving.kserve.io", "clusterstoragecontainers", cluster=True),
    Kind("operator.knative.dev", "knativeservings"),
    Kind("serving.knative.dev", "services"),
    Kind("serving.knative.dev", "configurations"),
    Kind("serving.knative.dev", "revisions"),
    Kind("serving.knative.dev", "routes"),
    Kind("networking.internal.knative.dev", "ingresses"),
    Kind("networking.istio.io", "gateways"),
    Kind("networking.istio.io", "virtualservices"),
    Kind("security.istio.io", "authorizationpolicies"),
    Kind("security.istio.io", "peerauthentications"),
    Kind("apiextensions.k8s.io", "customresourcedefinitions", cluster=True),
    Kind("admissionregistration.k8s.io", "mutatingwebhookconfigurations", cluster=True),
    Kind("admissionregistration.k8s.io", "validatingwebhookconfigurations", cluster=True),
    Kind("gateway.networking.k8s.io", "gateways"),
    Kind("gateway.networking.k8s.io", "gatewayclasses", cluster=True),
    Kind("gateway.networking.k8s.io", "httproutes"),
    Kind("networking.k8s.io", "ingresses"),
    Kind("networking.k8s.io", "ingressclasses", cluster=True),
    Kind("apps", "deployments"),
    Kind("apps", "replicasets"),
    Kind("", "pods"),
    Kind("", "services"),
    Kind("", "serviceaccounts"),
    Kind("", "configmaps"),
    Kind("", "secrets"),
    Kind("", "events"),
    Kind("", "namespaces", cluster=True),
    Kind("", "resourcequotas"),
)


def cluster_role(probe: bool = False) -> dict[str, Any]:
    """The least ClusterRole with which doctor and collect see everything. probe: and with which --probe sends."""
    groups = sorted({kind.group for kind in KINDS})
    rules = [
        {
            "apiGroups": [group],
            "resources": sorted(kind.plural for kind in KINDS if kind.group == group),
            "verbs": ["list"],
        }
        for group in groups
    ]
    rules.append({"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]})
    if probe:
        # kubectl port-forward gets the Pod; a WebSocket is a GET, SPDY a POST, and newer API servers want both rights.
        rules.append({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})
        rules.append({"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["create", "get"]})
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "kserve-wiring-doctor"},
        "rules": rules,
    }
