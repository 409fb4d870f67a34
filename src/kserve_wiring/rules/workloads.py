# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW308 to KW311: settings of workloads that have no effect on the storage initializer (wire W8)."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.pods import KSERVE_GROUP
from kserve_wiring.manifests.objects import KubeObject, Setting, dig
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, against, at, pair, single

_VERIFY = "serving.kserve.io/s3-verifyssl"
_VERIFY_READ_SINCE = (0, 12, 0)
_PROXY_USER = 1337
_INITIALIZER_HAS_PROXY_USER_SINCE = (0, 12, 0)
_LEFT_OUT = "control-plane"  # kserve config/webhook/manifests.yaml: the namespaceSelector of the pod-mutator
_SECRET_ANNOTATIONS = ("serving.kserve.io/storageSecretName", "serving.kserve.io/secretName")


@rule("KW308")
def unread_verify(cluster: Cluster) -> Iterator[Draft]:
    """Before v0.12 boto3 verified whatever the annotation was (https://github.com/kserve/kserve/pull/3172)."""
    version = cluster.facts.version("kserve_version")
    if version is None or version >= _VERIFY_READ_SINCE:
        return
    for obj in cluster.of_kind("Secret", "ServiceAccount"):
        setting = at(obj, "metadata", "annotations", _VERIFY)
        if setting.value == "0":
            yield against(setting, cluster.facts, "kserve_version")


@rule("KW309")
def proxy_user(cluster: Cluster) -> Iterator[Draft]:
    """Istio does not intercept uid 1337; with its CNI, an init container with another uid has no network."""
    for pod in cluster.pods:
        user = dig(pod.spec, "securityContext", "runAsUser")
        if user == _PROXY_USER and pod.obj.group == KSERVE_GROUP:
            setting = Setting(user, pod.obj, (*pod.path, "securityContext", "runAsUser"))
            reason = "the model's own traffic bypasses the mesh, too"
            yield single(setting, reason=reason, suggestion="remove it; KServe v0.12 and newer do not need it")
    version = cluster.facts.version("kserve_version")
    if version is None or version >= _INITIALIZER_HAS_PROXY_USER_SINCE:
        return
    cni = [obj for obj in cluster.of_kind("DaemonSet") if obj.name == "istio-cni-node"]
    for obj in cluster.of_kind("InferenceService") if cni else ():
        if _is_injected(cluster, obj):
            reason = f"with Istio's CNI the storage initializer of KServe {cluster.facts.kserve_version} has no network"
            setting = Setting(obj.namespace, obj, ("metadata", "namespace"))
            yield single(setting, reason=reason, suggestion="upgrade to KServe v0.12 or newer")


def _is_injected(cluster: Cluster, obj: KubeObject) -> bool:
    for namespace in cluster.find("Namespace", "", obj.namespace):
        if namespace.labels.get("istio-injection") == "enabled" or "istio.io/rev" in namespace.labels:
            return True
    return False


@rule("KW310")
def other_secret_annotation(cluster: Cluster) -> Iterator[Draft]:
    """The chart's default is not the documented annotation (https://github.com/kserve/kserve/issues/5763)."""
    config = cluster.isvc_config
    wanted = config.setting("credentials", "storageSecretNameAnnotation") if config else None
    if wanted is None:
        return
    for obj in cluster.of_kind("InferenceService"):
        for name in _SECRET_ANNOTATIONS:
            setting = at(obj, "metadata", "annotations", name)
            if setting.value and name != wanted.text() and wanted.text() not in obj.annotations:
                yield pair(setting, wanted, name=name)


@rule("KW311")
def left_out_namespaces(cluster: Cluster) -> Iterator[Draft]:
    """KServe's webhook skips the Pods of a namespace with this label (https://github.com/kserve/kserve/pull/517)."""
    served = {obj.namespace for obj in cluster.of_kind("InferenceService", "LLMInferenceService")}
    for obj in cluster.of_kind("Namespace"):
        setting = at(obj, "metadata", "labels", _LEFT_OUT)
        if obj.name in served and setting.value is not None:
            yield single(setting, namespace=obj.name)
