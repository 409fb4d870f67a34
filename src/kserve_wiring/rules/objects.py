# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW528: what the API server's own code refuses besides the schema (wire W13).

k8s.io/apimachinery pkg/api/validation and pkg/util/validation, k8s.io/kubernetes pkg/apis/core/validation.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.pods import KSERVE_GROUP, PodUse
from kserve_wiring.cluster.probe_ports import unnamed_ports
from kserve_wiring.grammar.values import is_dns1123_label, is_dns1123_subdomain, is_qualified_name
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, Setting, dig, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, rename, set_to, single

_SUBDOMAIN = "a name has lower case letters, digits, hyphens and dots, and begins and ends with a letter or digit"
_LABEL_NAME = "the name has lower case letters, digits and hyphens"
_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_PORT_NAME = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?")
# Kinds whose names are free, and groups whose manifests a program reads instead of the API server.
_FREE_NAMES = ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "APIService", "List", "CSIDriver")
_NO_API = ("kustomize.config.k8s.io", "kind.x-k8s.io", "config.kubernetes.io")
_SERVICE, _NAMESPACE = "Service", "Namespace"
_SELECTING = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
_ACCESS_MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
_RESOURCES = ("cpu", "memory", "ephemeral-storage", "storage", "pods")
_NEEDED_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


@rule("KW528", skips_open=True)
def refused_objects(cluster: Cluster) -> Iterator[Draft]:
    """The API server answers `is invalid`, and nothing of the object is applied."""
    for obj in cluster.objects:
        if not obj.source.partial and obj.group not in _NO_API:
            yield from _names(obj)
            yield from _labels(obj)
            if obj.kind in _SELECTING and not obj.source.unlisted:
                yield from _selector(obj)
            elif obj.kind == "Secret":
                yield from _secret(obj)
            elif obj.kind == "PersistentVolumeClaim":
                yield from _access_modes(obj)
            elif obj.kind == _SERVICE and obj.group == "":
                yield from _port_names(obj)
            elif obj.kind == "HorizontalPodAutoscaler":
                yield from _replicas(obj)
    for pod in cluster.pods:
        if not pod.obj.source.partial:
            yield from _pod(pod)
    yield from _probes(cluster)


def _names(obj: KubeObject) -> Iterator[Draft]:
    name = at(obj, "metadata", "name")
    if not isinstance(obj.get("metadata"), MAPPING):
        return
    if name.value in (None, "") and not obj.get("metadata", "generateName"):
        yield single(name, reason="every object has a name", suggestion="set metadata.name")
    elif isinstance(name.value, str) and name.value and obj.kind not in _FREE_NAMES:
        short = (obj.kind == _SERVICE and obj.group == "") or obj.kind == _NAMESPACE
        if not (is_dns1123_label(name.value) if short else is_dns1123_subdomain(name.value)):
            better = re.sub(r"[^a-z0-9.-]+", "-", name.value.lower()).strip("-.")
            reason = _LABEL_NAME if short else _SUBDOMAIN
            yield single(name, reason=reason, suggestion=f"write {better}" if better else "write another name")
    if obj.namespace and not is_dns1123_label(obj.namespace):
        namespace = at(obj, "metadata", "namespace")
        better = re.sub(r"[^a-z0-9-]+", "-", obj.namespace.lower()).strip("-")
        yield single(namespace, reason=_LABEL_NAME, suggestion=set_to(namespace, better) if better else "write a name")


def _labels(obj: KubeObject) -> Iterator[Draft]:
    for key, value in obj.labels.items():
        setting = Setting(value, obj, ("metadata", "labels", str(key)))
        if isinstance(value, str) and not _VALUE.fullmatch(value):
            reason = "the value of a label has letters, digits, and -, _ or . inside, and at most 63 characters"
            yield single(setting, reason=reason, suggestion="write such a value, or use an annotation")
        yield from _key(setting, key)
    for key, value in obj.annotations.items():
        yield from _key(Setting(value, obj, ("metadata", "annotations", str(key))), key)


def _key(setting: Setting, key: Any) -> Iterator[Draft]:
    if isinstance(key, str) and not is_qualified_name(key):
        reason = "a key is a name, or a lower case domain, a slash and a name"
        yield single(setting, reason=reason, suggestion="write such a key")


def _selector(obj: KubeObject) -> Iterator[Draft]:
    labels = obj.mapping("spec", "template", "metadata", "labels")
    selector = at(obj, "spec", "selector")
    if isinstance(selector.value, MAPPING) and not any(selector.value.values()):
        matching = Setting(None, obj, (*selector.path, "matchLabels"))
        yield single(matching, reason="an empty selector is refused", suggestion="set the labels of the template")
    if obj.get("spec", "template", "spec", "containers") and obj.mapping(*selector.path, "matchLabels") and not labels:
        missing = Setting(None, obj, ("spec", "template", "metadata", "labels"))
        yield single(missing, reason="the selector does not match the template", suggestion="set the labels of it")
    for key, value in obj.mapping("spec", "selector", "matchLabels").items():
        if labels and str(labels.get(key)) != str(value):
            setting = Setting(value, obj, ("spec", "selector", "matchLabels", str(key)))
            there = f"the template has {labels[key]}" if key in labels else "the template has no such label"
            fix = f"set spec.template.metadata.labels.{key} to {value}"
            yield single(setting, reason=f"{there}, so the selector does not match the template", suggestion=fix)


def _access_modes(obj: KubeObject) -> Iterator[Draft]:
    for index, mode in enumerate(obj.items("spec", "accessModes")):
        if isinstance(mode, str) and mode not in _ACCESS_MODES:
            setting = at(obj, "spec", "accessModes", index)
            near = near_name(mode, _ACCESS_MODES)
            fix = set_to(setting, near) if near else f"write one of {', '.join(_ACCESS_MODES)}"
            yield single(setting, reason=f"it is one of {', '.join(_ACCESS_MODES)}", suggestion=fix)


def _port_names(obj: KubeObject) -> Iterator[Draft]:
    """A Service names its ports as a label of DNS; with several, each has a name, which the schema of a list shows."""
    for index, port in mappings_of(obj.get("spec", "ports")):
        name = port.get("name")
        if isinstance(name, str) and name and not is_dns1123_label(name):
            setting = at(obj, "spec", "ports", index, "name")
            better = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")
            yield single(setting, reason=_LABEL_NAME, suggestion=f"write {better}" if better else "write another name")


def _replicas(obj: KubeObject) -> Iterator[Draft]:
    """pkg/apis/autoscaling/validation; 0 needs the feature gate HPAScaleToZero, and an external metric."""
    least, most = at(obj, "spec", "minReplicas"), at(obj, "spec", "maxReplicas")
    low, high = (value if isinstance(value, int) else 1 for value in (least.value, most.value))
    types = {metric.get("type") for _, metric in mappings_of(obj.get("spec", "metrics"))}
    if low < 1 and not types & {"Object", "External"}:
        yield single(least, reason="an autoscaler keeps at least 1 Pod", suggestion=set_to(least, 1))
    elif high < low:
        reason = f"{least.key} is {low}"
        yield single(most, reason=reason, suggestion=set_to(most, low))


def _secret(obj: KubeObject) -> Iterator[Draft]:
    if obj.group:
        return
    keys = {str(key) for part in ("data", "stringData") for key in obj.mapping(part)}
    for needed in _NEEDED_KEYS.get(str(obj.get("type")), ()):
        if needed not in keys:
            reason = f"a Secret of this type has the key {needed}"
            suggestion = f"add {needed}, or set the type to Opaque"
            yield single(at(obj, "type"), reason=reason, suggestion=suggestion)
    for key, value in obj.mapping("data").items():
        if isinstance(value, str) and not _is_base64(value):
            setting = Setting("set", obj, ("data", str(key)))
            yield single(setting, reason="data is base64", suggestion="encode it, or move it to stringData")


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode("".join(text.split("\n")), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _pod(pod: PodUse) -> Iterator[Draft]:
    """Names that containers give, and names in one pod spec that refer to each other."""
    seen: set[str] = set()
    volumes = {str(volume.get("name")) for _, volume in mappings_of(pod.spec.get("volumes"))}
    claims = mappings_of(pod.obj.get("spec", "volumeClaimTemplates"))
    volumes |= {str(dig(claim, "metadata", "name")) for _, claim in claims}
    for path, container in pod.containers():
        name = container.get("name")
        setting = Setting(name, pod.obj, (*path, "name"))
        if isinstance(name, str) and name and not is_dns1123_label(name):
            yield single(setting, reason=_LABEL_NAME, suggestion=f"write {name.lower()}")
        elif isinstance(name, str) and name and name in seen:
            yield single(setting, reason="another container of the Pod has it", suggestion="rename one of the two")
        seen |= {name} if isinstance(name, str) else set()
        yield from _container(pod, path, container)
        if not _has_more(pod):
            yield from _mounts(pod, path, container, volumes)
    model = pod.spec.get("model")
    if isinstance(model, MAPPING) and pod.obj.group == KSERVE_GROUP:
        yield from _container(pod, (*pod.path, "model"), model)
        yield from _mounts_of_model(pod, (*pod.path, "model"), model, volumes)


def _mounts_of_model(pod: PodUse, path: KeyPath, model: Mapping[str, Any], volumes: set[str]) -> Iterator[Draft]:
    """A runtime may have the volume, so only a slip is a mistake."""
    for index, _ in mappings_of(model.get("volumeMounts")):
        setting = at(pod.obj, *path, "volumeMounts", index, "name")
        near = near_name(setting.text(), volumes) if setting.text() not in volumes else ""
        if near:
            yield single(setting, reason=f"the Pod has the volume {near}", suggestion=set_to(setting, near))


def _has_more(pod: PodUse) -> bool:
    """True if a runtime or a webhook adds volumes that a container may mount."""
    return pod.runtime or (pod.obj.group == KSERVE_GROUP and "containers" not in pod.spec) or pod.injected_by_istio


def _container(pod: PodUse, path: KeyPath, container: Mapping[str, Any]) -> Iterator[Draft]:
    obj = pod.obj
    if container.get("image") == "":
        yield single(at(obj, *path, "image"), reason="a container has an image", suggestion="set the image")
    for index, port in mappings_of(container.get("ports")):
        name = port.get("name")
        if isinstance(name, str) and name and not _PORT_NAME.fullmatch(name):
            reason = "the name of a port has at most 15 lower case letters, digits and hyphens"
            yield single(at(obj, *path, "ports", index, "name"), reason=reason, suggestion=f"write {name.lower()[:15]}")
    for index, variable in mappings_of(container.get("env")):
        if variable.get("name", "") == "":
            where = Setting(None, obj, (*path, "env", index, "name"))
            yield single(where, reason="a variable has a name", suggestion="set the name")
    for kind in ("limits", "requests"):
        resources = dig(container, "resources", kind)
        for name in resources if isinstance(resources, MAPPING) else ():
            if isinstance(name, str) and not ("/" in name or name in _RESOURCES or name.startswith("hugepages-")):
                where = at(obj, *path, "resources", kind, name)
                reason = "it is neither a standard resource nor one with a domain"
                yield single(where, reason=reason, suggestion=rename(where, _resource(name)))


def _resource(name: str) -> str:
    return "cpu" if name.lower().startswith("c") else "ephemeral-storage" if "storage" in name.lower() else "memory"


def _mounts(pod: PodUse, path: KeyPath, container: Mapping[str, Any], volumes: set[str]) -> Iterator[Draft]:
    for index, mount in mappings_of(container.get("volumeMounts")):
        name = mount.get("name")
        if isinstance(name, str) and name not in volumes:
            setting = at(pod.obj, *path, "volumeMounts", index, "name")
            known = ", ".join(sorted(volumes)) or "no volume"
            suggestion = set_to(setting, known) if len(volumes) == 1 else "name a volume of the Pod"
            yield single(setting, reason=f"the Pod has {known}", suggestion=suggestion)
        if mount.get("mountPath", "") == "":
            where = Setting(None, pod.obj, (*path, "volumeMounts", index, "mountPath"))
            yield single(where, reason="a mount has a path", suggestion="set mountPath")


def _probes(cluster: Cluster) -> Iterator[Draft]:
    """The kubelet finds a named port only among the container's own."""
    for setting, names in unnamed_ports(cluster):
        known = f"the container has the ports {', '.join(names)}" if names else "no port of the container has a name"
        near = names[0] if len(names) == 1 else ""
        fix = set_to(setting, near) if near else "name one of its ports" if names else "add a port of that name"
        yield single(setting, reason=known, suggestion=fix)
