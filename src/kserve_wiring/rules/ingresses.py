# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW428: what serves the Ingresses that KServe makes in Standard mode (wire W10).

istio 1.27 pilot/pkg/config/kube/ingress: ingress.go runningAddresses and virtualservices.go
shouldProcessIngressWithClass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateways import pods_of_service, selects, service_ports
from kserve_wiring.cluster.istio_ingress import CONTROLLER, NAMESPACE, IngressMesh, ingress_meshes
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.cluster.standard import makes_routes, routes_by_gateway_api
from kserve_wiring.manifests.objects import KubeObject, Setting
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because, set_to, single

_PORT = 80


@rule("KW428")
def unserved_ingresses(cluster: Cluster) -> Iterator[Draft]:
    """An Ingress that nobody serves: the InferenceService is Ready, and 404 outside."""
    config = cluster.isvc_config
    if config is None or not makes_routes(cluster) or routes_by_gateway_api(cluster):
        return
    setting = config.setting("ingress", "ingressClassName")
    if setting is None:
        return
    classes = {obj.name: obj for obj in cluster.of_kind("IngressClass")}
    if setting.text() in classes:
        yield from _served(cluster, setting, classes[setting.text()])
    elif not cluster.facts.exists("IngressClass", "", setting.text()) and (classes or cluster.facts.complete):
        near = near_name(setting.text(), classes) or (next(iter(classes)) if len(classes) == 1 else "")
        reason = f"the IngressClasses are {', '.join(sorted(classes))}" if classes else "there is no such IngressClass"
        suggestion = set_to(setting, near) if near else "name an IngressClass that exists, or create it"
        yield single(setting, reason=reason, suggestion=suggestion, level="" if cluster.facts.complete else "warning")


def _served(cluster: Cluster, setting: Setting, used: KubeObject) -> Iterator[Draft]:
    """Of the controllers only istiod is known."""
    meshes = list(ingress_meshes(cluster))
    controller = at(used, "spec", "controller")
    if controller.value != CONTROLLER:
        if meshes and (used.name == "istio" or near_name(controller.text(), [CONTROLLER])):
            reason = f"istiod serves only classes of {CONTROLLER}"
            yield because(controller, reason, set_to(controller, CONTROLLER), setting)
        return
    yield from _scheme(cluster)
    pods = cluster.gateway_pods
    for mesh in meshes if pods and not cluster.has_unread_gateways else ():
        label, _ = mesh.label
        chosen = [pod for pod in pods if selects({"istio": label}, pod.labels)]
        if chosen:
            yield from _service(cluster, mesh, chosen)
        else:
            yield _unlabelled(mesh, setting, pods)


def _unlabelled(mesh: IngressMesh, used: Setting, pods: list[PodUse]) -> Draft:
    """istiod configures the Pods with one label for every Ingress."""
    label, setting = mesh.label
    found = sorted({str(pod.labels["istio"]) for pod in pods if "istio" in pod.labels})
    reason = f"istiod looks for the label istio: {label} for {used.value}, and no gateway Pod has it"
    suggestion = set_to(setting, found[0]) if found else f"give the Pods the label istio: {label}"
    return because(replace(setting, value=setting.value or None), reason, suggestion, used)


def _service(cluster: Cluster, mesh: IngressMesh, chosen: list[PodUse]) -> Iterator[Draft]:
    """The Service through which requests reach these Pods, and whose address istiod writes into each Ingress."""
    setting, istiod = mesh.setting("ingressService"), mesh.istiod(cluster)
    if not setting.text() or istiod is None:
        return
    namespace = mesh.namespace(cluster)
    found = [obj for obj in cluster.find("Service", namespace, setting.text()) if obj.group == ""]
    if found:
        yield from _leads_to(setting, found[0], chosen, mesh.label[0])
    elif not cluster.facts.exists("Service", namespace, setting.text()):
        reason = f"there is no Service {namespace}/{setting.value}, so no Ingress gets an address"
        services = cluster.services_of(chosen)
        suggestion = f"name the Service of the gateway Pods, and in {NAMESPACE} of istiod its namespace"
        if services:
            suggestion += f": {services[0].name} and {services[0].namespace}"
        yield because(setting, reason, suggestion, at(istiod.obj, "metadata", "name"), level="warning")


def _leads_to(setting: Setting, service: KubeObject, chosen: list[PodUse], label: str) -> Iterator[Draft]:
    if service.get("spec", "type") == "ExternalName":
        return
    ports = {port.port for port in service_ports(service)}
    if not pods_of_service(service, chosen):
        reason = f"{service.ref} selects no Pod with the label istio: {label}, and istiod gives the Ingresses to these"
        yield because(setting, reason, "name the Service of the gateway Pods", at(service, "spec", "selector"))
    elif ports and _PORT not in ports:
        reason = f"{service.ref} has no port {_PORT}, on which istiod serves Ingresses"
        yield because(setting, reason, f"add port {_PORT} to the Service", at(service, "spec", "ports"))


def _scheme(cluster: Cluster) -> Iterator[Draft]:
    """Outside of a whole environment, a load balancer may terminate TLS."""
    config = cluster.isvc_config
    scheme = config.setting("ingress", "urlScheme") if config and cluster.facts.complete else None
    if scheme is not None and scheme.value == "https":
        reason = f"KServe names no certificate in Ingresses, so istiod serves them only on port {_PORT}"
        yield because(scheme, reason, set_to(scheme, "http"), level="warning")
