# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Read manifests from files, directories and standard input, and split Lists. Independent of the rules."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kserve_wiring.grammar.template import is_template_file
from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.folders import is_environment, visible, walk
from kserve_wiring.manifests.known_values import ReleaseValues
from kserve_wiring.manifests.kustomize import NAMES, Kustomization, read_kustomization
from kserve_wiring.manifests.notes import Note
from kserve_wiring.manifests.objects import MAPPING, KubeObject, ObjectRef, Source
from kserve_wiring.manifests.repository import with_absent_paths
from kserve_wiring.manifests.scope import CLUSTER_SCOPED

SUFFIXES = (".yaml", ".yml", ".json")

_CONFLICT = re.compile(r"^(?:<<<<<<<|>>>>>>>)(?: |\r?$)", re.MULTILINE)

# A document that would be a manifest if it could be read.
_MANIFEST = re.compile(r"""(?:^|[{,])\s*["']?apiVersion["']?\s*:""", re.MULTILINE)

_CHART = (
    "is a Helm chart: render it with `helm template` and check the output",
    "are Helm charts: render them with `helm template` and check the output",
)
_KUSTOMIZATION = (
    "is a kustomization, its patches were skipped: check the output of `kustomize build` instead",
    "are kustomizations, their patches were skipped: check the output of `kustomize build` instead",
)
_TEMPLATE = (
    "is a template and was not read completely: check what it is rendered to",
    "are templates and were not read completely: check what they are rendered to",
)
_NO_MANIFEST = ("is no manifest: skipped", "are no manifests: skipped")

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

    manifests: number of documents with an apiVersion and a kind. A list is one, even without items. environment: the
    folder of the environment, "" for other manifests. releases: those of the environment, in the order of installation.
    unread: the releases that were not rendered. values: the values files of the releases.
    """

    objects: list[KubeObject] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    manifests: int = 0
    environment: str = ""
    releases: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    values: list[ReleaseValues] = field(default_factory=list)

    def add(self, other: Loaded) -> None:
        """Append the result of another call."""
        self.objects += other.objects
        self.problems += other.problems
        self.notes += other.notes
        self.manifests += other.manifests
        self.environment = self.environment or other.environment
        self.releases += other.releases
        self.unread += other.unread
        self.values += other.values


def load_path(path: str, exclude: Collection[str] = ()) -> Loaded:
    """Read a file, a directory (its .yaml, .yml and .json files, sorted) or, for ``-``, standard input.

    exclude: patterns of the files and folders of a directory that are not read.
    """
    if path == "-":
        return load_bytes(sys.stdin.buffer.read(), "<stdin>")
    if Path(path).is_dir():
        return _load_directory(path, exclude)
    return load_file(path)


def load_file(path: str, *, release: str = "", strict: bool = False) -> Loaded:
    """Read one file. A file that cannot be opened is a problem, not an exception."""
    try:
        return load_bytes(Path(path).read_bytes(), path, release=release, strict=strict)
    except OSError as error:
        return Loaded(problems=[Problem(path, 0, error.strerror or str(error))])


def load_bytes(data: bytes, file: str, *, release: str = "", strict: bool = False) -> Loaded:
    """Read a stream of YAML or JSON documents in UTF-8, with or without a byte order mark."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Loaded(problems=[Problem(file, line, "not UTF-8 text")])
    conflict = conflict_in(text, file)
    return Loaded(problems=[conflict]) if conflict else load_text(text, file, release=release, strict=strict)


def conflict_in(text: str, file: str) -> Problem | None:
    """The first conflict marker of git in a file. Its two sides are two files, so nothing of it can be read."""
    match = _CONFLICT.search(text)
    if match is None:
        return None
    line = text.count("\n", 0, match.start()) + 1
    return Problem(file, line, "git conflict markers; resolve them")


def load_text(
    text: str, file: str, *, release: str = "", partial: bool = False, namespace: str = "", strict: bool = False
) -> Loaded:
    """Read a stream of documents.

    release: the owner of every object. partial: the documents are patches. namespace: of the release; objects of
    namespaced kinds without a namespace get it, as with `helm install`. strict: a document that is no manifest is a
    problem.
    """
    loaded = Loaded()
    for line, chunk in yamltext.documents(text):
        try:
            value, repeats = yamltext.read(chunk)
            source = Source(file, line, chunk, (), release, partial, repeats)
            loaded.objects += _objects(value, source, namespace)
            loaded.manifests += _is_manifest(value)
            if strict and value is not None and not _is_manifest(value):
                loaded.problems.append(Problem(file, line, "not a Kubernetes object; write apiVersion and kind"))
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
            item = _typed(item, kind.removesuffix("List"), version)
            yield from _objects(item, replace(source, prefix=(*source.prefix, "items", index)), namespace)
        return
    yield _object(value, kind, version, source, namespace)


def _typed(item: Any, kind: str, version: str) -> Any:
    """The item of a typed list, such as a PodList, whose items have neither kind nor version."""
    if kind and isinstance(item, dict) and "kind" not in item:
        return {"apiVersion": version, "kind": kind, **item}
    return item


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


def _load_directory(path: str, exclude: Collection[str]) -> Loaded:
    loaded = Loaded()
    skipped: set[Path] = set()
    for folder, folders, files in walk(Path(path), exclude):
        folders[:] = visible(folders)
        if "releases.yaml" in files and is_environment(Path(folder)):
            folders[:] = []
            continue  # a cluster of its own, see clusters.py
        if "Chart.yaml" in files:
            folders[:] = []
            loaded.notes.append(Note(folder, *_CHART))
            continue
        kustomization = read_kustomization(Path(folder), files)
        if kustomization is not None:
            skipped |= kustomization.skipped
            loaded.notes.append(Note(folder, *_KUSTOMIZATION))
        for name in sorted(files):
            if name.endswith(SUFFIXES) and not name.startswith(".") and Path(folder) / name not in skipped:
                read = _load_member(str(Path(folder) / name))
                if kustomization is not None:
                    read.objects = [_as_kustomized(obj, kustomization) for obj in read.objects]
                loaded.add(read)
    loaded.objects = with_absent_paths(path, loaded.objects)
    return loaded


def _load_member(path: str) -> Loaded:
    """A file that nobody named: it is read if it is a manifest, and counted if it is something else."""
    loaded = load_file(path)
    if not loaded.problems or Path(path).name in NAMES:
        return loaded
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return loaded
    if is_template_file(text):
        return replace(loaded, problems=[], notes=[Note(path, *_TEMPLATE)])
    if not _MANIFEST.search(text):
        return Loaded(notes=[Note(path, *_NO_MANIFEST)])
    return loaded


def _as_kustomized(obj: KubeObject, kustomization: Kustomization) -> KubeObject:
    """The object as a kustomization sees it: without its namespace if that, or that of an overlay, replaces it."""
    unlisted = Path(os.path.normpath(obj.source.file)) not in kustomization.listed
    ref = replace(obj.ref, namespace="") if kustomization.moves else obj.ref
    absent = kustomization.absent if Path(obj.source.file).name in NAMES else ()
    return replace(obj, ref=ref, source=replace(obj.source, unlisted=unlisted, absent=absent))
