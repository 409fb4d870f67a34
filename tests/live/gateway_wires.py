"""The wires between KServe in Standard mode and a Gateway, each broken alone: the symptom, and the code that shows it.

docs/how-to/standard-mode.md has this table; tests/docs/test_measured_tables.py compares both, and
test_gateway_api.py measures it. A URL has the placeholders {host} for the external host of the model, {name} for the
model, {older} for one that is older, and {domain} for KServe's domain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.live.bed.api import Object

NAMESPACE, GATEWAYS, PODS = "vision", "api-gateways", "ml-gateway"
SERVICE = "ml-ingress-gateway.ml-gateway.svc.cluster.local"
CERTIFICATE = "models-tls"
READY = "True"
REFUSED = "connection refused"
HTTP = {"http://{host}": "200"}
ALL: Object = {"allowedRoutes": {"namespaces": {"from": "All"}}}
PLAIN: Object = {"name": "http", "port": 80, "protocol": "HTTP", **ALL}


def secure(secret: str = CERTIFICATE, namespace: str = "") -> Object:
    """A listener with TLS."""
    reference = {"name": secret} | ({"namespace": namespace} if namespace else {})
    tls = {"mode": "Terminate", "certificateRefs": [reference]}
    return {"name": "https", "port": 443, "protocol": "HTTPS", "tls": tls, **ALL}


@dataclass(frozen=True)
class Wire:
    """One broken wire.

    what: as the page has it. ready: the status of IngressReady, or its reason if that is False. gateway: the condition
    of the Gateway, or of the last listener after a colon, that shows it; "" if none does. requests: {URL: outcome}.
    code: of the rule, "" if manifests do not show it. The other fields are the cluster: ingress has the keys of
    inferenceservice-config, own_pods is False for the Pods of the ingress gateway.
    """

    what: str
    ready: str
    gateway: str
    requests: Mapping[str, str]
    code: str
    listeners: tuple[Object, ...] = (PLAIN,)
    own_pods: bool = False
    gateway_class: str = "istio"
    service: str = SERVICE
    namespace: str = GATEWAYS
    ingress: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    pull_secret: bool = True
    balanced: bool = True
    secret_type: str = "kubernetes.io/tls"  # noqa: S105 - a type
    another_controller: bool = False


FITS = Wire("nothing", READY, "Programmed True", HTTP, "")
FITS_OWN_PODS = Wire(
    "nothing, with Pods of its own and TLS",
    READY,
    "Programmed True",
    {**HTTP, "https://{host}": "200"},
    "",
    listeners=(PLAIN, secure()),
    own_pods=True,
    ingress={"urlScheme": "https"},
)

WIRES = [
    Wire(
        "`kserveIngressGateway` swaps namespace and name",
        "ParentStatusNotAvailable",
        "",
        {"http://{host}": "404"},
        "KW419",
        ingress={"kserveIngressGateway": f"models/{GATEWAYS}"},
    ),
    Wire(
        "no controller serves the `gatewayClassName`",
        "ParentStatusNotAvailable",
        "Accepted Unknown",
        {"http://{host}": "404"},
        "KW417",
        gateway_class="envoy",
    ),
    Wire(
        "the listener has no `allowedRoutes.namespaces`",
        "NotAllowedByListeners",
        "",
        {"http://{host}": "404"},
        "KW420",
        listeners=({"name": "http", "port": 80, "protocol": "HTTP"},),
    ),
    Wire(
        "the listener's `hostname` does not cover `ingressDomain`",
        "NoMatchingListenerHostname",
        "",
        {"http://{host}": "404"},
        "KW421",
        listeners=({**PLAIN, "hostname": "*.corp.example"},),
    ),
    Wire(
        "the listener's `hostname` does not cover one of `additionalIngressDomains`",
        READY,
        "",
        {**HTTP, "http://{name}-vision.other.corp": "404"},
        "KW421",
        listeners=({**PLAIN, "hostname": "*.ml.corp.local"},),
        ingress={"additionalIngressDomains": ["other.corp"]},
    ),
    Wire(
        "the certificate is in another namespace, without a ReferenceGrant",
        READY,
        "https: ResolvedRefs False RefNotPermitted",
        {**HTTP, "https://{host}": REFUSED},
        "KW422",
        listeners=(PLAIN, secure(namespace="speech")),
        own_pods=True,
        ingress={"urlScheme": "https"},
    ),
    Wire(
        "the Secret of the certificate has another type than `kubernetes.io/tls`",
        READY,
        "https: ResolvedRefs False InvalidCertificateRef",
        {**HTTP, "https://{host}": REFUSED},
        "KW519",
        listeners=(PLAIN, secure()),
        own_pods=True,
        ingress={"urlScheme": "https"},
        secret_type="Opaque",  # noqa: S106 - a type
    ),
    Wire(
        "there is no Secret with the certificate",
        READY,
        "https: ResolvedRefs False InvalidCertificateRef",
        {**HTTP, "https://{host}": REFUSED},
        "KW519",
        listeners=(PLAIN, secure("model-tls")),
        own_pods=True,
        ingress={"urlScheme": "https"},
    ),
    Wire(
        "the Gateway, with the certificate, is in another namespace than the Pods of its `addresses`",
        READY,
        "",
        {**HTTP, "https://{host}": REFUSED},
        "KW422",
        listeners=(PLAIN, secure()),
        ingress={"urlScheme": "https"},
    ),
    Wire(
        "`urlScheme` is https, and there is no such listener",
        READY,
        "",
        {**HTTP, "https://{host}": REFUSED},
        "KW422",
        ingress={"urlScheme": "https"},
    ),
    Wire(
        "the listener has another port than 80",
        READY,
        "",
        {"http://{host}:8080": "200", "http://{host}": REFUSED},
        "KW422",
        listeners=({**PLAIN, "port": 8080},),
        own_pods=True,
    ),
    Wire(
        "nothing gives the Service of the Gateway an address",
        READY,
        "Programmed False AddressNotAssigned",
        HTTP,
        "",
        own_pods=True,
        balanced=False,
    ),
    Wire(
        "the pull Secret of Istio is not in the namespace of the Gateway",
        READY,
        "Programmed True",
        {"http://{host}": "no endpoints"},
        "KW425",
        own_pods=True,
        pull_secret=False,
    ),
    Wire(
        "`addresses` names no Service",
        READY,
        "Programmed False AddressNotUsable",
        {"http://{host}": "404"},
        "KW425",
        service="ml-ingress-gateway.api-gateways.svc.cluster.local",
    ),
    Wire(
        "a second controller answers the route, and refuses it",
        "NoMatchingParent",
        "Programmed True",
        HTTP,
        "",
        another_controller=True,
    ),
    Wire(
        "the model has the label `networking.kserve.io/visibility: cluster-local`",
        READY,
        "",
        {"http://{host}": "404"},
        "",
        labels={"networking.kserve.io/visibility": "cluster-local"},
    ),
    Wire(
        "`pathTemplate` is set",
        READY,
        "",
        {**HTTP, "http://{domain}/serving/vision/{name}/v1": "200 from {older}"},
        "KW427",
        ingress={"pathTemplate": "/serving/{{ .Namespace }}/{{ .Name }}"},
    ),
    Wire(
        "with Kubernetes Ingress, no controller serves `ingressClassName`",
        READY,
        "",
        {"http://{host}": "404"},
        "KW428",
        ingress={"enableGatewayApi": False, "ingressClassName": "nginx"},
    ),
    Wire(
        "with Kubernetes Ingress, istiod configures Pods with another label `istio` than the gateway's",
        READY,
        "",
        {"http://{host}": "404"},
        "KW428",
        ingress={"enableGatewayApi": False, "ingressClassName": "istio"},
    ),
]


def gateway(wire: Wire) -> Object:
    """The Gateway of a wire."""
    spec: Object = {"gatewayClassName": wire.gateway_class, "listeners": [*wire.listeners]}
    if not wire.own_pods:
        spec["addresses"] = [{"type": "Hostname", "value": wire.service}]
    meta = {"name": "models", "namespace": wire.namespace}
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": meta, "spec": spec}


def row(wire: Wire) -> str:
    """The line of a wire in the page."""
    words = {"host": "HOST", "name": "NAME", "older": "an older model", "domain": "DOMAIN"}
    asked = [f"`{url.format(**words)}` {outcome.format(**words)}" for url, outcome in wire.requests.items()]
    ready = wire.ready if wire.ready == READY else f"False, {wire.ready}"
    return f"| {wire.what} | {ready} | {wire.gateway or '-'} | {', '.join(asked)} | {wire.code or '-'} |"
