# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The gateway objects that the Knative operator creates and no manifest shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.knative import Knative
from kserve_wiring.grammar import go_json
from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.objects import KubeObject, ObjectRef, mappings_of

_LOCAL_GATEWAY = "knative-local-gateway"
WORKLOADS = {
    "activator": "activator",
    "autoscaler": "autoscaler",
    "autoscaler-hpa": "autoscaler-hpa",
    "controller": "controller",
    "webhook": "webhook",
    "domain-mapping": "domain-mapping",
    "domainmapping-webhook": "domainmapping-webhook",
    "guard-service": "guard-service",
    "net-istio-controller": "controller",
    "net-istio-webhook": "webhook",
    "net-kourier-controller": "controller",
    "3scale-kourier-gateway": "kourier-gateway",
    "net-contour-controller": "controller",
    "net-gateway-api-controller": "controller",
    "net-gateway-api-webhook": "webhook",
}
"""The Deployments of Knative Serving with their container (cmd/operator/kodata)."""
_STRUCTURED_SINCE = (1, 21, 0)


def operator_objects(knative: Knative, facts: Facts) -> list[KubeObject]:
    """The gateway objects that the operator will create.

    knative/operator pkg/reconciler/knativeserving/ingress/{istio,ingress_service}.go and net-istio
    config/203-local-gateway.yaml.
    """
    if knative.server is None or not knative.uses_istio:
        return []
    server, namespace = knative.server, knative.namespace
    local = _selector(server, "knative-local-gateway")
    ingress = _selector(server, "knative-ingress-gateway")
    return [
        _gateway(server, namespace, "knative-local-gateway", local, _servers(server, "knative-local-gateway", 8081)),
        _gateway(
            server, namespace, "knative-ingress-gateway", ingress, _servers(server, "knative-ingress-gateway", 80)
        ),
        _local_service(server, stock_service_namespace(knative, facts), local),
    ]


def _selector(server: KubeObject, gateway: str) -> Mapping[str, Any]:
    return server.mapping("spec", "ingress", "istio", gateway, "selector") or {"istio": "ingressgateway"}


def _servers(server: KubeObject, gateway: str, port: int) -> list[Any]:
    servers = server.items("spec", "ingress", "istio", gateway, "servers")
    return servers or [{"port": {"number": port, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}]


def _gateway(
    server: KubeObject, namespace: str, name: str, selector: Mapping[str, Any], servers: list[Any]
) -> KubeObject:
    body = {"metadata": {"name": name, "namespace": namespace}, "spec": {"selector": selector, "servers": servers}}
    ref = ObjectRef("networking.istio.io/v1beta1", "Gateway", namespace, name)
    return KubeObject(ref, body, server.source, operator_made=True)


def _local_service(server: KubeObject, namespace: str, selector: Mapping[str, Any]) -> KubeObject:
    labels = {"experimental.istio.io/disable-gateway-port-translation": "true"}
    ports = [{"name": "http2", "port": 80, "targetPort": 8081}, {"name": "https", "port": 443, "targetPort": 8444}]
    name = "knative-local-gateway"
    body = {
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"type": "ClusterIP", "selector": selector, "ports": ports},
    }
    return KubeObject(ObjectRef("v1", "Service", namespace, name), body, server.source, operator_made=True)


def stock_service_namespace(knative: Knative, facts: Facts) -> str:
    """Namespace in which the operator creates its Service knative-local-gateway (ingress_service.go).

    From 1.21 on (PR 2217): the namespace of the structured entry of that name. Before 1.21, and for other names:
    istio-system, or the namespace in the host of the legacy key. It reads only KnativeServing, not the ConfigMap.
    """
    namespace = "istio-system"
    version = facts.version("knative_operator_version")
    for part in ("istio", "config-istio"):  # the latter wins
        data = knative.server.mapping("spec", "config", part) if knative.server is not None else {}
        if version is None or version >= _STRUCTURED_SINCE:
            namespace = _structured_namespace(data) or _legacy_namespace(data, knative.namespace) or namespace
        else:
            namespace = _legacy_namespace(data, knative.namespace) or namespace
    return namespace


def _structured_namespace(data: Mapping[str, Any]) -> str:
    try:
        gateways = yamltext.load_embedded(str(data.get("local-gateways") or ""))
    except yamltext.YamlError:
        return ""
    for _, entry in mappings_of(gateways):
        if go_json.field(entry, "name") == _LOCAL_GATEWAY:
            return str(go_json.field(entry, "namespace") or "")
    return ""


def _legacy_namespace(data: Mapping[str, Any], namespace: str) -> str:
    parts = str(data.get(f"local-gateway.{namespace}.{_LOCAL_GATEWAY}") or "").split(".")
    return parts[1] if len(parts) > 1 else ""
