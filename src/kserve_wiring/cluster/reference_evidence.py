# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""What the manifests say of the target of a reference that is not among them, although others may make it."""

from __future__ import annotations

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.references import Reference
from kserve_wiring.manifests.objects import KubeObject

_CALLERS = ("source.principals.*", "source.serviceAccounts.*")
_OF_PROFILES = ("default", "default-editor", "default-viewer")
"""Kubernetes makes the first one, and Kubeflow's controller of profiles the others."""


def nobody_runs_as(cluster: Cluster, ref: Reference) -> str:
    """Why no Pod of a policy's own namespace is meant by a principal; "" if that is not known."""
    own = ref.row.path.endswith(_CALLERS) and ref.namespace == ref.obj.namespace and ref.name not in _OF_PROFILES
    if not own or not ref.obj.source.whole or ref.obj.get("spec", "action") not in (None, "ALLOW"):
        return ""
    accounts = {pod.service_account for pod in cluster.pods if pod.namespace == ref.namespace and not pod.runtime}
    if not accounts or ref.name in accounts:
        return ""
    return f"no Pod of namespace {ref.namespace} runs as that ServiceAccount, only as {', '.join(sorted(accounts)[:5])}"


def sole_service(cluster: Cluster, ref: Reference) -> KubeObject | None:
    """The only Service next to a DestinationRule in its file and namespace, if its host is none of them."""
    if ref.row.kind != "DestinationRule" or ref.obj.get(*ref.path) != ref.name:
        return None
    found = [obj for obj in cluster.in_namespace("Service", ref.namespace) if obj.group == "" and not obj.operator_made]
    same_file = [obj for obj in found if obj.source.file == ref.obj.source.file]
    if len(same_file) != 1 or not ref.obj.source.file:
        return None
    rules = [obj for obj in cluster.of_kind("DestinationRule") if obj.source.file == ref.obj.source.file]
    return same_file[0] if len(rules) == 1 else None
