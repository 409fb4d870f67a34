# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Read manifests from files, directories and standard input, and split Lists. Independent of the rules."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.kustomize import read_kustomization
from kserve_wiring.manifests.objects import MAPPING, KubeObject, ObjectRef, Source

SUFFIXES = (".yaml", ".yml", ".json")

# Who applied an object on a live cluster: Helm, Argo CD, Flux.
_TRACKING = "argocd.argoproj.io/tracking-id"  # application:group/kind:namespace/name, the default since Argo CD 3.0
_OWNER_ANNOTATIONS = ("meta.helm.sh/release-name", _TRACKING)
_OWNER_LABELS = ("argocd.argoproj.io/instance", "kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read. line: 0 if the problem concerns the whole file."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        """``file:line: message``."""
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


@dataclass(slots=True)
class Loaded:
    """What was read, what could not be read, and notes about what was skipped on purpose.

    manifests: number of documents with an apiVersion and a kind. A list is one, even without items.
    """

    objects: list[KubeObject] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    manifests: int = 0

    def add(self, other: Loaded) -> None:
        """Append the result of another call."""
        self.objects += other.objects
        self.problems += other.problems
        self.notes += other.notes
        self.manifests += other.manifests


def load_path(path: str) -> Loaded:
    """Read a file, a directory (its .yaml, .yml and .json files, sorted) or, for ``-``, standard input."""
    if path == "-":
        return load_bytes(sys.stdin.buffer.read(), "<stdin>")
    if Path(path).is_dir():
        return _load_directory(path)
    return load_file(path)


def load_file(path: str, *, release: str = "") -> Loaded:
    """Read one file. A file that cannot be opened is a problem, not an exception."""
    try:
        return load_bytes(Path(path).read_bytes(), path, release=release)
    except OSError as error:
        return Loaded(problems=[Problem(path, 0, error.strerror or str(error))])


def load_bytes(data: bytes, file: str, *, release: str = "") -> Loaded:
    """Read a stream of YAML or JSON documents in UTF-8, with or without a byte order mark."""
    try:
        return load_text(data.decode("utf-8-sig"), file, release=release)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Loaded(problems=[Problem(file, line, "not UTF-8 text")])


def load_text(text: str, file: str, *, release: str = "", partial: bool = False, namespace: str = "") -> Loaded:
    """Read a stream of documents.

    release: the owner of every object. partial: the documents are patches. namespace: of the release; objects of
    namespaced kinds without a namespace get it, as with `helm install`.
    """
    loaded = Loaded()
    for line, chunk in yamltext.documents(text):
        try:
            value, repeats = yamltext.read(chunk)
            source = Source(file, line, chunk, (), release, partial, repeats)
            loaded.objects += _objects(value, source, namespace)
            loaded.manifests += _is_manifest(value)
        except yamltext.YamlError as error:
            loaded.problems.append(Problem(file, line + error.line - 1, f"not YAML: {error}"))
    return loaded


def load_values(values: Iterable[Mapping[str, Any]], file: str = "", *, release: str = "") -> list[KubeObject]:
    """Objects from parsed data, as the Python API accepts it. Lists are split into their items."""
    return [obj for value in values for obj in _objects(value, Source(file, release=release), "")]


def _objects(value: Any, source: Source, namespace: str) -> Iterator[KubeObject]:
    if not _is_manifest(value):
        return
    kind, version = value["kind"], value["apiVersion"]
    items = value.get("items")
    if kind.endswith("List") and isinstance(items, list):
        for index, item in enumerate(items):
            yield from _objects(item, replace(source, prefix=(*source.prefix, "items", index)), namespace)
        return
    yield _object(value, kind, version, source, namespace)


def _is_manifest(value: Any) -> bool:
    """False for a values file or a fragment."""
    if not isinstance(value, MAPPING):
        return False
    kind, version = value.get("kind"), value.get("apiVersion")
    return isinstance(kind, str) and isinstance(version, str) and bool(kind)


def _object(value: Mapping[str, Any], kind: str, version: str, source: Source, namespace: str) -> KubeObject:
    metadata = value.get("metadata")
    metadata = metadata if isinstance(metadata, MAPPING) else {}
    if not source.release:
        owner = _owner(metadata)
        source = replace(source, release=owner) if owner else source
    own_namespace = _text(metadata.get("namespace"))
    if not own_namespace and namespace and kind not in CLUSTER_SCOPED:
        own_namespace = namespace
    name = _text(metadata.get("name")) or _text(metadata.get("generateName"))
    return KubeObject(ObjectRef(version, kind, own_namespace, name), value, source)


def _owner(metadata: Mapping[str, Any]) -> str:
    for field_name, keys in (("annotations", _OWNER_ANNOTATIONS), ("labels", _OWNER_LABELS)):
        values = metadata.get(field_name)
        if isinstance(values, MAPPING):
            for key in keys:
                if isinstance(values.get(key), str) and values[key]:
                    return str(values[key]).partition(":")[0]
    return ""


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, (Mapping, list)) else str(value)


def _load_directory(path: str) -> Loaded:
    loaded = Loaded()
    skipped: set[Path] = set()
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if "Chart.yaml" in files:
            folders[:] = []
            loaded.notes.append(f"{folder} is a Helm chart: render it with `helm template` and check the output")
            continue
        kustomization = read_kustomization(Path(folder), files)
        if kustomization is not None:
            skipped |= kustomization.skipped
            loaded.notes.append(
                f"{folder} is a kustomization, its patches were skipped: check the output of `kustomize build` instead"
            )
        for name in sorted(files):
            if name.endswith(SUFFIXES) and not name.startswith(".") and Path(folder) / name not in skipped:
                read = load_file(str(Path(folder) / name))
                if kustomization is not None and kustomization.moves:
                    read.objects = [_anywhere(obj) for obj in read.objects]
                loaded.add(read)
    return loaded


def _anywhere(obj: KubeObject) -> KubeObject:
    """The object without its namespace: kustomize replaces it, and an overlay may replace it again."""
    return replace(obj, ref=replace(obj.ref, namespace=""))


# Cluster-scoped kinds of the wired software. Other cluster-scoped kinds may get a namespace: no rule reads it.
CLUSTER_SCOPED = frozenset(
    [
        "APIService",
        "CertificateSigningRequest",
        "ClusterIssuer",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterServingRuntime",
        "ClusterStorageContainer",
        "ComponentStatus",
        "CSIDriver",
        "CSINode",
        "CustomResourceDefinition",
        "FlowSchema",
        "GatewayClass",
        "IngressClass",
        "LocalModelCache",
        "LocalModelNode",
        "LocalModelNodeGroup",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
        "ClusterSecretStore",
        "ClusterExternalSecret",
    ]
)
