# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW538: names, images and amounts that a schema allows to be empty, and code does not (wire W13).

k8s.io/kubernetes pkg/apis/core/validation/validation.go (volumes, env, envFrom, images of containers, claims) and
pkg/apis/networking/validation/validation.go (ports of a NetworkPolicy); istio.io/istio
pkg/config/validation/validation.go (Gateway, VirtualService, DestinationRule); knative.dev/pkg
apis/duck/v1/knative_reference.go (DomainMapping); kserve pkg/credentials/service_account_credentials.go, which fails at
a Secret without a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP, PodUse
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, Setting, dig, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, because

_VOLUMES = (("configMap", "name"), ("secret", "secretName"), ("persistentVolumeClaim", "claimName"))
_ISTIO = "networking.istio.io"
_OF_MODELS = {
    "storageUri": "KServe downloads from it, also if it is empty",
    "runtime": "KServe looks for a runtime of that name, also if it is empty",
}
"""predictor.go asks whether the pointer is nil, not whether the text is empty."""
_DEFAULTED = (KNATIVE_GROUP, KSERVE_GROUP)
"""Groups whose webhooks name a container."""
_REQUIRED = "a name is required here"


@rule("KW538", skips_open=True)
def empty_names(cluster: Cluster) -> Iterator[Draft]:
    """The API server or a webhook answers `Required value`, `missing field` or `cannot be empty`."""
    for pod in cluster.pods:
        if not (pod.obj.source.partial or pod.obj.source.unlisted or pod.runtime):  # unlisted: perhaps a patch
            yield from _of_pod(pod)
    for kind, of_kind in _OF_KINDS.items():
        for obj in cluster.of_kind(kind):
            if not (obj.source.partial or obj.source.unlisted):
                yield from of_kind(obj)


def _of_pod(pod: PodUse) -> Iterator[Draft]:
    for index, volume in mappings_of(pod.spec.get("volumes")):
        for kind, key in _VOLUMES:
            yield from _named(pod.obj, (*pod.path, "volumes", index, kind), volume.get(kind), key)
    for index, secret in mappings_of(pod.spec.get("imagePullSecrets")):
        yield from _pull_secret(pod.obj, (*pod.path, "imagePullSecrets", index), secret)
    for path, container in pod.containers():
        if pod.obj.group not in _DEFAULTED:
            yield from _empty(pod.obj, (*path, "name"))
        is_whole = "name" in container or pod.obj.group == KNATIVE_GROUP
        if _has_own_image(pod, path) and is_whole and container.get("image") is None:
            reason = "a container has an image"
            yield because(Setting(None, pod.obj, (*path, "image")), reason, "set the image")
        yield from _of_container(pod.obj, path, container)
    model = pod.spec.get("model")
    if isinstance(model, MAPPING):
        yield from _of_container(pod.obj, (*pod.path, "model"), model)
        for key, reason in _OF_MODELS.items():
            setting = Setting("", pod.obj, (*pod.path, "model", key))
            if model.get(key) == "":
                yield because(setting, reason, f"set {setting.key}, or remove it")


def _has_own_image(pod: PodUse, path: KeyPath) -> bool:
    """True unless a runtime, a webhook or KServe gives the container its image."""
    return (
        path[-2] == "containers"
        and not pod.injected_by_istio
        and (pod.obj.group != KSERVE_GROUP or not any(isinstance(value, MAPPING) for value in pod.spec.values()))
    )


def _of_container(obj: KubeObject, path: KeyPath, container: Mapping[str, Any]) -> Iterator[Draft]:
    for index, item in mappings_of(container.get("env")):
        for kind in ("secretKeyRef", "configMapKeyRef"):
            source = dig(item, "valueFrom", kind)
            yield from _named(obj, (*path, "env", index, "valueFrom", kind), source, "name")
    for index, item in mappings_of(container.get("envFrom")):
        for kind in ("secretRef", "configMapRef"):
            yield from _named(obj, (*path, "envFrom", index, kind), item.get(kind), "name")


def _of_account(obj: KubeObject) -> Iterator[Draft]:
    for index, item in mappings_of(obj.get("secrets")):
        yield from _named(obj, ("secrets", index), item, "name")
    for index, item in mappings_of(obj.get("imagePullSecrets")):
        yield from _pull_secret(obj, ("imagePullSecrets", index), item)


def _pull_secret(obj: KubeObject, path: KeyPath, holder: Mapping[str, Any]) -> Iterator[Draft]:
    """The kubelet goes on without it, which is enough for a public image."""
    for draft in _named(obj, path, holder, "name"):
        yield replace(draft, level="warning")


def _of_claim(obj: KubeObject) -> Iterator[Draft]:
    claims: list[KeyPath] = [("spec",)]
    if obj.kind == "StatefulSet":
        templates = mappings_of(obj.get("spec", "volumeClaimTemplates"))
        claims = [("spec", "volumeClaimTemplates", index, "spec") for index, _ in templates]
    for claim in claims:
        path = (*claim, "resources", "requests", "storage")
        if isinstance(obj.get(*claim), MAPPING) and obj.get(*path) in (None, ""):
            yield because(
                Setting(obj.get(*path), obj, path), "a claim asks for a size", "set it to a size such as 10Gi"
            )


def _of_policy(obj: KubeObject) -> Iterator[Draft]:
    for part in ("ingress", "egress"):
        for number, rule_ in mappings_of(obj.get("spec", part)):
            for index, _ in mappings_of(rule_.get("ports")):
                yield from _empty(obj, ("spec", part, number, "ports", index, "port"))


def _of_mapping(obj: KubeObject) -> Iterator[Draft]:
    """The schema requires kind and name, and allows them to be empty."""
    if obj.group == KNATIVE_GROUP:
        yield from _named(obj, ("spec", "ref"), obj.get("spec", "ref"), "apiVersion")
        for key in ("kind", "name"):
            yield from _empty(obj, ("spec", "ref", key))


def _of_gateway(obj: KubeObject) -> Iterator[Draft]:
    for number, server in mappings_of(obj.get("spec", "servers") if obj.group == _ISTIO else ()):
        yield from _empty(obj, ("spec", "servers", number, "port", "name"))
        for index, _ in enumerate(strings_of(server.get("hosts"))):
            yield from _empty(obj, ("spec", "servers", number, "hosts", index))


def _of_destination(obj: KubeObject) -> Iterator[Draft]:
    if obj.group == _ISTIO:
        yield from _named(obj, ("spec",), obj.get("spec"), "host")


def _of_routes(obj: KubeObject) -> Iterator[Draft]:
    if obj.group != _ISTIO:
        return
    for key in ("hosts", "gateways"):
        for index, _ in enumerate(obj.items("spec", key)):
            yield from _empty(obj, ("spec", key, index))
    for number, route in mappings_of(obj.get("spec", "http")):
        if route.get("timeout") == "":
            timeout = Setting("", obj, ("spec", "http", number, "timeout"))
            yield because(timeout, "a duration is required here", f"set {timeout.key}, or remove it")
        for index, item in mappings_of(route.get("route")):
            place = ("spec", "http", number, "route", index, "destination")
            yield from _named(obj, place, item.get("destination"), "host")
            port = dig(item, "destination", "port")
            if isinstance(port, MAPPING) and not port.get("number"):
                setting = Setting(port.get("number"), obj, (*place, "port", "number"))
                yield because(setting, "Istio wants a number from 1 to 65535", f"set {setting.key}, or remove port")


_OF_KINDS: dict[str, Callable[[KubeObject], Iterator[Draft]]] = {
    "ServiceAccount": _of_account,
    "PersistentVolumeClaim": _of_claim,
    "StatefulSet": _of_claim,
    "NetworkPolicy": _of_policy,
    "DomainMapping": _of_mapping,
    "Gateway": _of_gateway,
    "DestinationRule": _of_destination,
    "VirtualService": _of_routes,
}


def _empty(obj: KubeObject, path: KeyPath) -> Iterator[Draft]:
    """A name that is there and empty."""
    if obj.get(*path) == "":
        setting = Setting("", obj, path)
        yield because(setting, _REQUIRED, f"set {setting.key}")


def _named(obj: KubeObject, path: KeyPath, holder: Any, key: str) -> Iterator[Draft]:
    """A mapping without the name that it is there for."""
    if isinstance(holder, MAPPING) and holder.get(key) in (None, ""):
        setting = Setting(holder.get(key), obj, (*path, key))
        yield because(setting, _REQUIRED, f"set {setting.key}")
