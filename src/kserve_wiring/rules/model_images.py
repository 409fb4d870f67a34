# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW611: Kubernetes refuses the containers in which KServe runs a model's image (wire W8).

kserve v0.20.0: pkg/utils/storage.go CreateModelcarContainer, CreateModelcarInitContainer and
ConfigureModelcarToContainer.
"""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.isvc_config import IsvcConfig
from kserve_wiring.cluster.llm import services
from kserve_wiring.cluster.model_uris import llm_uris, model_uris
from kserve_wiring.cluster.runtimes import runtime_of
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because

_ENFORCED = "pod-security.kubernetes.io/enforce"
_RESTRICTED = "restricted"
_MODELCAR = "oci://"
_SECTION = "storageInitializer"
_ON = ("enableModelcar", "enableOciModelSupport")


@rule("KW611")
def refused_model_images(cluster: Cluster) -> Iterator[Draft]:
    """KServe gives its two containers a user and nothing else of a securityContext."""
    config = cluster.isvc_config
    uris = [*model_uris(cluster), *(uri for obj in services(cluster) for uri in llm_uris(obj))]
    uris = [uri for uri in uris if uri.text().startswith(_MODELCAR)]
    if config is None or not uris or not _runs_images(config):
        return
    for uri in uris:
        yield from _restricted(cluster, uri)
    user = config.setting(_SECTION, "uidModelcar")
    if user is not None and user.value == 0:
        yield from _as_root(cluster, user, uris)


def _runs_images(config: IsvcConfig) -> bool:
    """True if KServe runs the image of a model in containers, and does not mount it."""
    mode = config.text(_SECTION, "ociModelMode")
    return mode in ("modelcar", "fetch") or (not mode and any(config.is_true(_SECTION, key) for key in _ON))


def _restricted(cluster: Cluster, uri: Setting) -> Iterator[Draft]:
    for namespace in cluster.find("Namespace", "", uri.obj.namespace):
        if namespace.labels.get(_ENFORCED) == _RESTRICTED:
            reason = (
                f"{namespace.ref} enforces {_RESTRICTED}, which refuses the containers that KServe adds for the image"
            )
            fix = "use oci+native://, which adds no container, or enforce baseline in that namespace"
            yield because(uri, reason, fix, at(namespace, "metadata", "labels", _ENFORCED))


def _as_root(cluster: Cluster, user: Setting, uris: list[Setting]) -> Iterator[Draft]:
    """KServe writes the user into the model server, too, whose runAsNonRoot then stops it."""
    for uri in uris:
        setting = _not_as_root(cluster, uri.obj)
        if setting is not None:
            reason = f"{setting.obj.ref} has {setting.key}, and KServe runs the model of {uri.obj.ref} as this user"
            yield because(user, reason, f"set {user.key} to 1010", setting, uri)
            return


def _not_as_root(cluster: Cluster, obj: KubeObject) -> Setting | None:
    """The runAsNonRoot that holds for the model server of an InferenceService."""
    runtime = runtime_of(cluster, obj) if obj.kind == "InferenceService" else None
    holders: list[tuple[KubeObject, KeyPath]] = [(obj, ("spec", "predictor"))]
    if runtime is not None:
        holders.append((runtime, ("spec",)))
    for holder, path in holders:
        containers = [(*path, "containers", index) for index, _ in mappings_of(holder.get(*path, "containers"))]
        for place in (*containers, (*path, "model"), path):
            setting = at(holder, *place, "securityContext", "runAsNonRoot")
            if setting.value is True:
                return setting
    return None
