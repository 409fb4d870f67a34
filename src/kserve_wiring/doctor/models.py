# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The chain of objects behind each model, from its InferenceService to its Pods and routes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from kserve_wiring.cluster.made_pods import MODEL_LABEL
from kserve_wiring.doctor import pods
from kserve_wiring.manifests.objects import KubeObject

ROOTS = ("InferenceService", "LLMInferenceService")
# A cause is looked for from the Pod up to the InferenceService: what stands above only repeats it.
_ORDER = ("Pod", "ReplicaSet", "Deployment", "Revision", "Configuration", "Ingress", "Route", "Service", "HTTPRoute")


class Chains:
    """Which objects belong to which model: by owner, and by KServe's label."""

    def __init__(self, objects: Iterable[KubeObject]) -> None:
        self._children: dict[str, list[KubeObject]] = defaultdict(list)
        self._labelled: dict[tuple[str, str], list[KubeObject]] = defaultdict(list)
        for obj in objects:
            for owner in obj.mappings("metadata", "ownerReferences"):
                self._children[str(owner.get("uid", ""))].append(obj)
            label = obj.labels.get(MODEL_LABEL)
            if isinstance(label, str):
                self._labelled[obj.namespace, label].append(obj)

    def of(self, root: KubeObject) -> list[KubeObject]:
        """The objects of one model, itself last."""
        found: dict[int, KubeObject] = {}
        todo = [root, *self._labelled.get((root.namespace, root.name), ())]
        while todo:
            obj = todo.pop()
            if id(obj) not in found:
                found[id(obj)] = obj
                todo += self._children.get(str(obj.get("metadata", "uid") or "-"), ())
        found.pop(id(root))
        return [*sorted(found.values(), key=_position), root]

    def has_ready_pod(self, root: KubeObject) -> bool:
        """It is not scaled to zero."""
        return any(obj.kind == "Pod" and pods.is_ready(obj) for obj in self.of(root))


def _position(obj: KubeObject) -> tuple[int, str]:
    return (_ORDER.index(obj.kind) if obj.kind in _ORDER else len(_ORDER), obj.name)


def roots(objects: Iterable[KubeObject]) -> Iterator[KubeObject]:
    """The models of the cluster, and Knative Services and Pods of models whose InferenceService was not collected."""
    objects = list(objects)
    models = [obj for obj in objects if obj.kind in ROOTS and obj.group == "serving.kserve.io"]
    yield from models
    known = {(obj.namespace, obj.name) for obj in models}
    services = [obj for obj in objects if obj.kind == "Service" and obj.group == "serving.knative.dev"]
    if not models:
        yield from services
    if not (models or services):
        yield from (
            obj
            for obj in objects
            if obj.kind == "Pod" and MODEL_LABEL in obj.labels and (obj.namespace, obj.labels[MODEL_LABEL]) not in known
        )


def is_ready(root: KubeObject) -> bool:
    """Its condition Ready is True."""
    return root.holds("Ready")


def is_stopped(root: KubeObject) -> bool:
    """A person stopped the model on purpose."""
    return root.annotations.get("serving.kserve.io/stop") == "true"


def is_manifest(obj: KubeObject) -> bool:
    """It is as somebody wrote it, or as helm rendered it: no cluster has given it an identity or a status."""
    given = ("uid", "resourceVersion", "creationTimestamp")
    return obj.kind != "Deployment" and "status" not in obj.body and not any(obj.get("metadata", key) for key in given)
