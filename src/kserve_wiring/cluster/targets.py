# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The objects that a reference can name: those that were read, and those that controllers make of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.final import KUSTOMIZE_GROUP
from kserve_wiring.cluster.names import NearNames, is_alike
from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP
from kserve_wiring.cluster.references import CLUSTER_KINDS, Reference
from kserve_wiring.manifests.objects import KubeObject, dig, mappings_of

_COPIERS = ("reflector.v1.k8s.emberstack.com/", "replicator.v1.mittwald.de/", "kubed.appscode.com/")
_ANY = "*"  # no namespace has this name
_OF_MODELS = ("", "-predictor", "-transformer", "-explainer")
"""The ends of the names of the Services that KServe makes for an InferenceService."""
# What is there for its own sake, so that it says nothing if no reference has its name.
_OFTEN_UNNAMED = {"Service", "Deployment", "StatefulSet", "ReplicaSet", "InferenceService", "Namespace", "ClusterRole"}
_MANY = 8
"""Of more names that nothing has, one says nothing either; and the search takes as long as there are names."""
_PULL_TYPES = ("kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg")
_SHORT_NAMES_SINCE = (0, 11, 0)
_REPLICAS = 10  # of a StatefulSet, whose claims have a number
# Kinds that are easily taken for each other.
_ALIKE = (
    {"Secret", "ConfigMap"},
    {"Issuer", "ClusterIssuer"},
    {"Role", "ClusterRole"},
    {"SecretStore", "ClusterSecretStore"},
    {"HelmRepository", "GitRepository", "OCIRepository", "Bucket"},
    {"Deployment", "StatefulSet", "ReplicaSet"},
    {"TriggerAuthentication", "ClusterTriggerAuthentication"},
)


class Targets:
    """An index of names by kind and namespace."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._objects: dict[tuple[str, str], list[KubeObject]] = defaultdict(list)
        self._names: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._made: set[tuple[str, str, str]] = set()
        self._generated: set[tuple[str, str]] = set()
        self._near: dict[tuple[tuple[str, ...], str], NearNames] = {}
        self._used: set[tuple[str, str]] = set()
        self._free: dict[tuple[tuple[str, ...], str], list[str]] = {}
        for obj in cluster.objects:
            if not obj.source.partial:
                self._add(obj)
            self._made.update(_made_of(obj))
            self._generated.update(_generated(obj))
        for obj in cluster.of_kind("Gateway", "Service"):
            if obj.operator_made:
                self._add(obj)

    def _add(self, obj: KubeObject) -> None:
        self._objects[obj.kind, obj.name].append(obj)
        self._names[obj.kind, obj.namespace].add(obj.name)
        self._names[obj.kind, _ANY].add(obj.name)
        if obj.kind == "InferenceService":
            self._names["Service", obj.namespace].update(f"{obj.name}{suffix}" for suffix in _OF_MODELS)

    def named(self, kind: str, name: str, group: str = "") -> list[KubeObject]:
        """Objects of a kind and name in any namespace."""
        found = self._objects.get((kind, name), ())
        return [obj for obj in found if not group or obj.group == ("" if group == "core" else group)]

    def find(self, ref: Reference) -> list[KubeObject]:
        """The objects that a reference names."""
        return [
            obj
            for kind in ref.kinds
            for obj in self.named(kind, ref.name, ref.row.group)
            if not ref.namespace or obj.namespace in ("", ref.namespace)
        ]

    def is_shown(self, kind: str, namespace: str, name: str) -> bool:
        """True if an object was read, or the model whose Service has that name."""
        return name in self._names.get((kind, namespace), ())

    def is_made(self, ref: Reference) -> bool:
        """True if a controller or a generator makes the object, or if it exists outside the manifests."""
        for kind in ref.kinds:
            if (kind, ref.name) in self._generated or self._cluster.facts.exists(kind, ref.namespace, ref.name):
                return True
            if any(is_copied(obj) for obj in self.named(kind, ref.name, ref.row.group)):
                return True
            if {(kind, ref.namespace, ref.name), (kind, "", ref.name)} & self._made:
                return True
            beginnings = _stems(ref.name) if kind in ("Service", "Deployment") and not self._is_old(ref.name) else ()
            if any((kind, ref.namespace, f"{name}*") in self._made for name in beginnings):
                return True
        return False

    def _is_old(self, name: str) -> bool:
        """True for a name that KServe gave before v0.11 (https://github.com/kserve/kserve/pull/2508)."""
        version = self._cluster.facts.version("kserve_version")
        is_new = version is None or version >= _SHORT_NAMES_SINCE
        return is_new and name.endswith(tuple(f"{suffix}-default" for suffix in _OF_MODELS[1:]))

    def near(self, ref: Reference) -> str:
        """The name in the reference's namespace that was probably meant; "" if none is near."""
        if self._is_old(ref.name) and self.is_shown("Service", ref.namespace, ref.name.removesuffix("-default")):
            return ref.name.removesuffix("-default")
        key = (ref.kinds, ref.namespace)
        if key not in self._near:
            self._near[key] = NearNames(
                name
                for kind in ref.kinds
                for namespace in (("", ref.namespace) if ref.namespace else (_ANY,))
                for name in self._names.get((kind, namespace), ())
            )
        return self._near[key].near(ref.name)

    def use(self, refs: Iterable[Reference]) -> None:
        """Remember which names are referred to, for :meth:`unused`."""
        self._used.update((kind, ref.name) for ref in refs for kind in ref.kinds)

    def unused(self, ref: Reference) -> str:
        """The one name where the reference looks that nothing refers to, if it is like the one that is missing."""
        if set(ref.kinds) & _OFTEN_UNNAMED:
            return ""
        key = (ref.kinds, ref.namespace)
        if key not in self._free:
            self._free[key] = sorted(self._unnamed(*key))
        free = self._free[key]
        if len(free) > _MANY:
            return ""
        found = [name for name in free if is_alike(ref.name, name) and self._suits(ref, name)]
        return found[0] if len(found) == 1 else ""

    def _unnamed(self, kinds: tuple[str, ...], namespace: str) -> set[str]:
        """The names of some kinds, in a namespace or everywhere, that no reference has."""
        places = ("", namespace) if namespace else (_ANY,)
        made = {(kind, name) for kind, space, name in self._made if space in places and name[-1:] != _ANY}
        shown = {(kind, name) for kind in kinds for space in places for name in self._names.get((kind, space), ())}
        return {name for kind, name in made | shown if kind in kinds and (kind, name) not in self._used}

    def _suits(self, ref: Reference, name: str) -> bool:
        """False for a Secret of another type than the reference needs, such as one that holds no pull credentials."""
        types = {str(obj.get("type") or "Opaque") for obj in self.named("Secret", name)}
        if "Secret" not in ref.kinds or not types:
            return True
        if "imagePullSecrets" in ref.path:
            return bool(types & set(_PULL_TYPES))
        return not types & set(_PULL_TYPES) and (not ref.row.type_ or ref.row.type_ in types)

    def called(self, ref: Reference, name: str) -> KubeObject | None:
        """The object that a reference would name with another name; None for the Service of a model."""
        return next(iter(self.find(replace(ref, name=name))), None)

    def swapped(self, ref: Reference) -> list[KubeObject]:
        """Objects whose name is the reference's namespace, and whose namespace is its name."""
        found = [obj for kind in ref.kinds for obj in self.named(kind, ref.namespace, ref.row.group)]
        return [obj for obj in found if obj.namespace == ref.name]

    def elsewhere(self, ref: Reference) -> list[KubeObject]:
        """Objects of the kind and name in other namespaces, and models that have a Service of that name there."""
        if not ref.namespace:
            return []
        found = [obj for kind in ref.kinds for obj in self.named(kind, ref.name, ref.row.group)]
        if found or "Service" not in ref.kinds:
            return found
        models = {ref.name.removesuffix(suffix) for suffix in _OF_MODELS if ref.name.endswith(suffix)}
        return [obj for name in sorted(models) for obj in self.named("InferenceService", name) if obj.namespace]

    def alike(self, ref: Reference) -> list[KubeObject]:
        """Objects of that name whose kind is easily taken for the right one, where that one would be sought."""
        kinds = set().union(*(group for group in _ALIKE if group & set(ref.kinds))) - set(ref.kinds)
        found = [obj for kind in sorted(kinds) for obj in self.named(kind, ref.name)]
        if not ref.namespace and CLUSTER_KINDS & set(ref.kinds):
            return found
        return [obj for obj in found if obj.namespace in ("", ref.namespace or ref.obj.namespace)]


@lru_cache(1)
def targets_of(cluster: Cluster) -> Targets:
    """The index of a cluster, which several rules share."""
    return Targets(cluster)


def is_copied(obj: KubeObject) -> bool:
    """True if a tool copies the object to other namespaces: reflector, replicator, kubed."""
    return any(str(key).startswith(_COPIERS) for key in obj.annotations)


def _stems(name: str) -> Iterator[str]:
    """What may be the name of the InferenceService of a Service: every prefix up to a hyphen."""
    parts = name.split("-")
    for count in range(1, len(parts) + 1):
        yield "-".join(parts[:count])


def _secrets_of(obj: KubeObject) -> Iterator[str]:
    """The names of the Secrets that a controller makes of an object."""
    if obj.kind in ("ExternalSecret", "Certificate"):
        given = obj.get("spec", "target", "name") or obj.get("spec", "secretName")
        yield given if isinstance(given, str) else obj.name
    elif obj.kind in ("SealedSecret", "ClusterExternalSecret"):
        paths = (("spec", "template", "metadata", "name"), ("spec", "externalSecretSpec", "target", "name"))
        for name in (obj.name, obj.get("spec", "externalSecretName"), *(obj.get(*path) for path in paths)):
            if isinstance(name, str):
                yield name


def _made_of(obj: KubeObject) -> Iterator[tuple[str, str, str]]:
    """Kind, namespace and name of what a controller makes of an object; ``*`` ends the beginning of a name."""
    for name in _secrets_of(obj):
        yield "Secret", obj.namespace, name
    if obj.kind == "Bundle":  # of trust-manager, in every namespace
        yield "ConfigMap", "", obj.name
        yield "Secret", "", obj.name
    elif obj.kind == "StatefulSet":
        for _, template in mappings_of(obj.get("spec", "volumeClaimTemplates")):
            for number in range(_REPLICAS):
                claim = f"{dig(template, 'metadata', 'name')}-{obj.name}-{number}"
                yield "PersistentVolumeClaim", obj.namespace, claim
    elif obj.group in (KNATIVE_GROUP, KSERVE_GROUP):
        for kind in ("Service", "Deployment", "ServiceAccount"):
            yield kind, obj.namespace, f"{obj.name}*"


def _generated(obj: KubeObject) -> Iterator[tuple[str, str]]:
    if obj.kind == "Kustomization" and obj.group == KUSTOMIZE_GROUP:
        for key, kind in (("secretGenerator", "Secret"), ("configMapGenerator", "ConfigMap")):
            for _, item in mappings_of(obj.get(key)):
                if isinstance(item.get("name"), str):
                    yield kind, item["name"]
