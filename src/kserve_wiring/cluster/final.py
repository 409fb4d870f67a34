# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Which text of a manifest is final. Templates, and what a kustomization replaces, get their content later.

Manifests are often read before a tool has finished them: a piece of a Helm chart outside its folder, the base of an
overlay, a file for envsubst. No rule can judge such a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from posixpath import dirname, join, normpath
from typing import Any

from kserve_wiring.grammar.template import GO, JINJA
from kserve_wiring.manifests import yamltext
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, dig, mappings_of, strings_of

EXPRESSION = r"\{\{|\{%|\$[\w({]"
"""Pattern of an expression of any template engine, or of a variable of a shell."""
KUSTOMIZE_GROUP = "kustomize.config.k8s.io"

# Templates of files, and variables of envsubst and Flux. Not ${NAME} of Knative's operator.
_FILE = re.compile(rf"{GO}|{JINJA}|\$\{{(?!NAME\}})[A-Za-z_][A-Za-z0-9_]*(?::?[-=?+][^}}]*)?\}}")
# A reference to a variable of Kustomize or of a container. It is expanded inside a value, and never adds a key.
_VARIABLE = re.compile(r"\$\([A-Za-z_]\w*\)")
# Text that a person replaces: <REGISTRY>, {username}, %NAME%, @NAME@, __NAME__, replace-me, your-registry, an ellipsis.
_PLACEHOLDER = re.compile(
    r"<[^<>]+>|(?<!\{)\{[A-Za-z_][\w .-]*\}(?!\})|%\w+%|@[A-Za-z_]\w*@|__[A-Za-z]\w*?__|\.\.\."
    r"|(?i:\b(?:replace|change|fill|edit)[-_]?(?:me|this)\b|\byour[-_ ]|\bx{4,}\b)"
)
# Text that a tool replaces: IMAGE_URL, REPO_URL/image, ko://import/path, ###ZARF_VAR_X###.
_TOKEN = re.compile(r"(?:^|[/:@])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?:$|[/:@])|^ko://|###[A-Z0-9_]+###")
_TOKENS = ("{{", "{%", "${", "$(")


def is_template(text: str) -> bool:
    """True for text that Helm, Jinja, envsubst or Flux still has to fill in."""
    return any(token in text for token in _TOKENS) and bool(_FILE.search(text) or _VARIABLE.search(text))


def is_placeholder(text: str) -> bool:
    """True for text that a person still has to replace. Only what is malformed is worth the question."""
    return _PLACEHOLDER.search(text) is not None


def is_replaced(text: str) -> bool:
    """True for text that a tool other than a template engine replaces before the apply."""
    return _TOKEN.search(text) is not None


@lru_cache(maxsize=256)
def _document_is_template(text: str) -> bool:
    return _FILE.search(text) is not None


def is_final(obj: KubeObject, path: KeyPath) -> bool:
    """True if the value at a path is what the cluster gets.

    The path may lead into text that an object contains, such as JSON: then that text counts. A key that is absent from
    a template may be in another piece of it.
    """
    value: Any = obj.body
    for step in path:
        if isinstance(value, str):
            break
        value = _below(value, step)
    if isinstance(value, str):
        return not is_template(value)
    return value is not None or not _document_is_template(obj.source.text)


def _below(value: Any, step: str | int) -> Any:
    if isinstance(value, MAPPING):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch of a kustomization. name: a regular expression. paths: what it writes; empty if that is unknown."""

    kind: str
    name: re.Pattern[str]
    paths: tuple[KeyPath, ...]

    def writes(self, obj: KubeObject, path: KeyPath) -> bool:
        """True if the value at a path comes from the patch, in whole or in part."""
        if self.kind != obj.kind or not self.name.fullmatch(obj.name):
            return False
        return not self.paths or any(path[: len(own)] == own[: len(path)] for own in self.paths)


@dataclass(slots=True)
class Kustomized:
    """What the kustomizations of a set still change. images: names without tag and digest. patches: by kind."""

    images: frozenset[str]
    patches: dict[str, list[Patch]]

    def changes(self, obj: KubeObject, path: KeyPath) -> bool:
        """True if a kustomization replaces the value at a path."""
        if self.images and _name_of_image(obj.get(*path)) in self.images:
            return True
        return any(patch.writes(obj, path) for patch in self.patches.get(obj.kind, ()))


def kustomized(objects: Iterable[KubeObject]) -> Kustomized:
    """Read the kustomizations among the objects."""
    own = [obj for obj in objects if obj.kind == "Kustomization" and obj.group == KUSTOMIZE_GROUP]
    images = (image.get("name") for obj in own for _, image in mappings_of(obj.get("images")))
    patches: dict[str, list[Patch]] = {}
    for obj in own:
        for patch in _patches(obj):
            patches.setdefault(patch.kind, []).append(patch)
    return Kustomized(frozenset(name for name in images if isinstance(name, str)), patches)


def _name_of_image(value: Any) -> str:
    """An image reference without its tag and digest, as kustomize compares it."""
    text = value.partition("@")[0] if isinstance(value, str) else ""
    head, colon, tag = text.rpartition(":")
    return head if colon and "/" not in tag else text


def _patches(obj: KubeObject) -> Iterator[Patch]:
    """The patches with a target or with their text; a file has been left out by the reader."""
    for key in ("patches", "patchesJson6902"):
        for _, entry in mappings_of(obj.get(key)):
            text = entry.get("patch")
            body = _inline(text) if isinstance(text, str) else None
            target = entry.get("target")
            kind, name = dig(target, "kind"), dig(target, "name")
            if target is None and isinstance(body, MAPPING):
                kind, name = body.get("kind"), dig(body, "metadata", "name")
            if isinstance(kind, str):
                yield Patch(kind, _pattern(name), tuple(_written(body)))


def _inline(text: str) -> Any:
    try:
        return yamltext.load_embedded(text)
    except yamltext.YamlError:
        return None


def _pattern(name: Any) -> re.Pattern[str]:
    try:
        return re.compile(name if isinstance(name, str) and name else ".*")
    except re.error:
        return re.compile(re.escape(str(name)))


def _written(body: Any) -> Iterator[KeyPath]:
    """The paths that a JSON patch or a strategic merge patch writes."""
    if isinstance(body, list):
        for _, operation in mappings_of(body):
            parts = str(operation.get("path") or "").split("/")[1:]
            steps = [part.replace("~1", "/").replace("~0", "~") for part in parts if part != "-"]
            yield tuple(int(step) if step.isdigit() else step for step in steps)
    elif isinstance(body, MAPPING):
        yield from _leaves({key: value for key, value in body.items() if key not in ("apiVersion", "kind")}, ())


def _leaves(value: Any, path: KeyPath) -> Iterator[KeyPath]:
    if not isinstance(value, MAPPING) or not value:
        yield path
        return
    for key, item in value.items():
        if path != ("metadata",) or key != "name":
            yield from _leaves(item, (*path, str(key)))


def without_moved_namespaces(objects: list[KubeObject]) -> list[KubeObject]:
    """The objects; those that a kustomization elsewhere moves to another namespace lose theirs.

    The reader does so for the files of the kustomization's own folder.
    """
    own = [obj for obj in objects if obj.kind == "Kustomization" and obj.group == KUSTOMIZE_GROUP and obj.source.file]
    moved = {path for obj in own if obj.get("namespace") for path in _resources(obj)}
    size = -1
    while size != len(moved):
        size = len(moved)
        moved |= {path for obj in own if dirname(obj.source.file) in moved for path in _resources(obj)}
    if not moved:
        return objects
    return [replace(obj, ref=replace(obj.ref, namespace="")) if _is_below(obj, moved) else obj for obj in objects]


def _resources(obj: KubeObject) -> Iterator[str]:
    for entry in (*strings_of(obj.get("resources")), *strings_of(obj.get("bases"))):
        if "://" not in entry:
            yield normpath(join(dirname(obj.source.file), entry))


def _is_below(obj: KubeObject, folders: set[str]) -> bool:
    file = obj.source.file
    while file and file not in folders and dirname(file) != file:
        file = dirname(file)
    return bool(file) and file in folders
