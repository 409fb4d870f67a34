# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The pod specs of objects of any kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kserve_wiring.manifests.objects import KeyPath, KubeObject, dig, mappings_of

KNATIVE_GROUP = "serving.knative.dev"
KSERVE_GROUP = "serving.kserve.io"
ISVC_COMPONENTS = ("predictor", "transformer", "explainer")
CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")

_TEMPLATE_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController")


@dataclass(frozen=True, slots=True)
class PodUse:
    """A pod spec in an object.

    path: of the spec. labels: of the pods. runtime: it belongs to a ServingRuntime, which has no pods of its own.
    """

    obj: KubeObject
    path: KeyPath
    spec: Mapping[str, Any]
    labels: Mapping[str, Any]
    annotations: Mapping[str, Any]
    runtime: bool = False
    _containers: list[tuple[KeyPath, Mapping[str, Any]]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Find the containers once: more than twenty rules ask for them."""
        for name in CONTAINER_LISTS:
            for index, container in mappings_of(self.spec.get(name)):
                self._containers.append(((*self.path, name, index), container))

    @property
    def namespace(self) -> str:
        """Namespace of the pods; "" for a ClusterServingRuntime."""
        return self.obj.namespace

    @property
    def service_account(self) -> str:
        """Name of the ServiceAccount."""
        name = self.spec.get("serviceAccountName") or self.spec.get("serviceAccount")
        return name if isinstance(name, str) else "default"

    @property
    def injected_by_istio(self) -> bool:
        """True if Istio's webhook fills in the proxy container, whose image is then ``auto``."""
        return (
            "inject.istio.io/templates" in self.annotations
            or str(self.labels.get("sidecar.istio.io/inject", self.annotations.get("sidecar.istio.io/inject")))
            == "true"
        )

    def containers(self) -> list[tuple[KeyPath, Mapping[str, Any]]]:
        """Path and value of each container."""
        return self._containers

    def pull_secrets(self) -> Iterator[tuple[KeyPath, str]]:
        """Path and name of each imagePullSecret."""
        for index, secret in mappings_of(self.spec.get("imagePullSecrets")):
            if isinstance(secret.get("name"), str):
                yield (*self.path, "imagePullSecrets", index, "name"), secret["name"]


def pod_uses(obj: KubeObject) -> Iterator[PodUse]:
    """The pod specs of an object."""
    if obj.kind in _TEMPLATE_KINDS:
        yield from _templated(obj, ("spec", "template"))
    elif obj.kind == "Pod":
        yield from _pod(obj, ("spec",), obj.labels, obj.annotations)
    elif obj.kind == "CronJob":
        yield from _templated(obj, ("spec", "jobTemplate", "spec", "template"))
    elif obj.group == KNATIVE_GROUP:
        yield from _knative(obj)
    elif obj.group == KSERVE_GROUP:
        yield from _kserve(obj)


def _knative(obj: KubeObject) -> Iterator[PodUse]:
    if obj.kind in ("Service", "Configuration"):
        yield from _templated(obj, ("spec", "template"))
    elif obj.kind == "Revision":
        yield from _pod(obj, ("spec",), obj.labels, obj.annotations)


def _kserve(obj: KubeObject) -> Iterator[PodUse]:
    if obj.kind == "InferenceService":
        for component in ISVC_COMPONENTS:
            yield from _pod(obj, ("spec", component), obj.labels, obj.annotations)
            yield from _pod(obj, ("spec", component, "workerSpec"), obj.labels, obj.annotations)
    elif obj.kind in ("ServingRuntime", "ClusterServingRuntime"):
        yield from _pod(obj, ("spec",), obj.labels, obj.annotations, runtime=True)
        yield from _pod(obj, ("spec", "workerSpec"), obj.labels, obj.annotations, runtime=True)


def _templated(obj: KubeObject, path: KeyPath) -> Iterator[PodUse]:
    labels = dig(obj.body, *path, "metadata", "labels")
    annotations = dig(obj.body, *path, "metadata", "annotations")
    yield from _pod(obj, (*path, "spec"), labels, annotations)


def _pod(obj: KubeObject, path: KeyPath, labels: Any, annotations: Any, *, runtime: bool = False) -> Iterator[PodUse]:
    spec = dig(obj.body, *path)
    if spec is not None and isinstance(spec, Mapping):
        yield PodUse(
            obj,
            path,
            spec,
            labels if labels is not None and isinstance(labels, Mapping) else {},
            annotations if annotations is not None and isinstance(annotations, Mapping) else {},
            runtime,
        )
