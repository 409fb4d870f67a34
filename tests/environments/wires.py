"""Every end of every wire, and the code that must report a change to it.

The wires are those of docs/wiring.md. Each row changes one value of one rendered object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.environments.edit import REMOVED, Edit, put

Answers = dict[str, Any]
PUBLIC = "docker.io/library/other:1"
DEPLOYMENT_IMAGE = ("spec", "template", "spec", "containers", 0, "image")
ISTIO = ("spec", "config", "istio")
CONFIG = "inferenceservice-config"


@dataclass(frozen=True)
class End:
    """One end of a wire: the object to change (Kind namespace/name) and the expected code."""

    wire: str
    name: str
    target: str
    edit: Edit
    code: str


def ends(answers: Answers) -> Iterator[End]:
    """The ends of an environment's wires."""
    for group in (images, digests, trust, pull_secrets, storage, local_gateway, ingress_gateway, names, versions):
        yield from group(Names(answers))


class Names:
    """The object names of an environment, from its answers."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.domain = answers["cluster_domain"]
        self.local = f"{answers['local_gateway_namespace']}/{answers['local_gateway_name']}"
        self.ingress = f"{answers['ingress_gateway_namespace']}/{answers['ingress_gateway_name']}"
        self.registry = answers["registry_host"]
        self.secret = answers.get("pull_secret", "")
        self.external_secret = answers.get("pull_secret_source") == "external-secret"
        self.own_ca = answers.get("registry_ca_source") == "bundle"
        self.ca = answers.get("registry_ca_name", "")
        self.tenant = answers["tenants"][0]["name"]
        self.account = answers["tenants"][0].get("service_account", "default")

    @property
    def local_host(self) -> str:
        namespace, name = self.local.split("/")
        return f"{name}.{namespace}.svc.{self.domain}"


KNATIVE = "KnativeServing knative-serving/knative-serving"
KSERVE_CONFIG = f"ConfigMap kserve/{CONFIG}"


def images(names: Names) -> Iterator[End]:
    """W1, W2, W6, W7: where images come from."""
    if not names.registry:
        return
    for workload in (
        "Deployment cert-manager/cert-manager",
        "Deployment cert-manager/cert-manager-webhook",
        "Deployment istio-system/istiod",
        "Deployment knative-operator/operator-webhook",
        "Deployment kserve/kserve-controller-manager",
    ):
        yield End("W1", f"image of {workload}", workload, put(*DEPLOYMENT_IMAGE, value=PUBLIC), "KW201")
    for key in ("agent", "batcher", "logger", "router", "storageInitializer"):
        edit = put("data", key, "json", "image", value=PUBLIC)
        yield End("W1", f"{CONFIG} {key} image", KSERVE_CONFIG, edit, "KW201")
    edit = put("data", "explainers", "json", "art", "image", value="docker.io/kserve/art-explainer")
    yield End("W1", f"{CONFIG} explainers image", KSERVE_CONFIG, edit, "KW201")
    runtime = put("spec", "containers", 0, "image", value=PUBLIC)
    yield End("W2", "image of a runtime", "ClusterServingRuntime kserve-sklearnserver", runtime, "KW201")
    storage = put("spec", "container", "image", value=PUBLIC)
    yield End("W1", "image of the storage container", "ClusterStorageContainer default", storage, "KW201")
    for component in (
        "activator",
        "autoscaler",
        "controller",
        "webhook",
        "queue-proxy",
        "net-istio-controller/controller",
    ):
        edit = put("spec", "registry", "override", component, value=PUBLIC)
        yield End("W7", f"override of {component}", KNATIVE, edit, "KW201")
    for component in ("net-istio-controller/controller", "net-istio-webhook/webhook"):
        edit = put("spec", "registry", "override", component, value=REMOVED)
        yield End("W7", f"no override of {component}", KNATIVE, edit, "KW207")
    sidecar = ("spec", "config", "deployment", "queue-sidecar-image")
    yield End("W6", "queue-sidecar-image is public", KNATIVE, put(*sidecar, value=PUBLIC), "KW206")
    yield End("W6", "queue-sidecar-image is missing", KNATIVE, put(*sidecar, value=REMOVED), "KW206")


def digests(names: Names) -> Iterator[End]:
    """W3: tags, digests and the resolution timeout."""
    deployment = ("spec", "config", "deployment")
    skip = (*deployment, "registries-skipping-tag-resolving")
    timeout = (*deployment, "digest-resolution-timeout")
    yield End("W3", "timeout without unit", KNATIVE, put(*timeout, value="30"), "KW103")
    if names.answers["digest_policy"] == "skip":
        port = names.registry.split(":")[0] + ":1"
        for name, value in {"without the registry": "kind.local,ko.local,dev.local", "with another port": port}.items():
            yield End("W3", f"skip list {name}", KNATIVE, put(*skip, value=value), "KW102")
        dead = f"kind.local,ko.local,dev.local,docker.io,{names.registry}"
        yield End("W3", "skip list with docker.io", KNATIVE, put(*skip, value=dead), "KW101")
        yield End("W3", "skip list without the defaults", KNATIVE, put(*skip, value=names.registry), "KW104")
    if names.answers["digest_policy"] == "pinned":
        tag = put("spec", "containers", 0, "image", value=f"{names.registry}/docker/kserve/sklearnserver:v0.20.0")
        yield End("W3", "a runtime by tag", "ClusterServingRuntime kserve-sklearnserver", tag, "KW105")


def trust(names: Names) -> Iterator[End]:
    """W4: the registry's CA."""
    if names.answers.get("registry_ca_source", "none") == "none":
        return
    certs = ("spec", "controller-custom-certs")
    yield End("W4", "no custom certs", KNATIVE, put(*certs, value=REMOVED), "KW305")
    yield End("W4", "custom certs of another name", KNATIVE, put(*certs, "name", value="other-ca"), "KW305")
    edit = put("data", "storageInitializer", "json", "caBundleConfigMapName", value="other-ca")
    yield End("W4", "KServe reads another CA", KSERVE_CONFIG, edit, "KW304")
    if names.own_ca:
        renamed = put("data", value={"ca.crt": "-----BEGIN CERTIFICATE-----"})
        yield End("W4", "the key is not cabundle.crt", f"ConfigMap kserve/{names.ca}", renamed, "KW304")
        gone = put("metadata", "namespace", value="elsewhere")
        yield End("W4", "the CA is not in Knative's namespace", f"ConfigMap knative-serving/{names.ca}", gone, "KW305")


def pull_secrets(names: Names) -> Iterator[End]:
    """W5: the pull Secret."""
    if not names.secret:
        return
    yield End("W5", "KnativeServing", KNATIVE, put("spec", "registry", "imagePullSecrets", value=REMOVED), "KW203")
    other = put("spec", "registry", "imagePullSecrets", 0, "name", value="other-pull")
    yield End("W5", "KnativeServing names another", KNATIVE, other, "KW208")
    another = put("imagePullSecrets", 0, "name", value="other-pull")
    yield End("W5", "cert-manager names another", "ServiceAccount cert-manager/cert-manager", another, "KW208")
    router = put("data", "router", "json", "imagePullSecrets", value=[])
    yield End("W5", "router", KSERVE_CONFIG, router, "KW203")
    runtime = put("spec", "imagePullSecrets", 0, "name", value="other-pull")
    yield End("W5", "runtime names another", "ClusterServingRuntime kserve-sklearnserver", runtime, "KW208")
    account = f"ServiceAccount {names.tenant}/{names.account}"
    yield End("W5", "a tenant's ServiceAccount", account, put("imagePullSecrets", value=REMOVED), "KW203")
    for owner in ("istio-system/istiod", "kserve/kserve-controller-manager", "knative-operator/knative-operator"):
        yield End("W5", owner, f"ServiceAccount {owner}", put("imagePullSecrets", value=REMOVED), "KW203")
    if names.external_secret:
        gone = put("metadata", "namespace", value="elsewhere")
        yield End("W5", "no ExternalSecret", f"ExternalSecret {names.tenant}/{names.secret}", gone, "KW204")
    else:
        context = put("data", "existing", value="")
        yield End("W5", "no Secret", "ConfigMap kserve/kserve-environment", context, "KW204")


def storage(_: Names) -> Iterator[End]:
    """W8: the storage initializer."""
    for field in ("image", "cpuRequest", "cpuLimit", "memoryRequest", "memoryLimit"):
        value = "harbor.invalid/other:1" if field == "image" else "7"
        edit = put("data", "storageInitializer", "json", field, value=value)
        yield End("W8", f"{CONFIG} {field}", KSERVE_CONFIG, edit, "KW301")
    container = "ClusterStorageContainer default"
    for group, resource in (("requests", "cpu"), ("requests", "memory"), ("limits", "cpu"), ("limits", "memory")):
        edit = put("spec", "container", "resources", group, resource, value="7")
        yield End("W8", f"{container} {group} {resource}", container, edit, "KW301")
    yield End("W8", "container name", container, put("spec", "container", "name", value="init"), "KW302")
    yield End("W8", "workload type", container, put("spec", "workloadType", value="InitContainer"), "KW302")
    yield End("W8", "not JSON", KSERVE_CONFIG, put("data", "storageInitializer", value="{,}"), "KW303")


def local_gateway(names: Names) -> Iterator[End]:
    """W9: the local gateway."""
    gateway, pods, service = (f"{kind} {names.local}" for kind in ("Gateway", "Deployment", "Service"))
    ingress = ("data", "ingress", "json")
    entry = (*ISTIO, "local-gateways", "yaml", 0)
    yield End("W9", "localGateway", KSERVE_CONFIG, put(*ingress, "localGateway", value="a/b"), "KW401")
    for field in ("localGatewayService", "knativeLocalGatewayService"):
        host = f"other.{names.local.split('/')[0]}.svc.{names.domain}"
        yield End("W9", field, KSERVE_CONFIG, put(*ingress, field, value=host), "KW401")
    yield End("W9", "entry name", KNATIVE, put(*entry, "name", value="other"), "KW402")
    yield End("W9", "entry namespace", KNATIVE, put(*entry, "namespace", value="other"), "KW402")
    other = f"other.{names.local.split('/')[0]}.svc.{names.domain}"
    yield End("W9", "entry service", KNATIVE, put(*entry, "service", value=other), "KW404")
    yield End("W9", "both formats", KNATIVE, put(*ISTIO, "gateway.a.b", value="c.d.svc"), "KW407")
    yield End("W9", "Gateway name", gateway, put("metadata", "name", value="other"), "KW402")
    yield End("W9", "Gateway selector", gateway, put("spec", "selector", "istio", value="typo"), "KW403")
    yield End("W9", "Gateway port", gateway, put("spec", "servers", 0, "port", "number", value=8081), "KW405")
    yield End("W9", "Gateway hosts", gateway, put("spec", "servers", 0, "hosts", value=["*.other.svc"]), "KW406")
    label = put("spec", "template", "metadata", "labels", "istio", value="other")
    yield End("W9", "label of the Pods", pods, label, "KW403")
    yield End("W9", "Service selector", service, put("spec", "selector", "istio", value="other"), "KW404")
    yield End("W9", "Service name", service, put("metadata", "name", value="other"), "KW404")
    yield End("W9", "Service port", service, put("spec", "ports", 1, "port", value=8080), "KW405")


def ingress_gateway(names: Names) -> Iterator[End]:
    """W10: the ingress gateway."""
    ingress = ("data", "ingress", "json")
    entry = (*ISTIO, "external-gateways", "yaml", 0)
    gateway, service = f"Gateway {names.ingress}", f"Service {names.ingress}"
    yield End("W10", "ingressGateway", KSERVE_CONFIG, put(*ingress, "ingressGateway", value="a/b"), "KW409")
    yield End("W10", "no ingressGateway", KSERVE_CONFIG, put(*ingress, "ingressGateway", value=REMOVED), "KW303")
    yield End("W10", "ingressDomain", KSERVE_CONFIG, put(*ingress, "ingressDomain", value="other.example"), "KW410")
    yield End("W10", "entry name", KNATIVE, put(*entry, "name", value="other"), "KW402")
    yield End("W10", "config-domain", KNATIVE, put("spec", "config", "domain", value={"other.example": ""}), "KW410")
    yield End("W10", "Gateway selector", gateway, put("spec", "selector", "istio", value="typo"), "KW403")
    yield End("W10", "Service selector", service, put("spec", "selector", "istio", value="typo"), "KW404")
    yield End(
        "W10", "both roles", f"Gateway {names.local}", put("spec", "selector", value=_labels(names.ingress)), "KW412"
    )
    if names.answers["ingress_tls_secret"]:
        plain = put("spec", "servers", 1, "tls", value=REMOVED)
        yield End("W10", "https without tls", gateway, plain, "KW413")
        yield End("W10", "urlScheme", KSERVE_CONFIG, put(*ingress, "urlScheme", value="http"), "KW413")


def names(names: Names) -> Iterator[End]:
    """W11, W12, W14: domains, namespaces and owners."""
    host = names.local_host.replace(names.domain, "other.domain")
    edit = put("data", "ingress", "json", "localGatewayService", value=host)
    yield End("W11", "localGatewayService", KSERVE_CONFIG, edit, "KW411")
    edit = put(*ISTIO, "local-gateways", "yaml", 0, "service", value=host)
    yield End("W11", "local-gateways", KNATIVE, edit, "KW411")
    elsewhere = put("metadata", "namespace", value="elsewhere")
    yield End("W12", "Knative", KNATIVE, elsewhere, "KW502")
    yield End("W12", CONFIG, KSERVE_CONFIG, elsewhere, "KW502")
    webhook = "ValidatingWebhookConfiguration inferenceservice.serving.kserve.io"
    service = put("webhooks", 0, "clientConfig", "service", "namespace", value="elsewhere")
    yield End("W12", "webhook Service", webhook, service, "KW502")
    inject = put("metadata", "annotations", "cert-manager.io/inject-ca-from", value="elsewhere/serving-cert")
    yield End("W12", "inject-ca-from", webhook, inject, "KW502")


def versions(_: Names) -> Iterator[End]:
    """W13: values whose spelling depends on a version."""
    yield End("W13", "Knative version", KNATIVE, put("spec", "version", value="1.19.0"), "KW503")
    mode = put("data", "deploy", "json", "defaultDeploymentMode", value="knative")
    yield End("W13", "deployment mode", KSERVE_CONFIG, mode, "KW503")


def _labels(gateway: str) -> dict[str, str]:
    name = gateway.split("/")[1]
    return {"app": name, "istio": name}


Group = Callable[[Names], Iterator[End]]
