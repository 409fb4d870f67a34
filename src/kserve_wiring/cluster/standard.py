# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""InferenceServices in Standard mode: which they are, and the hosts that KServe gives them.

kserve v0.20.0: pkg/controller/v1beta1/inferenceservice/utils/utils.go GetDeploymentMode and
reconcilers/ingress/domain.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kserve_wiring.cluster.cluster import MODE, STANDARD_MODES, Cluster
from kserve_wiring.cluster.pods import KSERVE_GROUP
from kserve_wiring.manifests.objects import KubeObject, Setting, strings_of

VISIBILITY = "networking.kserve.io/visibility"
LOCAL = "cluster-local"
DEFAULT_DOMAIN = "example.com"
DEFAULT_TEMPLATE = "{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}"
_FIELD = re.compile(r"\{\{-?\s*\.(Name|Namespace|IngressDomain)\s*-?\}\}")
_UNROUTED_DOMAIN = "svc.cluster.local"


def is_standard(cluster: Cluster, obj: KubeObject) -> bool:
    """True for an InferenceService or InferenceGraph that certainly runs in Standard mode."""
    mode = obj.annotations.get(MODE)
    return (mode if isinstance(mode, str) and mode else cluster.deployment_mode) in STANDARD_MODES


def standard_services(cluster: Cluster) -> Iterator[KubeObject]:
    """The InferenceServices in Standard mode."""
    for obj in cluster.of_kind("InferenceService"):
        if obj.group == KSERVE_GROUP and is_standard(cluster, obj):
            yield obj


def uses_standard(cluster: Cluster) -> bool:
    """True if Standard mode is KServe's default, or that of an InferenceService."""
    return cluster.deployment_mode in STANDARD_MODES or any(standard_services(cluster))


def makes_routes(cluster: Cluster) -> bool:
    """True if KServe makes an HTTPRoute or Ingress for InferenceServices in Standard mode."""
    return publishes(cluster) and uses_standard(cluster)


def publishes(cluster: Cluster) -> bool:
    """True if models are to be reached from outside, by KServe's configuration."""
    config = cluster.isvc_config
    return (
        config is not None
        and "ingress" in config.values
        and not config.is_true("ingress", "disableIngressCreation")
        and domain(cluster).text() != _UNROUTED_DOMAIN
    )


def routes_by_gateway_api(cluster: Cluster) -> bool:
    """True if these are HTTPRoutes."""
    config = cluster.isvc_config
    return config is not None and config.is_true("ingress", "enableGatewayApi") and makes_routes(cluster)


def is_internal(obj: KubeObject) -> bool:
    """True for an object that is to be reached only inside the cluster."""
    return obj.labels.get(VISIBILITY) == LOCAL


def domain(cluster: Cluster) -> Setting:
    """KServe's domain, or the default that applies."""
    config = cluster.isvc_config
    assert config is not None  # the caller has read it
    return config.setting("ingress", "ingressDomain") or config.place("ingress", "ingressDomain", DEFAULT_DOMAIN)


def host(cluster: Cluster, name: str, namespace: str, of_domain: str) -> str:
    """The host of a name; "" if the template has a function or a label, which only the controller resolves."""
    config = cluster.isvc_config
    template = (config.text("ingress", "domainTemplate") if config else "") or DEFAULT_TEMPLATE
    values = {"Name": name, "Namespace": namespace, "IngressDomain": of_domain}
    text = _FIELD.sub(lambda match: values[match[1]], template)
    return "" if "{{" in text else text


def hosts_of(cluster: Cluster, obj: KubeObject) -> tuple[str, ...] | None:
    """The external hosts of an InferenceService, one for each domain; None if unknown."""
    config = cluster.isvc_config
    if config is None:
        return None
    more = config.setting("ingress", "additionalIngressDomains")
    domains = [domain(cluster).text(), *strings_of(more.value if more else None)]
    found = tuple(host(cluster, obj.name, obj.namespace, item) for item in domains)
    return found if all(found) else None
