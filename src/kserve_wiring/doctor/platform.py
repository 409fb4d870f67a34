# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The platform below the models: KnativeServing, and the controllers, webhooks and gateways with their Pods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kserve_wiring.doctor import pods
from kserve_wiring.manifests.objects import KubeObject

_NAMES = frozenset(
    [
        "istiod",
        "knative-operator",
        "kserve-controller-manager",
        "kserve-localmodel-controller-manager",
        "llmisvc-controller-manager",
        "net-istio-controller",
        "net-istio-webhook",
        "operator-webhook",
    ]
)
_CERT_MANAGER = ("cert-manager", "cert-manager-cainjector", "cert-manager-webhook")
"""Ends of names: its chart puts the name of the Helm release before them, except for a release of this name."""
_KNATIVE = ("knative-serving", "knative-operator")
"""Values of the label ``app.kubernetes.io/name``. Names such as ``webhook`` are not Knative's alone."""


def parts(objects: Iterable[KubeObject]) -> Iterator[KubeObject]:
    """KnativeServing, the Pods of the controllers and gateways, and the controllers that have none."""
    for obj in objects:
        if (
            obj.kind == "KnativeServing"
            or (obj.kind == "Pod" and (_is_named(obj, pods.deployment_of(obj)) or "istio.io/rev" in obj.labels))
            or (obj.kind == "Deployment" and _is_named(obj, obj.name) and (is_off(obj) or _is_refused(obj)))
        ):
            yield obj


def _is_named(obj: KubeObject, deployment: str) -> bool:
    """A Deployment, or a Pod of one, is a part of the platform by its name or label. Pods of Jobs are not."""
    known = deployment in _NAMES or deployment.endswith(_CERT_MANAGER)
    return known or bool(deployment and obj.labels.get("app.kubernetes.io/name") in _KNATIVE)


def is_off(deployment: KubeObject) -> bool:
    """Somebody scaled it to zero. Controllers never do."""
    return bool(deployment.get("spec", "replicas") == 0)


def _is_refused(deployment: KubeObject) -> bool:
    """The API server refuses its Pods, as a quota or Pod Security makes it: it has none that could say so."""
    return deployment.holds("ReplicaFailure")
