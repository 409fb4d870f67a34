# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW425: the Pods and the Service of a Gateway whose class is Istio's (wires W5 and W10).

istio 1.27 pilot/pkg/config/kube/gateway/conversion.go IsManaged and extractGatewayServices, and
manifests/charts/istio-control/istio-discovery/files/kube-gateway.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateway_api import is_api_gateway, listeners
from kserve_wiring.cluster.gateways import service_ports, split_service_host
from kserve_wiring.cluster.injector import injector_value
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.pull_secrets import ISTIO_PULL_SECRETS, known_anywhere, secret_exists
from kserve_wiring.manifests.objects import KubeObject, Setting, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Advice, Draft, at, because, set_to, single

_CLASS = "istio"


@rule("KW425")
def pods_of_gateways(cluster: Cluster) -> Iterator[Draft]:
    """istiod creates the Pods of a Gateway, or uses those of a Service; its status shows neither."""
    secrets = list(_pull_secrets(cluster))
    for gateway in cluster.of_kind("Gateway"):
        if not is_api_gateway(gateway) or gateway.get("spec", "gatewayClassName") != _CLASS:
            continue
        addresses = mappings_of(gateway.get("spec", "addresses"))
        hosts = [index for index, item in addresses if item.get("type") == "Hostname"]
        for index in hosts:
            yield from _service(cluster, gateway, at(gateway, "spec", "addresses", index, "value"))
        if not hosts and gateway.namespace:
            yield from _without_secret(cluster, gateway, secrets)


def _service(cluster: Cluster, gateway: KubeObject, setting: Setting) -> Iterator[Draft]:
    text = setting.text()
    parts = (text, gateway.namespace, "") if "." not in text else split_service_host(text)
    if parts is None:
        return  # a host outside the cluster
    name, namespace, _ = parts
    found = [obj for obj in cluster.find("Service", namespace, name) if obj.group == ""]
    if found and gateway.namespace and namespace != gateway.namespace:
        reason = f"istiod uses it only for a Gateway in namespace {namespace} (AddressNotUsable)"
        yield because(
            setting, reason, f"create the Gateway in namespace {namespace}", at(found[0], "metadata", "namespace")
        )
        return
    if found:
        yield from _ports(gateway, found[0])
        return
    if cluster.facts.exists("Service", namespace, name) or cluster.has_unread_gateways:
        return
    here = [obj.name for obj in cluster.in_namespace("Service", namespace) if obj.group == ""]
    elsewhere = [obj for obj in cluster.named("Service", name) if obj.group == "" and obj.namespace]
    near = near_name(name, here)
    reason = f"there is no Service {namespace}/{name}"
    suggestion: Advice = "name the Service of the gateway Pods"
    if near:
        suggestion = set_to(setting, text.replace(name, near, 1))
    elif elsewhere:
        reason += f", but {elsewhere[0].ref}"
        where = elsewhere[0].namespace
        host = text.replace(f"{name}.{namespace}", f"{name}.{where}", 1)
        own = where == gateway.namespace
        suggestion = set_to(setting, host) if own else f"write {host}, and create the Gateway in namespace {where}"
    if near or elsewhere or cluster.facts.complete:
        level = "" if cluster.facts.complete else "warning"
        yield single(setting, reason=reason, suggestion=suggestion, level=level)


def _ports(gateway: KubeObject, service: KubeObject) -> Iterator[Draft]:
    """istiod opens a listener only on a port of the Service."""
    known = {port.port for port in service_ports(service)}
    for one in listeners(gateway) if known else ():
        if one.port and one.port not in known:
            setting = Setting(one.port, gateway, (*one.path, "port"))
            shown = ", ".join(map(str, sorted(known)))
            reason = f"{service.ref} has the ports {shown}"
            suggestion = f"set {setting.key} to one of {shown}, or add the port to the Service"
            draft = single(setting, reason=reason, suggestion=suggestion)
            yield replace(draft, related=((service, ("spec", "ports")),))


def _pull_secrets(cluster: Cluster) -> Iterator[Setting]:
    """The pull Secrets that istiod writes into each Pod of a Gateway."""
    for obj in cluster.of_kind("ConfigMap"):
        value = injector_value(obj, *ISTIO_PULL_SECRETS)
        for index, name in enumerate(strings_of(value.value) if value else []):
            yield Setting(name, obj, ("data", "values", *ISTIO_PULL_SECRETS, index))


def _without_secret(cluster: Cluster, gateway: KubeObject, secrets: list[Setting]) -> Iterator[Draft]:
    namespace = gateway.namespace
    for secret in secrets:
        name = secret.text()
        proved = cluster.facts.complete or cluster.facts.existing is not None
        if secret_exists(cluster, namespace, name) or not (proved or known_anywhere(cluster, name)):
            continue
        setting = at(gateway, "metadata", "namespace")
        reason = f"istiod creates the gateway Pods there with the pull Secret {name}, which this namespace lacks"
        draft = single(setting, reason=reason, suggestion=f"create Secret {name} in namespace {namespace}")
        level = "" if proved else "warning"
        yield replace(draft, related=((secret.obj, secret.path),), level=level)
