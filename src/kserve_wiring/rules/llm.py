# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW601 to KW604: LLMInferenceServices and what KServe, Istio and the scheduler need for them (wires W10 and W12).

kserve v0.20.0: pkg/controller/v1alpha2/llmisvc/config_merge.go, scheduler.go and controller.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.llm import (
    POOL_SWITCH,
    SCHEDULER,
    behind_class,
    configs_of,
    find_config,
    is_on,
    needed_presets,
    pool_switch,
    presets,
    services,
)
from kserve_wiring.cluster.rbac import Request, may
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, single

_ISTIO = "istio"
_OLD_POOLS, _NEW_POOLS = "inferencepools.inference.networking.x-k8s.io", "inferencepools.inference.networking.k8s.io"
_NEW_POOLS_SINCE = (1, 28)
_PLAIN, _SECURE = "--secure-serving=false", "--secure-serving=true"
_BUNDLE, _ACCOUNT = "global-ca-bundle", "llmisvc-controller-manager"
_MAY_COPY_SINCE = (0, 21)
_CONTROLLER_ROLE = "llmisvc-manager-role"


@rule("KW601")
def missing_presets(cluster: Cluster) -> Iterator[Draft]:
    """Without a preset that the service needs KServe creates nothing: PresetsCombined=False ConfigNotFound."""
    known = presets(cluster)
    if not known and not cluster.facts.complete:
        return
    for obj in services(cluster):
        for name, path in needed_presets(obj):
            if find_config(cluster, obj, name) is None and not cluster.facts.exists(
                "LLMInferenceServiceConfig", cluster.kserve_namespace, name
            ):
                reason = f"KServe merges the preset {name} for it, and there is none"
                suggestion = f"create LLMInferenceServiceConfig {name} in the namespace of KServe or of the service"
                level = "" if cluster.facts.complete else "warning"
                yield single(Setting("set", obj, path), reason=reason, suggestion=suggestion, level=level)


@rule("KW602")
def pools_not_enabled(cluster: Cluster) -> Iterator[Draft]:
    """istiod routes to an InferencePool only with a switch, and each version knows one group of them."""
    served = list(behind_class(cluster, _ISTIO))
    if not served:
        return
    for obj in cluster.of_kind("Deployment"):
        if obj.labels.get("app") == "istiod" or obj.name == "istiod":
            yield from _switch(obj, served[0])
    version = cluster.facts.version("istio_version")
    crds = [name for name in (_OLD_POOLS, _NEW_POOLS) if cluster.named("CustomResourceDefinition", name)]
    wanted = _NEW_POOLS if version is not None and version >= _NEW_POOLS_SINCE else _OLD_POOLS
    if version is not None and crds and wanted not in crds:
        reason = f"Istio {cluster.facts.istio_version} routes only to {wanted}, and the CRDs have {crds[0]}"
        place = Setting("set", served[0], ("spec", "router", "scheduler"))
        yield single(place, reason=reason, suggestion=f"install the CRD {wanted}, or remove {place.key}")


def _switch(istiod: KubeObject, service: KubeObject) -> Iterator[Draft]:
    path: KeyPath = ("spec", "template", "spec", "containers")
    for index, container in mappings_of(istiod.get(*path)):
        if container.get("name") != "discovery":
            continue
        number, item = pool_switch(container)
        if is_on(item):
            return
        place = (*path, index, "env") if number < 0 else (*path, index, "env", number, "value")
        shown = Setting(item.get("value"), istiod, place)
        reason = f"{POOL_SWITCH} is not true, and {service.ref} has a scheduler, so its route leads to an InferencePool"
        suggestion = f'set {POOL_SWITCH} to "true" (value env of the chart istiod), or remove spec.router.scheduler'
        if number >= 0:
            suggestion = f'set {shown.key} to "true"'
        draft = single(shown, reason=reason, suggestion=suggestion)
        yield replace(draft, related=((service, ("spec", "router", "scheduler")),))


@rule("KW603")
def scheduler_with_tls(cluster: Cluster) -> Iterator[Draft]:
    """The scheduler serves TLS unless an argument forbids it, and Istio speaks plain gRPC without a DestinationRule."""
    config = cluster.isvc_config
    secure = config is not None and config.is_true("ingress", "enableLLMInferenceServiceTLS")
    reported: set[int] = set()
    hosts = _hosts_with_tls(cluster)
    for obj in behind_class(cluster, _ISTIO):
        holders = _scheduler_holders(cluster, obj)
        texts = [text for holder, path in holders for text in _arguments(holder, path)]
        plain = any(_PLAIN in text for text in texts) and not secure
        if not texts or plain or hosts & {"*", f"{obj.name}-epp-service"}:
            continue
        holder, path = holders[0]
        if id(holder) in reported:
            continue
        reported.add(id(holder))
        setting = Setting("set", holder, path)
        reason = f"the scheduler of {obj.ref} serves TLS, and Istio connects without it"
        suggestion = f"add {_PLAIN} to the arguments of the container main"
        if secure or any(text == _SECURE for text in texts):
            service = f"{obj.name}-epp-service"
            suggestion = f"create a DestinationRule for {service} with tls mode SIMPLE and insecureSkipVerify"
        draft = single(setting, reason=reason, suggestion=suggestion)
        yield replace(draft, related=((obj, ("spec", "router", "scheduler")),))


def _scheduler_holders(cluster: Cluster, obj: KubeObject) -> list[tuple[KubeObject, KeyPath]]:
    """The objects with the container of the scheduler: the service, its configs, the preset."""
    path: KeyPath = ("spec", "router", "scheduler", "template", "containers")
    preset = find_config(cluster, obj, SCHEDULER)
    found = [obj, *configs_of(cluster, obj), *([preset] if preset else [])]
    return [(holder, path) for holder in found if holder.get(*path)]


def _arguments(holder: KubeObject, path: KeyPath) -> Iterator[str]:
    for _, container in mappings_of(holder.get(*path)):
        if container.get("name") == "main":
            yield from strings_of(container.get("command"))
            yield from strings_of(container.get("args"))


def _hosts_with_tls(cluster: Cluster) -> set[str]:
    """The first labels of the hosts for which a DestinationRule sets TLS."""
    found = [obj for obj in cluster.of_kind("DestinationRule") if obj.mapping("spec", "trafficPolicy", "tls")]
    return {str(obj.get("spec", "host")).partition(".")[0] for obj in found}


@rule("KW604")
def bundle_of_llm(cluster: Cluster) -> Iterator[Draft]:
    """The controller of LLMInferenceServices writes a copy of the CA bundle, and its ClusterRole does not let it.

    It writes an equal copy, too: DeepDerivative compares creationTimestamp (cabundle_configmap_reconciler.go:137).
    """
    config = cluster.isvc_config
    source = config.setting("storageInitializer", "caBundleConfigMapName") if config else None
    version = cluster.facts.version("kserve_version")
    if config is None or source is None or (version is not None and version >= _MAY_COPY_SINCE):
        return
    sure = version is not None or cluster.facts.complete or _role(cluster) is not None
    first = {obj.namespace: obj for obj in reversed(list(services(cluster)))}
    for namespace, obj in sorted(first.items()):
        if namespace and not _may_copy(cluster, config.namespace, namespace):
            reason = f"KServe copies that bundle to namespace {namespace} for {obj.ref}, which its ClusterRole forbids"
            suggestion = f"let {_ACCOUNT} create and update ConfigMaps in namespace {namespace}"
            draft = single(source, reason=reason, suggestion=suggestion)
            related = ((obj, ("metadata", "namespace")),)
            yield replace(draft, related=related, level="" if sure else "warning")


def _role(cluster: Cluster) -> KubeObject | None:
    found = [obj for obj in cluster.of_kind("ClusterRole") if obj.name.endswith(_CONTROLLER_ROLE)]
    return found[0] if found else None


def _may_copy(cluster: Cluster, controller: str, namespace: str) -> bool:
    """True if the controller may write the copy in a namespace. controller: its own namespace."""
    requests = (Request(verb, "", "configmaps", namespace, _BUNDLE) for verb in ("create", "update"))
    return all(may(cluster, (controller, _ACCOUNT), request) for request in requests)
