"""What an uninstall leaves behind."""

from __future__ import annotations

import contextlib

from tests.live.bed.api import Object, until
from tests.live.bed.bed import Bed, builtin
from tests.live.bed.environments import Environment

# What belongs to an environment outside its namespaces.
CLUSTER_WIDE = (
    "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration",
    "admissionregistration.k8s.io/v1/MutatingWebhookConfiguration",
    "rbac.authorization.k8s.io/v1/ClusterRole",
    "rbac.authorization.k8s.io/v1/ClusterRoleBinding",
    "networking.k8s.io/v1/IngressClass",
    # In the namespaces of tenants, with the models: their finalizers would keep these from being deleted.
    "serving.knative.dev/v1/Service",
    "serving.knative.dev/v1/Route",
)
NAMESPACED = ("apps/v1/Deployment", "batch/v1/Job", "v1/Service", "v1/ConfigMap", "v1/Pod")


def left(environment: Environment, seconds: float = 45) -> list[str]:
    """Objects that remain after some time, because helm does not wait for the last Pods. Namespaces, the content of the
    tenants' namespaces, and the user's own objects remain on purpose."""
    bed = environment.bed
    with contextlib.suppress(TimeoutError):
        until("nothing is left", lambda: _left(bed, environment) == [], seconds, 1)
    return _left(bed, environment)


def _left(bed: Bed, environment: Environment) -> list[str]:
    tenants = {tenant["name"] for tenant in environment.answers["tenants"]}
    found: list[Object] = []
    for kind in NAMESPACED:
        listed = ((item, item["metadata"]["namespace"]) for item in bed.api.list(kind))
        found += [item for item, namespace in listed if not builtin(namespace) and namespace not in tenants]
    for kind in CLUSTER_WIDE:
        found += bed.api.list(kind)
    answers = environment.answers
    brought = answers.get("registry_ca_name") if answers.get("registry_ca_source") != "bundle" else ""
    return sorted(
        f"{item['kind']} {item['metadata'].get('namespace', '')}/{item['metadata']['name']}{_waits_for(item)}"
        for item in found
        if not _of_kubernetes(item) and not _of_a_controller(item) and item["metadata"]["name"] != brought
    )


def _waits_for(item: Object) -> str:
    """The finalizers that keep a deleted object."""
    metadata = item["metadata"]
    return f" deleted, held by {metadata.get('finalizers', [])}" if "deletionTimestamp" in metadata else ""


def _of_kubernetes(item: Object) -> bool:
    """True for objects that every cluster or every namespace has."""
    name, labels = item["metadata"]["name"], item["metadata"].get("labels", {})
    builtin = name.startswith("system:") or "kubernetes.io/bootstrapping" in labels
    return builtin or name in ("kube-root-ca.crt", "cluster-admin", "admin", "edit", "view")


def _of_a_controller(item: Object) -> bool:
    """True for objects that istiod and Knative's autoscaler created at run time; no release owns them."""
    name = item["metadata"]["name"]
    made = {"ConfigMap": "istio-", "Service": "autoscaler-bucket-"}
    return str(name).startswith(made.get(item["kind"], "/"))
