# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW522: what is switched off in one object, and needed by another (wire W14).

Kubernetes pkg/controller/podautoscaler/horizontal.go (ScalingDisabled) and pkg/controller/deployment/sync.go; kserve
pkg/constants (StopAnnotationKey); fluxcd/helm-controller.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from kserve_wiring.cluster import gateways as gw
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.gateways import selects, split_service_host
from kserve_wiring.cluster.pods import KSERVE_GROUP, PodUse
from kserve_wiring.manifests.objects import KubeObject, Setting, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because, set_to

_WORKLOADS = ("Deployment", "StatefulSet", "ReplicaSet")
_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_STOP = "serving.kserve.io/stop"
# What a controller works for, by the name of its Deployment.
_CONTROLLERS = {
    "kserve-controller-manager": ("InferenceService", "InferenceGraph", "ServingRuntime", "ClusterServingRuntime"),
    "kserve-localmodel-controller-manager": ("LocalModelCache", "LocalModelNamespaceCache"),
    "llmisvc-controller-manager": ("LLMInferenceService",),
    "istiod": ("Gateway", "VirtualService"),
    "knative-operator": ("KnativeServing", "KnativeEventing"),
    "operator-webhook": ("KnativeServing",),
    "cert-manager": ("Certificate",),
    "cert-manager-webhook": ("Certificate",),
}
# Without these of Knative no Revision serves a request.
_SERVING = ("activator", "autoscaler", "controller", "webhook", "net-istio-controller", "net-istio-webhook")


@rule("KW522")
def needed_but_off(cluster: Cluster) -> Iterator[Draft]:
    """A request, a webhook or an object waits for Pods that nothing starts."""
    off = _Off(cluster)
    yield from _scaled(cluster, off)
    yield from _needed_services(cluster, off)
    yield from _gateways(cluster, off)
    yield from _controllers(cluster)
    yield from _stopped(cluster)
    yield from _suspended(cluster)


class _Off:
    """The workloads without Pods, and the Services that select only such."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        scaled = {
            (obj.namespace, str(obj.get("spec", "scaleTargetRef", "name"))) for obj in cluster.of_kind("ScaledObject")
        }
        self.switches = {
            id(obj): switch
            for obj in cluster.of_kind(*_WORKLOADS)
            if (switch := _switch(obj)) is not None and (obj.namespace, obj.name) not in scaled
        }

    @cached_property
    def _pods(self) -> dict[str, list[PodUse]]:
        found: dict[str, list[PodUse]] = defaultdict(list)
        if self.switches:
            for pod in self._cluster.pods:
                if not pod.runtime:
                    found[pod.namespace].append(pod)
        return found

    def of_service(self, namespace: str, name: str) -> Setting | None:
        """What switches off all Pods of a Service; None if one is on, or none is known."""
        for service in self._cluster.find("Service", namespace, name) if self.switches else ():
            selector = service.mapping("spec", "selector")
            return self.of([pod for pod in self._pods[namespace] if selects(selector, pod.labels)])
        return None

    def of(self, pods: Iterable[PodUse]) -> Setting | None:
        """What switches off all these Pods."""
        found = [self.switches.get(id(pod.obj)) for pod in pods]
        return found[0] if found and all(switch is not None for switch in found) else None


def _switch(obj: KubeObject) -> Setting | None:
    """The setting that keeps a workload without Pods."""
    if obj.group != "apps":
        return None
    replicas = at(obj, "spec", "replicas")
    if replicas.value == 0 and not isinstance(replicas.value, bool):
        return replicas
    paused = at(obj, "spec", "paused")
    return paused if paused.value is True and obj.kind == "Deployment" else None


def _draft(needs: Setting, what: str, switch: Setting) -> Draft:
    """The finding is at the switch: there the Pods are turned on."""
    reason = f"{needs.obj.ref} needs its Pods{what}"
    return because(switch, reason, set_to(switch, False if switch.value is True else 1), needs)


def _scaled(cluster: Cluster, off: _Off) -> Iterator[Draft]:
    """An autoscaler is disabled as long as its target has 0 replicas."""
    for obj in cluster.of_kind("HorizontalPodAutoscaler") if off.switches else ():
        target = at(obj, "spec", "scaleTargetRef", "name")
        kind = str(obj.get("spec", "scaleTargetRef", "kind"))
        for workload in cluster.find(kind, obj.namespace, target.text()):
            switch = off.switches.get(id(workload))
            if switch is not None and switch.value == 0:
                yield _draft(target, ", and does not scale a target of 0 replicas", switch)


def _needed_services(cluster: Cluster, off: _Off) -> Iterator[Draft]:
    if not off.switches:
        return
    for obj in cluster.of_kind(*_WEBHOOKS):
        for index, webhook in mappings_of(obj.get("webhooks")):
            name = at(obj, "webhooks", index, "clientConfig", "service", "name")
            namespace = obj.get("webhooks", index, "clientConfig", "service", "namespace")
            switch = off.of_service(str(namespace), name.text()) if name.value else None
            if switch is not None and webhook.get("failurePolicy") != "Ignore":
                yield _draft(name, ": the API server refuses objects while they do not answer", switch)
                break
    for setting in _routed(cluster):
        host = split_service_host(setting.text()) if ".svc." in setting.text() else None
        name_, namespace_ = host[:2] if host else (setting.text(), setting.obj.namespace)
        switch = off.of_service(namespace_, name_)
        if switch is not None:
            yield _draft(setting, ", and sends requests to their Service", switch)


def _routed(cluster: Cluster) -> Iterator[Setting]:
    for obj in cluster.of_kind("VirtualService"):
        for kind in ("http", "tls", "tcp"):
            for index, route in mappings_of(obj.get("spec", kind)):
                for number, _ in mappings_of(route.get("route")):
                    yield at(obj, "spec", kind, index, "route", number, "destination", "host")
    for obj in cluster.of_kind("HTTPRoute", "GRPCRoute"):
        for index, item in mappings_of(obj.get("spec", "rules")):
            for number, backend in mappings_of(item.get("backendRefs")):
                if backend.get("kind", "Service") == "Service" and not backend.get("namespace"):
                    yield at(obj, "spec", "rules", index, "backendRefs", number, "name")


def _gateways(cluster: Cluster, off: _Off) -> Iterator[Draft]:
    candidates = [pod for pod in cluster.gateway_pods if id(pod.obj) in off.switches]
    for gateway in cluster.gateways.values() if candidates else ():
        if not gw.pods_of_gateway(gateway, candidates):
            continue
        switch = off.of(gw.pods_of_gateway(gateway, cluster.gateway_pods))
        if switch is not None:
            yield _draft(at(gateway, "spec", "selector"), " to serve its hosts", switch)


def _controllers(cluster: Cluster) -> Iterator[Draft]:
    for obj in cluster.of_kind("Deployment"):
        kinds = _CONTROLLERS.get(obj.name, ())
        if obj.labels.get("app.kubernetes.io/name") == "knative-serving" and obj.name in _SERVING:
            kinds = ("InferenceService", "Service")
        switch = _switch(obj) if kinds else None
        needing = next((one for one in cluster.of_kind(*kinds) if one.group), None) if switch else None
        if switch is not None and needing is not None:
            yield _draft(at(needing, "metadata", "name"), ": no other controller handles this kind", switch)
    server = cluster.knative.server
    for key in ("workloads", "deployments"):
        for index, item in mappings_of(server.get("spec", key) if server is not None else None):
            replicas = Setting(item.get("replicas"), server, ("spec", key, index, "replicas")) if server else None
            if replicas is not None and replicas.value == 0 and item.get("name") in _SERVING:
                yield _draft(at(replicas.obj, "metadata", "name"), f" of {item['name']}", replicas)


def _stopped(cluster: Cluster) -> Iterator[Draft]:
    """An InferenceService that is stopped has no Pods, and a graph or model in it gets no answer."""
    stopped = {
        (obj.namespace, obj.name): at(obj, "metadata", "annotations", _STOP)
        for obj in cluster.of_kind("InferenceService")
        if obj.group == KSERVE_GROUP and str(obj.annotations.get(_STOP)).lower() == "true"
    }
    for obj in cluster.of_kind("TrainedModel", "InferenceGraph") if stopped else ():
        for needed in _used(obj):
            switch = stopped.get((obj.namespace, needed.text()))
            if switch is not None and str(obj.annotations.get(_STOP)).lower() != "true":
                reason = f"{obj.ref} needs its Pods"
                yield because(switch, reason, f'set {switch.key} to "false"', needed)


def _used(obj: KubeObject) -> Iterator[Setting]:
    if obj.kind == "TrainedModel":
        yield at(obj, "spec", "inferenceService")
    for name, node in obj.mapping("spec", "nodes").items():
        for index, _ in mappings_of(node.get("steps") if isinstance(node, dict) else None):
            yield at(obj, "spec", "nodes", name, "steps", index, "serviceName")


def _suspended(cluster: Cluster) -> Iterator[Draft]:
    """Flux waits for a release that it was told to leave alone."""
    for kind in ("HelmRelease", "Kustomization"):
        for obj in cluster.of_kind(kind):
            for index, item in mappings_of(obj.get("spec", "dependsOn")):
                needed = at(obj, "spec", "dependsOn", index, "name")
                namespace = str(item.get("namespace") or obj.namespace)
                for other in cluster.find(kind, namespace, needed.text()):
                    switch = at(other, "spec", "suspend")
                    if switch.value is True and obj.get("spec", "suspend") is not True:
                        yield because(
                            switch,
                            f"{obj.ref} depends on it, and waits for its first reconciliation",
                            set_to(switch, False),
                            needed,
                            level="warning",
                        )
