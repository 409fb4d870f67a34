# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW546 and KW547: what a namespace permits its Pods, against what Knative needs of them (wire W9).

Kubernetes pkg/apis/networking/types.go (policies of one Pod add up) and plugin/pkg/admission/resourcequota; knative/
serving pkg/activator and pkg/reconciler/revision/resources/queue.go; istio pilot/pkg/model/sidecar.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.knative import DEFAULT_NAMESPACE
from kserve_wiring.cluster.label_selectors import NAME_LABEL, asked_keys, matches
from kserve_wiring.cluster.namespace_selectors import unlabelled
from kserve_wiring.cluster.quotas import excesses
from kserve_wiring.manifests.objects import MAPPING, KubeObject, Setting, dig, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because

_DNS = (53, "dns", "dns-tcp", 5353)
_KNATIVE_LABELS = "serving.knative.dev/"
_MODEL_LABELS = ("serving.kserve.io/", _KNATIVE_LABELS)
_QUEUE_PORTS = (8012, 8013, 8112)
_QUEUE_PORT_NAMES = ("queue-port", "https-port")
_WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
_QUEUE_NEEDS = {
    "limits.cpu": "queue-sidecar-cpu-limit",
    "limits.memory": "queue-sidecar-memory-limit",
    "requests.memory": "queue-sidecar-memory-request",
    "memory": "queue-sidecar-memory-request",
}
"""Without these keys queue-proxy has only a request for CPU (pkg/deployment/config.go)."""


@rule("KW546")
def cut_off(cluster: Cluster) -> Iterator[Draft]:
    """The activator, the gateway, the API server or DNS do not reach the Pods, or the Pods do not reach them."""
    knative = cluster.knative.namespace or DEFAULT_NAMESPACE
    mislabelled = {id(setting.obj) for setting, _ in unlabelled(cluster)}  # KW529 reports the label
    for namespace in sorted({obj.namespace for obj in cluster.of_kind("InferenceService")} - {""}):
        policies = [obj for obj in _policies(cluster, namespace) if _selects_models(obj)]
        clear = not any(id(obj) in mislabelled for obj in policies)
        if clear and _runs_on_knative(cluster, namespace, policies):
            yield from _ingress(cluster, policies, knative)
        yield from _egress(policies)
        yield from _sidecars(cluster, namespace)
    yield from _webhooks(cluster)


def _policies(cluster: Cluster, namespace: str) -> list[KubeObject]:
    return [obj for obj in cluster.in_namespace("NetworkPolicy", namespace) if obj.group == "networking.k8s.io"]


def _runs_on_knative(cluster: Cluster, namespace: str, policies: list[KubeObject]) -> bool:
    """True if the set shows it, or if a policy selects Pods by a label of Knative's."""
    keys = {key for obj in policies for key in asked_keys(obj.mapping("spec", "podSelector"))}
    by_label = any(key.startswith(_KNATIVE_LABELS) for key in keys)
    models = [obj for obj in cluster.in_namespace("InferenceService", namespace) if cluster.runs_on_knative(obj)]
    return any(by_label or cluster.shows_knative(obj) for obj in models)


def _selects_models(obj: KubeObject) -> bool:
    keys = asked_keys(obj.mapping("spec", "podSelector"))
    expressions = mappings_of(obj.get("spec", "podSelector", "matchExpressions"))
    if any(item.get("operator") != "Exists" for _, item in expressions):
        return False
    return not keys or any(key.startswith(_MODEL_LABELS) for key in keys)


def _of_type(policies: list[KubeObject], type_: str) -> list[KubeObject]:
    """policyTypes: Ingress is meant if the field is absent, and Egress if there is a rule for it."""
    return [obj for obj in policies if type_ in (strings_of(obj.get("spec", "policyTypes")) or _default_types(obj))]


def _default_types(obj: KubeObject) -> list[str]:
    return ["Ingress", *(["Egress"] if "egress" in obj.mapping("spec") else [])]


def _ingress(cluster: Cluster, policies: list[KubeObject], knative: str) -> Iterator[Draft]:
    limited = _of_type(policies, "Ingress")
    rules = [item for obj in limited for _, item in mappings_of(obj.get("spec", "ingress"))]
    if limited and not any(_admits(cluster, item, "from", knative, limited[0].namespace) for item in rules):
        setting = Setting("set" if rules else "empty", limited[0], ("spec", "ingress"))
        reason = f"it admits nothing from {knative}, whose activator and autoscaler call every Pod of a model"
        fix = f"add a peer with the namespaceSelector {NAME_LABEL}: {knative}, and one for the gateway's namespace"
        yield because(setting, reason, fix)


def _egress(policies: list[KubeObject]) -> Iterator[Draft]:
    limited = _of_type(policies, "Egress")
    rules = [item for obj in limited for _, item in mappings_of(obj.get("spec", "egress"))]
    if limited and not any(_admits_dns(item) for item in rules):
        setting = Setting("set" if rules else "empty", limited[0], ("spec", "egress"))
        reason = "it admits no request to DNS, so neither the storage nor the gateway has an address"
        yield because(setting, reason, "add the ports 53 of UDP and TCP to the namespace kube-system")


def _admits(cluster: Cluster, entry: Mapping[str, Any], key: str, namespace: str, own: str) -> bool:
    """True if a peer may be a Pod of a namespace; what the manifests do not show counts as a yes."""
    peers = [item for _, item in mappings_of(entry.get(key))]
    ports = [item for _, item in mappings_of(entry.get("ports"))]
    if ports and not any(_is_queue_port(port) for port in ports):
        return False
    return not peers or any(_is_peer(cluster, peer, namespace, own) for peer in peers)


def _is_queue_port(port: Mapping[str, Any]) -> bool:
    """True if queue-proxy may listen on it, through which every request goes (pkg/networking/constants.go)."""
    number, last = port.get("port"), port.get("endPort")
    if isinstance(number, int) and isinstance(last, int):
        return any(number <= one <= last for one in _QUEUE_PORTS)
    return number is None or number in _QUEUE_PORTS or number in _QUEUE_PORT_NAMES


def _is_peer(cluster: Cluster, peer: Mapping[str, Any], namespace: str, own: str) -> bool:
    if peer.get("ipBlock") is not None:
        return True
    selector = peer.get("namespaceSelector")
    if not isinstance(selector, MAPPING):
        return namespace == own
    spaces = cluster.find("Namespace", "", namespace)
    known = {NAME_LABEL: namespace} | {key: value for obj in spaces for key, value in obj.labels.items()}
    return matches(selector, known) or not (spaces or asked_keys(selector) <= {*known})


def _admits_dns(entry: Mapping[str, Any]) -> bool:
    ports = [item for _, item in mappings_of(entry.get("ports"))]
    if ports and not any(port.get("port") is None or port.get("port") in _DNS or port.get("endPort") for port in ports):
        return False
    peers = [item for _, item in mappings_of(entry.get("to"))]
    return not peers or any(peer.get("ipBlock") is not None or "namespaceSelector" in peer for peer in peers)


def _webhooks(cluster: Cluster) -> Iterator[Draft]:
    """The API server calls from the network of a node, which no selector of Pods or namespaces matches."""
    for namespace, name, labels in _webhook_pods(cluster):
        chosen = [obj for obj in _policies(cluster, namespace) if matches(obj.mapping("spec", "podSelector"), labels)]
        limited = _of_type(chosen, "Ingress")
        rules = [item for obj in limited for _, item in mappings_of(obj.get("spec", "ingress"))]
        peers = [[peer for _, peer in mappings_of(item.get("from"))] for item in rules]
        if limited and not any(not found or any("ipBlock" in peer for peer in found) for found in peers):
            setting = Setting("set" if rules else "empty", limited[0], ("spec", "ingress"))
            reason = f"it admits only Pods, and the API server calls the webhook {name} from a node"
            yield because(setting, reason, "admit the port of the webhook without a peer, or with an ipBlock")


def _webhook_pods(cluster: Cluster) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Namespace, Service and labels of the Pods of webhooks; those of the operator have no manifest."""
    seen: set[tuple[str, str]] = set()
    for obj in cluster.of_kind(*_WEBHOOKS):
        for _, webhook in mappings_of(obj.get("webhooks")):
            name, namespace = (str(dig(webhook, "clientConfig", "service", key)) for key in ("name", "namespace"))
            for service in cluster.find("Service", namespace, name) if (namespace, name) not in seen else ():
                yield namespace, name, service.mapping("spec", "selector")
            seen.add((namespace, name))
    if cluster.knative.server is not None:
        yield cluster.knative.namespace, "of Knative", {"app": "webhook"}


def _sidecars(cluster: Cluster, namespace: str) -> Iterator[Draft]:
    """A Sidecar names the hosts that its Pods can call; with REGISTRY_ONLY there are no others."""
    config = cluster.isvc_config
    host = (config.text("ingress", "localGatewayService") if config else "") or "knative-local-gateway.istio-system.svc"
    gateway = host.split(".")[1] if host.count(".") > 1 else "istio-system"
    callers = [obj for obj in cluster.in_namespace("InferenceService", namespace) if obj.mapping("spec", "transformer")]
    callers += cluster.in_namespace("InferenceGraph", namespace)
    for obj in cluster.in_namespace("Sidecar", namespace) if callers else ():
        mode = obj.get("spec", "outboundTrafficPolicy", "mode")
        entries = [host for _, item in mappings_of(obj.get("spec", "egress")) for host in strings_of(item.get("hosts"))]
        spaces = {entry.partition("/")[0] for entry in entries}
        if mode == "REGISTRY_ONLY" and entries and not spaces & {"*", gateway}:
            setting = Setting(", ".join(entries), obj, ("spec", "egress", 0, "hosts"))
            reason = f"{callers[0].ref} calls its model through the local gateway in {gateway}"
            yield because(setting, reason, f"add {gateway}/* to {setting.key}", at(callers[0], "metadata", "name"))


@rule("KW547")
def refused_by_quota(cluster: Cluster) -> Iterator[Draft]:
    """A quota counts every container, and refuses a Pod with one that does not say what it takes, or takes too much."""
    for one in excesses(cluster):
        yield because(one.setting, one.reason, f"let it fit {one.other.key} of {one.other.obj.ref}", one.other)
    yield from _without_numbers(cluster)


def _without_numbers(cluster: Cluster) -> Iterator[Draft]:
    if not cluster.knative.known("deployment"):
        return
    serving = {obj.namespace for obj in cluster.of_kind("InferenceService") if cluster.shows_knative(obj)}
    defaults = cluster.knative.setting("features", "queueproxy.resource-defaults")
    if defaults is not None and defaults.text().lower() == "enabled":
        return
    for namespace in sorted(serving - {""}):
        if not cluster.in_namespace("LimitRange", namespace):
            for obj in cluster.in_namespace("ResourceQuota", namespace):
                yield from _quota(cluster, obj)


def _quota(cluster: Cluster, obj: KubeObject) -> Iterator[Draft]:
    holder = cluster.knative.holder("deployment")
    missing = {
        resource: key
        for resource, key in _QUEUE_NEEDS.items()
        if resource in obj.mapping("spec", "hard") and cluster.knative.setting("deployment", key) is None
    }
    if missing and holder is not None and not obj.get("spec", "scopeSelector") and not obj.get("spec", "scopes"):
        resource = next(iter(missing))
        setting = at(obj, "spec", "hard", resource)
        keys = " and ".join(dict.fromkeys(missing.values()))
        reason = "queue-proxy in the Pods of a model has no such number, and the API server refuses them"
        fix = f"set {keys} in config-deployment, or add a LimitRange with defaults"
        yield because(setting, reason, fix, Setting(None, holder[0], holder[1]))
