# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Pod fields that Knative refuses until a flag of config-features allows them.

knative/serving pkg/apis/serving/fieldmask.go, k8s_validation.go and pkg/apis/config/features.go.
tests/upstream compares them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kserve_wiring.cluster.pods import PodUse
from kserve_wiring.manifests.objects import KeyPath, dig, mappings_of

_PREFIX = "kubernetes."

# Field of the pod spec -> flag. Disabled refuses them; Allowed and Enabled accept them.
POD_FLAGS = {
    "affinity": "podspec-affinity",
    "topologySpreadConstraints": "podspec-topologyspreadconstraints",
    "hostAliases": "podspec-hostaliases",
    "nodeSelector": "podspec-nodeselector",
    "runtimeClassName": "podspec-runtimeclassname",
    "tolerations": "podspec-tolerations",
    "securityContext": "podspec-securitycontext",
    "shareProcessNamespace": "podspec-shareprocessnamespace",
    "priorityClassName": "podspec-priorityclassname",
    "schedulerName": "podspec-schedulername",
    "initContainers": "podspec-init-containers",
    "dnsPolicy": "podspec-dnspolicy",
    "dnsConfig": "podspec-dnsconfig",
    "hostIPC": "podspec-hostipc",
    "hostPID": "podspec-hostpid",
    "hostNetwork": "podspec-hostnetwork",
}
# Source of a volume -> flag. Only Enabled accepts them (validateVolume).
VOLUME_FLAGS = {
    "emptyDir": "podspec-volumes-emptydir",
    "persistentVolumeClaim": "podspec-persistent-volume-claim",
    "hostPath": "podspec-volumes-hostpath",
    "csi": "podspec-volumes-csi",
    "ephemeral": "podspec-volumes-ephemeral",
    "image": "podspec-volumes-image",
}
OTHER_FLAGS = (
    "podspec-persistent-volume-write",
    "podspec-volumes-mount-propagation",
    "podspec-fieldref",
    "containerspec-addcapabilities",
)
ENABLED_BY_DEFAULT = ("kubernetes.podspec-volumes-emptydir", "multi-container")
# Flags of config-features that concern no field of a Pod. The last two are of older releases.
NOT_ABOUT_FIELDS = (
    "autodetect-http2",
    "multi-container",
    "multi-container-probing",
    "queueproxy.mount-podinfo",
    "queueproxy.resource-defaults",
    "secure-pod-defaults",
    "tag-header-based-routing",
    "kubernetes.podspec-dryrun",
    "responsive-revision-gc",
)
ALL_FLAGS = frozenset(
    f"{_PREFIX}{flag}" for flag in (*POD_FLAGS.values(), *VOLUME_FLAGS.values(), *OTHER_FLAGS)
) | frozenset(NOT_ABOUT_FIELDS)

# No flag allows these (the lists "Disallowed fields" of fieldmask.go).
REFUSED_IN_POD = (
    "activeDeadlineSeconds",
    "ephemeralContainers",
    "hostname",
    "nodeName",
    "overhead",
    "preemptionPolicy",
    "priority",
    "readinessGates",
    "resourceClaims",
    "restartPolicy",
    "schedulingGates",
    "serviceAccount",
    "setHostnameAsFQDN",
    "subdomain",
    "terminationGracePeriodSeconds",
)
REFUSED_IN_CONTAINER = ("lifecycle", "stdin", "stdinOnce", "tty", "volumeDevices")
_ALLOWED_VOLUMES = ("name", "secret", "configMap", "projected")


@dataclass(frozen=True, slots=True)
class Gated:
    """A field that Knative refuses. flag: the one that allows it, "" for none. strictly: only Enabled allows it."""

    path: KeyPath
    value: Any
    flag: str
    strictly: bool = False


def gated_fields(pod: PodUse) -> Iterator[Gated]:
    """The fields of a pod spec that Knative refuses without a flag, or always."""
    for name, flag in POD_FLAGS.items():
        if _is_set(pod.spec.get(name)):
            yield Gated((*pod.path, name), pod.spec[name], _PREFIX + flag)
    for name in REFUSED_IN_POD:
        if _is_set(pod.spec.get(name)) and not (name == "serviceAccount" and pod.spec.get("serviceAccountName")):
            yield Gated((*pod.path, name), pod.spec[name], "")
    if pod.spec.get("automountServiceAccountToken") is True:
        yield Gated((*pod.path, "automountServiceAccountToken"), True, "")
    for index, volume in mappings_of(pod.spec.get("volumes")):
        yield from _volume(volume, (*pod.path, "volumes", index))
    for path, container in (*pod.containers(), *_models(pod)):
        yield from _container(container, path)
    if _is_set(pod.spec.get("storageUris")):  # KServe downloads them in init containers that it puts into the revision
        flag = _PREFIX + POD_FLAGS["initContainers"]
        yield Gated((*pod.path, "storageUris"), pod.spec["storageUris"], flag)


def _models(pod: PodUse) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """KServe's ``model`` and the fields of a framework are containers, too."""
    for name, value in pod.spec.items():
        if isinstance(value, Mapping) and ("storageUri" in value or "modelFormat" in value):
            yield (*pod.path, str(name)), value


def _is_set(value: Any) -> bool:
    """True unless the API server sees the field's zero value."""
    return value not in (None, False, "", 0) and value != {} and value != []


def _volume(volume: Mapping[str, Any], path: KeyPath) -> Iterator[Gated]:
    for name, source in volume.items():
        if name in VOLUME_FLAGS and source is not None:
            yield Gated((*path, name), source, _PREFIX + VOLUME_FLAGS[name], strictly=True)
        elif name not in _ALLOWED_VOLUMES and _is_set(source):
            yield Gated((*path, str(name)), source, "")
    claim = volume.get("persistentVolumeClaim")
    if isinstance(claim, Mapping) and claim.get("readOnly") is not True:
        where = (*path, "persistentVolumeClaim", "readOnly")
        yield Gated(where, claim.get("readOnly"), f"{_PREFIX}podspec-persistent-volume-write", strictly=True)


def _container(container: Mapping[str, Any], path: KeyPath) -> Iterator[Gated]:
    for name in REFUSED_IN_CONTAINER:
        if _is_set(container.get(name)):
            yield Gated((*path, name), container[name], "")
    for index, variable in mappings_of(container.get("env")):
        for name in ("fieldRef", "resourceFieldRef"):
            value = dig(variable, "valueFrom", name)
            if value is not None:
                yield Gated((*path, "env", index, "valueFrom", name), value, f"{_PREFIX}podspec-fieldref")
    yield from _mounts_and_ports(container, path)
    yield from _security(container, (*path, "securityContext"))


def _mounts_and_ports(container: Mapping[str, Any], path: KeyPath) -> Iterator[Gated]:
    for index, mount in mappings_of(container.get("volumeMounts")):
        if _is_set(mount.get("mountPropagation")):
            flag = f"{_PREFIX}podspec-volumes-mount-propagation"
            where = (*path, "volumeMounts", index, "mountPropagation")
            yield Gated(where, mount["mountPropagation"], flag, strictly=True)
        for name in ("subPathExpr", "recursiveReadOnly"):
            if _is_set(mount.get(name)):
                yield Gated((*path, "volumeMounts", index, name), mount[name], "")
    for index, port in mappings_of(container.get("ports")):
        for name in ("hostPort", "hostIP"):
            if _is_set(port.get(name)):
                yield Gated((*path, "ports", index, name), port[name], "")


def _security(container: Mapping[str, Any], path: KeyPath) -> Iterator[Gated]:
    context = container.get("securityContext")
    added = dig(context, "capabilities", "add")
    if _is_set(added):
        flag = f"{_PREFIX}containerspec-addcapabilities"
        yield Gated((*path, "capabilities", "add"), added, flag, strictly=True)
    if dig(context, "privileged") is True:
        yield Gated((*path, "privileged"), True, "")
    for name in ("procMount", "seLinuxOptions"):
        if _is_set(dig(context, name)):
            yield Gated((*path, name), dig(context, name), "")
