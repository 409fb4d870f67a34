# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Where the requests to a model enter: DNS, Services and gateways as the objects of the cluster describe them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from kserve_wiring.cluster import gateways as gw
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.istio_ingress import CONTROLLER, ingress_meshes
from kserve_wiring.cluster.standard import is_internal, is_standard, publishes
from kserve_wiring.doctor.pods import is_ready
from kserve_wiring.manifests.objects import KubeObject, dig

INSIDE, OUTSIDE = "inside", "outside"
_PORTS = {"http": 80, "https": 443}
_GATEWAY_LABELS = ("gateway.networking.k8s.io/gateway-name", "gateway.envoyproxy.io/owning-gateway-name")
"""Labels that an implementation of the Gateway API sets on the Service of a Gateway (GEP-1762; Envoy Gateway)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The Pod and its port that a connection reaches. why: what the client sees, as curl words it, if there is none."""

    pod: KubeObject | None = None
    port: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A GET to a model. side: from inside or outside the cluster. url: as a client writes it."""

    model: KubeObject
    side: str
    url: SplitResult
    entry: Entry


class UnknownEntryError(Exception):
    """The objects do not show where a request enters. One line."""


class Hops:
    """The Services, Pods and gateways of a cluster."""

    def __init__(self, objects: Iterable[KubeObject]) -> None:
        objects = list(objects)
        self._cluster = Cluster(objects, Facts())
        self._services = {(one.namespace, one.name): one for one in objects if one.kind == "Service" and not one.group}
        self._pods: dict[str, list[KubeObject]] = defaultdict(list)
        for one in objects:
            if one.kind == "Pod" and is_ready(one) and one.get("status", "phase") == "Running":
                self._pods[one.namespace].append(one)

    @property
    def sees_all_namespaces(self) -> bool:
        """Whether Services and Pods of several namespaces were seen, so that one that is missing is not there."""
        return len(self._pods) > 1 and len({namespace for namespace, _ in self._services}) > 1

    def of_service(self, namespace: str, name: str, port: int) -> Entry:
        """Where a connection to a Service enters."""
        service = self._services.get((namespace, name))
        return self._of_service(service, port) if service else Entry(why=f'service "{name}" not found')

    def requests(self, model: KubeObject) -> Iterator[Request | UnknownEntryError]:
        """The requests that show every hop: to the predictor, to the model from inside, and from outside."""
        if not self._pods:
            yield UnknownEntryError("no Pod of the cluster can be seen, so no request can be sent")
            return
        predictor = model.get("status", "components", "predictor", "address", "url")
        addresses = [model.get("status", "address", "url"), *(one.get("url") for one in _addresses(model))]
        inside = [_url(text, model) for text in (predictor, *addresses) if isinstance(text, str)]
        external = model.get("status", "url") if self._is_published(model) else None
        outside = [_url(text, model) for text in (external,) if isinstance(text, str)]
        asked = set()
        for url in [*inside, *outside]:
            if url.hostname and url.geturl() not in asked:
                asked.add(url.geturl())
                yield self._request(model, url)

    def _is_published(self, model: KubeObject) -> bool:
        """Whether KServe routes to a model from outside. In Standard mode the status has a URL all the same."""
        if self._cluster.isvc_config is None or not is_standard(self._cluster, model):
            return True
        return publishes(self._cluster) and not is_internal(model)

    def _request(self, model: KubeObject, url: SplitResult) -> Request | UnknownEntryError:
        host, port = str(url.hostname), url.port or _PORTS.get(url.scheme, 80)
        if ".svc." in host or host.endswith(".svc"):
            return Request(model, INSIDE, url, self._of_name(host, port))
        try:
            return Request(model, OUTSIDE, url, self._of_gateway(model, url.scheme, port))
        except UnknownEntryError as error:
            return UnknownEntryError(f"request to {url.geturl()}: {error}")

    def _of_name(self, host: str, port: int) -> Entry:
        """The Pod behind the name of a Service, through aliases, as CoreDNS and kube-proxy find it."""
        asked, seen, name = gw.split_service_host(host), set[str](), host
        while True:
            parts = gw.split_service_host(name)
            service = self._services.get((parts[1], parts[0])) if parts else None
            if parts is None or service is None or name in seen or (asked and parts[2] != asked[2]):
                alias = f", to which {host} is an alias" if name != host else ""
                return Entry(why=f"Could not resolve host: {name}{alias}")
            if service.get("spec", "type") != "ExternalName":
                return self._of_service(service, port)
            seen.add(name)
            name = str(service.get("spec", "externalName") or "")

    def _of_service(self, service: KubeObject, port: int) -> Entry:
        ref = f"{service.namespace}/{service.name}"
        found = next((one for one in gw.service_ports(service) if one.port == port), None)
        if service.get("spec", "clusterIP") != "None" and found is None:
            return Entry(why=f"Failed to connect to {ref} port {port}: Connection refused; no such port")
        selector = service.mapping("spec", "selector")
        pods = [pod for pod in self._pods.get(service.namespace, ()) if gw.selects(selector, pod.labels)]
        if not pods:
            return Entry(why=f'no endpoints available for service "{ref}"')
        target = port if found is None else found.target
        return Entry(pods[0], target if isinstance(target, int) else _named_port(pods[0], target) or port)

    def _of_gateway(self, model: KubeObject, scheme: str, port: int) -> Entry:
        """The Pod to which the load balancer of the ingress gateway sends."""
        config = self._cluster.isvc_config
        entry = self._cluster.knative_entry("ingress")
        if entry is not None and self._cluster.runs_on_knative(model):
            return self._of_name(entry.service, port)
        if config is None:
            raise UnknownEntryError("inferenceservice-config, which names the gateway, cannot be seen")
        if config.is_true("ingress", "enableGatewayApi"):
            return self._of_api_gateway(config.text("ingress", "kserveIngressGateway"), port)
        if config.text("ingress", "ingressClassName") and not self._cluster.runs_on_knative(model):
            return self._of_ingress(model, config.text("ingress", "ingressClassName"), port)
        return self._of_istio_gateway(config.text("ingress", "ingressGateway"), scheme, port)

    def _of_istio_gateway(self, named: str, scheme: str, port: int) -> Entry:
        gateway = self._cluster.gateways.get(named)
        if gateway is None:
            return Entry(why=f"Failed to connect to Gateway {named}: Connection refused; it does not exist")
        selector = gateway.mapping("spec", "selector")
        pods = [pod for found in self._pods.values() for pod in found if gw.selects(selector, pod.labels)]
        if not pods:
            return Entry(why=f"Failed to connect to Gateway {named}: Connection refused; it selects no ready Pod")
        plain = gw.PLAIN if scheme == "http" else gw.ENCRYPTED
        servers = [one for one in gw.servers(gateway) if one.protocol in plain]
        server = next((one for one in servers if one.port == port), servers[0] if servers else None)
        if server is None:
            return Entry(why=f"Failed to connect to Gateway {named} port {port}: refused; no {scheme} server")
        target = gw.listening_port(server, self._leading_to(pods[0]))
        return Entry(pods[0], target if isinstance(target, int) else _named_port(pods[0], target) or port)

    def _of_ingress(self, model: KubeObject, named: str, port: int) -> Entry:
        """istiod's Pods have a label; another controller is behind the Service whose address the Ingress has."""
        used = next(iter(self._cluster.named("IngressClass", named)), None)
        istio = used is not None and used.get("spec", "controller") == CONTROLLER
        for mesh in ingress_meshes(self._cluster) if istio else ():
            return self._of_label(mesh.label[0], port)
        ingresses = self._cluster.find("Ingress", model.namespace, model.name)
        ingress = next((one for one in ingresses if one.group == "networking.k8s.io"), None)
        if ingress is None:
            raise UnknownEntryError("KServe has made no Ingress, or it cannot be seen")
        service = next((one for one in self._services.values() if _has_address_of(one, ingress)), None)
        if service is None:
            raise UnknownEntryError(f"no Service has the address of Ingress {ingress.namespace}/{ingress.name}")
        return self._of_service(service, port)

    def _of_label(self, label: str, port: int) -> Entry:
        pods = [pod for found in self._pods.values() for pod in found if pod.labels.get("istio") == label]
        services = self._leading_to(pods[0]) if pods else []
        if not services:
            lacks = f"no Service leads to Pod {pods[0].name}" if pods else f"no ready Pod is labelled istio: {label}"
            return Entry(why=f"Failed to connect to port {port}: Connection refused; {lacks}")
        return self._of_service(services[0], port)

    def _leading_to(self, pod: KubeObject) -> list[KubeObject]:
        here = (one for one in self._services.values() if one.namespace == pod.namespace)
        return [one for one in here if gw.selects(one.mapping("spec", "selector"), pod.labels)]

    def _of_api_gateway(self, named: str, port: int) -> Entry:
        namespace, _, name = named.rpartition("/")
        gateway = next((one for one in self._cluster.find("Gateway", namespace, name) if "k8s.io" in one.group), None)
        if gateway is None:
            return Entry(why=f"Failed to connect to Gateway {named}: Connection refused; it does not exist")
        service = next((one for one in self._services.values() if _serves(one, gateway)), None)
        if service is None:
            raise UnknownEntryError(f"no Service shows that it belongs to Gateway {named}")
        return self._of_service(service, port)


def _serves(service: KubeObject, gateway: KubeObject) -> bool:
    """Whether a Service is the way to a Gateway: by its label, or by an address of the Gateway."""
    if any(service.labels.get(label) == gateway.name for label in _GATEWAY_LABELS):
        return True
    own = _addresses_of(service) | {f"{service.name}.{service.namespace}", str(service.get("spec", "clusterIP"))}
    listed = [*gateway.mappings("spec", "addresses"), *gateway.mappings("status", "addresses")]
    return any(str(one.get("value")).partition(".svc")[0] in own for one in listed)


def _has_address_of(service: KubeObject, ingress: KubeObject) -> bool:
    """Whether an Ingress has the address of a Service, its own or that of its load balancer."""
    return bool(_addresses_of(ingress) & (_addresses_of(service) | {str(service.get("spec", "clusterIP"))}))


def _addresses_of(obj: KubeObject) -> set[str]:
    """The addresses of a load balancer, which Services and Ingresses have in their status."""
    found = dig(obj.body, "status", "loadBalancer", "ingress")
    return {value for one in found or () if isinstance(one, dict) for value in one.values() if isinstance(value, str)}


def _named_port(pod: KubeObject, name: int | str) -> int:
    """The number of a port that a container of a Pod names; 0 if none does."""
    for container in pod.mappings("spec", "containers"):
        for port in container.get("ports") or ():
            if isinstance(port, dict) and port.get("name") == name and isinstance(port.get("containerPort"), int):
                return int(port["containerPort"])
    return 0


def _addresses(model: KubeObject) -> list[dict[str, str]]:
    return [dict(one) for one in model.mappings("status", "addresses")]


def _url(text: str, model: KubeObject) -> SplitResult:
    """A URL of a status with the path that says whether the model is ready."""
    url = urlsplit(text)
    prefix = url.path.partition("/v1/models")[0].partition("/v2/models")[0].rstrip("/")
    return url._replace(path=prefix + ready_path(model), query="", fragment="")


def ready_path(model: KubeObject) -> str:
    """The path that answers if a model is ready: of the protocol of its predictor; ``/`` for a container of its own."""
    if model.kind == "LLMInferenceService":
        return "/health"
    for name, spec in model.mapping("spec", "predictor").items():
        if isinstance(spec, dict) and ("modelFormat" in spec or "storageUri" in spec):
            version = spec.get("protocolVersion", "v2" if name == "triton" else "v1")
            return f"/v2/models/{model.name}/ready" if version != "v1" else f"/v1/models/{model.name}"
    return "/"
