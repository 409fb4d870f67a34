# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW418: every class that Knative writes into an object has a controller (wire W10)."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.ingress_class import ISTIO, configured_class, nearest_class, why_unserved
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, single

_INGRESS_ANNOTATIONS = ("networking.knative.dev/ingress-class", "networking.knative.dev/ingress.class")
_SCALING_ANNOTATION = "autoscaling.knative.dev/class"
_SCALERS = ("kpa", "hpa", "keda")
_SCALER_DOMAIN = ".autoscaling.knative.dev"
_CERTIFICATE_CLASS = "cert-manager.certificate.networking.knative.dev"
_TEMPLATE: KeyPath = ("spec", "template", "metadata", "annotations")


@rule("KW418")
def classes_without_controller(cluster: Cluster) -> Iterator[Draft]:
    """An object of a class that no controller takes is never reconciled: IngressNotConfigured, no scaling."""
    yield from _default_class(cluster)
    for obj in _knative_objects(cluster):
        for name in _INGRESS_ANNOTATIONS:
            yield from _unserved(cluster, at(obj, "metadata", "annotations", name))
        for path in (("metadata", "annotations"), _TEMPLATE):
            yield from _no_scaler(at(obj, *path, _SCALING_ANNOTATION))
    setting = cluster.knative.setting("autoscaler", "pod-autoscaler-class")
    if setting is not None:
        yield from _no_scaler(setting)
    for key in ("certificate-class", "certificate.class"):
        certificates = cluster.knative.setting("network", key)
        if certificates is not None and "." not in certificates.text().strip("."):
            reason = f"the certificate controller of Knative takes {_CERTIFICATE_CLASS}"
            yield single(certificates, reason=reason, suggestion=_CERTIFICATE_CLASS)


def _default_class(cluster: Cluster) -> Iterator[Draft]:
    chosen = configured_class(cluster)
    if chosen is not None:
        yield from _unserved(cluster, chosen)
        return
    server = cluster.knative.server
    reason = why_unserved(cluster, ISTIO) if server is not None else ""
    holder = cluster.knative.holder("network")
    if reason and holder is not None:
        setting = Setting(None, holder[0], (*holder[1], "ingress-class"))
        shown = f"the default is {ISTIO}, but {reason}"
        yield single(setting, reason=shown, suggestion=nearest_class(cluster, ""))


def _knative_objects(cluster: Cluster) -> Iterator[KubeObject]:
    for obj in cluster.of_kind(
        "Service", "Route", "DomainMapping", "Configuration", "InferenceService", "InferenceGraph"
    ):
        if obj.group in (KNATIVE_GROUP, KSERVE_GROUP) and cluster.runs_on_knative(obj):
            yield obj


def _unserved(cluster: Cluster, setting: Setting) -> Iterator[Draft]:
    if isinstance(setting.value, str) and setting.value:
        reason = why_unserved(cluster, setting.value)
        if reason:
            yield single(setting, reason=reason, suggestion=nearest_class(cluster, setting.value))


def _no_scaler(setting: Setting) -> Iterator[Draft]:
    """Knative checks only classes of its own domain."""
    name = setting.text().lower()
    if name in _SCALERS:
        reason = f"no autoscaler takes this class; their names end in {_SCALER_DOMAIN}"
        yield single(setting, reason=reason, suggestion=f"{name}{_SCALER_DOMAIN}")
