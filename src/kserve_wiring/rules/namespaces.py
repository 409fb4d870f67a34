# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW502: components look for each other in the namespaces where they run (wire W12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from kserve_wiring.cluster.argocd import sources
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.injector import injector_value
from kserve_wiring.cluster.isvc_config import NAME as ISVC_CONFIG
from kserve_wiring.cluster.knative import DEFAULT_NAMESPACE
from kserve_wiring.cluster.names import near_name
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, dig, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, pair, set_to, single

_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_LLM_PRESETS = "kserve-config-llm-"
_AUTOSCALER_NAMESPACE = "KNATIVE_CONFIG_AUTOSCALER_NAMESPACE"
_AUTOSCALER_READ_SINCE = (0, 15, 1)


@rule("KW502")
def namespaces_differ(cluster: Cluster) -> Iterator[Draft]:
    """A component that looks for another one in the wrong namespace."""
    yield from _kserve_config(cluster)
    yield from _autoscaler_config(cluster)
    yield from _webhook_services(cluster)
    yield from _injected_certificates(cluster)
    yield from _certificate_names(cluster)
    yield from _role_subjects(cluster)
    yield from _istio_namespace(cluster)
    yield from _unused_namespaces(cluster)
    yield from _destinations(cluster)
    yield from _llm_presets(cluster)


def _is_elsewhere(obj: KubeObject, other: KubeObject) -> bool:
    """True for an object in another namespace. A namespace that a kustomization sets is unknown, thus no other."""
    return bool(obj.namespace) and obj.namespace != other.namespace


def _namespace_of(obj: KubeObject) -> Setting:
    return Setting(obj.namespace, obj, ("metadata", "namespace"))


def _kserve_config(cluster: Cluster) -> Iterator[Draft]:
    """KServe reads its ConfigMap from the namespace of its pod (configmap.go)."""
    configs = [obj for obj in cluster.named("ConfigMap", ISVC_CONFIG) if obj.namespace]
    for controller in cluster.kserve_controllers:
        if configs and controller.namespace and not cluster.find("ConfigMap", controller.namespace, ISVC_CONFIG):
            yield pair(_namespace_of(configs[0]), _namespace_of(controller))


def _autoscaler_config(cluster: Cluster) -> Iterator[Draft]:
    """KServe fails without config-autoscaler in that namespace (https://github.com/kserve/kserve/issues/4517)."""
    namespace = cluster.knative.namespace
    version = cluster.facts.version("kserve_version")
    if not namespace or (version is not None and version < _AUTOSCALER_READ_SINCE):
        return
    if not (cluster.kserve_controllers or cluster.isvc_config):
        return
    source = cluster.knative.server or next(iter(cluster.knative.config_maps.values()))
    wanted: Setting | None = None
    for pod in cluster.pods:
        if pod.obj in cluster.kserve_controllers:
            for path, container in pod.containers():
                for index, variable in mappings_of(container.get("env")):
                    if variable.get("name") == _AUTOSCALER_NAMESPACE:
                        wanted = Setting(variable.get("value"), pod.obj, (*path, "env", index, "value"))
    if wanted is not None and wanted.text() != namespace:
        yield pair(wanted, _namespace_of(source))
    elif wanted is None and namespace != DEFAULT_NAMESPACE:
        setting = _namespace_of(source)
        setting = Setting(namespace, setting.obj, setting.path)
        yield single(setting, other_key=f"{_AUTOSCALER_NAMESPACE} of KServe's controller", other=DEFAULT_NAMESPACE)


def _webhook_services(cluster: Cluster) -> Iterator[Draft]:
    for obj in cluster.of_kind(*_WEBHOOKS):
        for index, _ in mappings_of(obj.get("webhooks")):
            yield from _service_reference(cluster, obj, ("webhooks", index, "clientConfig", "service"))
    for obj in cluster.of_kind("CustomResourceDefinition"):
        yield from _service_reference(cluster, obj, ("spec", "conversion", "webhook", "clientConfig", "service"))
    for obj in cluster.of_kind("APIService"):
        yield from _service_reference(cluster, obj, ("spec", "service"))


def _service_reference(cluster: Cluster, obj: KubeObject, path: KeyPath) -> Iterator[Draft]:
    name, namespace = obj.get(*path, "name"), obj.get(*path, "namespace")
    if not (isinstance(name, str) and isinstance(namespace, str)):
        return
    if any(service.group == "" for service in cluster.find("Service", namespace, name)):
        return
    setting = Setting(f"{namespace}/{name}", obj, (*path, "namespace"))
    elsewhere = [
        service for service in cluster.named("Service", name) if service.group == "" and not service.operator_made
    ]
    if elsewhere:
        shown = Setting(f"{elsewhere[0].namespace}/{name}", elsewhere[0], ("metadata", "namespace"))
        fix = set_to(setting, elsewhere[0].namespace) if elsewhere[0].namespace else ""
        yield pair(setting, shown, fix=fix)
    elif _release_is_complete(cluster.facts, obj) or not obj.source.release:
        service = _likely_service(cluster, obj, namespace)
        if service is not None:
            shown = Setting(f"{service.namespace}/{service.name}", service, ("metadata", "name"))
            named = Setting(setting.value, obj, (*path, "name"))
            moved = "" if service.namespace == namespace else f" and {setting.key} to {service.namespace}"
            yield pair(named, shown, fix=set_to(named, f"{service.name}{moved}"))


def _release_is_complete(facts: Facts, obj: KubeObject) -> bool:
    return facts.complete and bool(obj.source.release)


def _likely_service(cluster: Cluster, obj: KubeObject, namespace: str) -> KubeObject | None:
    """The webhook Service of the same release."""
    services = [item for item in cluster.of_kind("Service") if _installed_together(item, obj) and item.group == ""]
    if not obj.source.release:  # one file with a single Service for webhooks, which the name must mean
        services = [item for item in services if "webhook" in item.name and item.namespace == namespace]
        return services[0] if len(services) == 1 else None
    services.sort(key=lambda item: ("webhook" not in item.name, item.namespace != namespace))
    return services[0] if services else None


def _injected_certificates(cluster: Cluster) -> Iterator[Draft]:
    """cert-manager copies the CA of the Certificate that the annotation names as <namespace>/<name>."""
    for obj in cluster.of_kind(*_WEBHOOKS, "CustomResourceDefinition", "APIService"):
        path: KeyPath = ("metadata", "annotations", "cert-manager.io/inject-ca-from")
        value = obj.get(*path)
        if not isinstance(value, str) or "{{" in value or "$" in value:
            continue
        namespace, _, name = value.partition("/")
        if cluster.find("Certificate", namespace, name):
            continue
        others = cluster.named("Certificate", name or value) or (
            [item for item in cluster.of_kind("Certificate") if item.source.release == obj.source.release]
            if _release_is_complete(cluster.facts, obj)
            else _likely_certificates(cluster, namespace, name)
        )
        if others:
            shown = Setting(f"{others[0].namespace}/{others[0].name}", others[0], ("metadata", "namespace"))
            yield pair(Setting(value, obj, path), shown)


def _likely_certificates(cluster: Cluster, namespace: str, name: str) -> list[KubeObject]:
    """The Certificate of nearly that name; or the only one there that is for the host of a webhook."""
    here = {obj.name: obj for obj in cluster.in_namespace("Certificate", namespace)}
    near = near_name(name, here)
    if near:
        return [here[near]]
    return list(here.values()) if len(here) == 1 and "webhook" in str(next(iter(here.values())).body) else []


def _certificate_names(cluster: Cluster) -> Iterator[Draft]:
    """A webhook certificate is valid for the host of its Service."""
    for obj in cluster.of_kind("Certificate"):
        for index, name in enumerate(obj.items("spec", "dnsNames")):
            parts = str(name).split(".")
            if len(parts) < 3 or parts[2] != "svc" or "$" in parts[1] or cluster.find("Service", parts[1], parts[0]):
                continue
            services = [
                item for item in cluster.named("Service", parts[0]) if item.group == "" and not item.operator_made
            ]
            if services:
                setting = Setting(name, obj, ("spec", "dnsNames", index))
                host = ".".join([parts[0], services[0].namespace, *parts[2:]])
                yield pair(setting, _namespace_of(services[0]), fix=set_to(setting, host))


def _role_subjects(cluster: Cluster) -> Iterator[Draft]:
    """A binding that grants its role to a ServiceAccount in the wrong namespace."""
    for obj in cluster.of_kind("ClusterRoleBinding", "RoleBinding"):
        for index, subject in mappings_of(obj.get("subjects")):
            name, namespace = subject.get("name"), subject.get("namespace") or obj.namespace
            if not (isinstance(name, str) and isinstance(namespace, str) and namespace):
                continue
            if subject.get("kind") != "ServiceAccount":
                continue
            accounts = [item for item in cluster.named("ServiceAccount", name) if _installed_together(item, obj)]
            if name == "default" or not accounts or cluster.find("ServiceAccount", namespace, name):
                continue
            yield pair(Setting(namespace, obj, ("subjects", index, "namespace")), _namespace_of(accounts[0]))


def _installed_together(one: KubeObject, other: KubeObject) -> bool:
    """True for objects of one release; without releases, of one file. Elsewhere the name may be another account."""
    if one.source.release or other.source.release:
        return one.source.release == other.source.release
    return one.source.file == other.source.file


def _istio_namespace(cluster: Cluster) -> Iterator[Draft]:
    """Injected pods look for istiod where the injector's values and the mesh configuration locate it."""
    istiod = [obj for obj in cluster.of_kind("Service") if obj.name == "istiod" and obj.group == ""]
    for obj in cluster.of_kind("ConfigMap"):
        namespace = injector_value(obj, "global", "istioNamespace")
        if namespace and isinstance(namespace.value, str) and obj.namespace and namespace.value != obj.namespace:
            yield pair(namespace, _namespace_of(obj))
        elif obj.name == "istio" and isinstance(obj.get("data", "mesh"), str):
            match = re.search(r"discoveryAddress:\s*istiod\.([a-z0-9-]+)\.svc", str(obj.get("data", "mesh")))
            if match and istiod and all(service.namespace != match.group(1) for service in istiod):
                setting = Setting(match.group(1), obj, ("data", "mesh", "discoveryAddress"))
                fix = set_to(setting, f"istiod.{istiod[0].namespace}.svc:15012")
                yield pair(setting, _namespace_of(istiod[0]), fix=fix)


def _unused_namespaces(cluster: Cluster) -> Iterator[Draft]:
    """An environment creates its namespaces. An unused one is a mistake if its name resembles a missing one."""
    if not cluster.facts.complete:
        return
    made = {obj.name: obj for obj in cluster.of_kind("Namespace")}
    used: dict[str, KubeObject] = {}
    for obj in cluster.objects:
        if obj.namespace:
            used.setdefault(obj.namespace, obj)
    declared = {entry.split("/")[1] for entry in cluster.facts.existing or () if entry.count("/") == 2}
    missing = [name for name in used if name not in made and not cluster.facts.exists("Namespace", "", name)]
    for name, obj in made.items():
        near = get_close_matches(name, missing, n=1, cutoff=0.7)
        if name not in used and name not in declared and near:
            yield pair(Setting(name, obj, ("metadata", "name")), _namespace_of(used[near[0]]))


def _destinations(cluster: Cluster) -> Iterator[Draft]:
    """An Application that installs a release into another namespace than its objects name."""
    for app in cluster.applications:
        named = [dig(source, "helm", "releaseName") for _, source in sources(app)]
        names = {name for name in named if isinstance(name, str)}
        if names & cluster.facts.unread:
            continue
        setting = at(app, "spec", "destination", "namespace")
        own = [
            obj for obj in cluster.objects if obj.source.release in names and not obj.source.partial and obj.namespace
        ]
        if own and setting.value and all(obj.namespace != setting.value for obj in own):
            yield pair(setting, _namespace_of(own[0]))


def _llm_presets(cluster: Cluster) -> Iterator[Draft]:
    """The LLMInferenceService controller reads presets in its own namespace; the chart writes kserve (#6087)."""
    presets = [obj for obj in cluster.of_kind("LLMInferenceServiceConfig") if obj.name.startswith(_LLM_PRESETS)]
    for controller in cluster.named("Deployment", "llmisvc-controller-manager"):
        if controller.namespace and presets and all(_is_elsewhere(obj, controller) for obj in presets):
            yield pair(_namespace_of(presets[0]), _namespace_of(controller))
