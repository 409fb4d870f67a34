# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""YAML as Kubernetes' clients read it: split a stream into documents, and load their values.

PyYAML's safe loader, without what the Go libraries lack: dates, base-60 numbers, the ``=`` value.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Iterator
from sys import intern
from typing import Any, ClassVar

import yaml
from yaml.composer import Composer, ComposerError

from kserve_wiring.grammar.go_json import DEEPEST, is_too_deep
from kserve_wiring.manifests.aliases import AliasError, may_share, refuse_expansion

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_TEXT, _LIST, _MAPPING = "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"


class Loader(_Base):  # type: ignore[misc]
    """Safe loader with the resolvers of sigs.k8s.io/yaml.

    Most of a manifest is text in mappings and lists. This class builds those itself, in half of PyYAML's time, and
    leaves everything else to PyYAML.
    """

    # PyYAML calls these at each node, for path resolvers that nobody registers. No-ops written in C cost less.
    ascend_resolver = int
    descend_resolver = staticmethod(operator.is_)

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._length = len(text) if may_share(text) else 0
        self.repeats = False
        """Some mapping has a duplicate key."""

    def resolve(self, kind: type, value: str | None, implicit: tuple[bool, bool]) -> str:
        """Tag of an untagged node: as in PyYAML, without path resolvers, which nobody registers."""
        if kind is yaml.MappingNode:
            return _MAPPING
        if kind is yaml.SequenceNode:
            return _LIST
        if implicit[0] and value is not None:
            for tag, regexp in self.yaml_implicit_resolvers.get(value[:1], ()):
                if regexp.match(value):
                    return str(tag)
        return _TEXT

    def get_single_data(self) -> Any:
        """The value of the only document. PyYAML builds it when there are anchors. Raises AliasError."""
        node = self.get_single_node()
        if node is None:
            return None
        if self._length:
            refuse_expansion(node, self._length)
            return self.construct_document(node)
        return self._value(node)

    def _value(self, node: Any) -> Any:
        tag, kind = node.tag, type(node)
        if tag == _TEXT and kind is yaml.ScalarNode:
            return node.value
        if tag == _LIST and kind is yaml.SequenceNode:
            return [self._value(item) for item in node.value]
        if tag == _MAPPING and kind is yaml.MappingNode:
            mapping = {}  # interned keys: every object has the same few
            for key, value in node.value:
                if key.tag != _TEXT:
                    break
                mapping[intern(key.value)] = self._value(value)
            else:
                if len(mapping) != len(node.value):
                    self.repeats = True
                return mapping
        return self.construct_object(node, deep=True)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """The mapping of a node that has a merge key, an alias or a key that is not text."""
        keys = [(key.tag, key.value) for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        self.repeats = self.repeats or len(keys) != len(set(keys))
        return super().construct_mapping(node, deep=deep)


# Without libyaml, the loader of PyYAML is a Composer itself.
_COMPOSING: Any = (Loader,) if issubclass(Loader, Composer) else (Composer, Loader)


class _Redefining(*_COMPOSING):  # type: ignore[misc]
    """Composer for documents that redefine an anchor: YAML allows it (1.2, 3.2.2.2), libyaml's composer does not."""

    def __init__(self, text: str) -> None:
        Loader.__init__(self, text)
        self.anchors: dict[str, Any] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The next node. If it has an anchor, later aliases refer to it."""
        event = self.peek_event()
        if not isinstance(event, yaml.AliasEvent) and event.anchor is not None:
            self.anchors.pop(event.anchor, None)
        return super().compose_node(parent, index)


_DROPPED = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value", "tag:yaml.org,2002:int"}
Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag not in _DROPPED]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}
# PyYAML also reads 12:34:56 as an integer in base 60. Go does not, and a "host:port" must stay a string.
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"^(?:[-+]?0b[0-1_]+|[-+]?0o?[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+)$"),
    list("-+0123456789"),
)


class EmbeddedLoader(Loader):
    """Loader for YAML inside a ConfigMap value: go-yaml v2 also reads a bare y or n as a boolean."""

    bool_values: ClassVar[dict[str, bool]] = {**_Base.bool_values, "y": True, "n": False}


EmbeddedLoader.yaml_implicit_resolvers = {k: list(v) for k, v in Loader.yaml_implicit_resolvers.items()}
EmbeddedLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:y|Y|n|N)$"), list("yYnN"))

# Each document of a stream may begin with one (YAML 1.2, 5.2), but libyaml accepts only the first.
_INNER_MARK = re.compile(r"\A(---[ \t]*\r?\n)?\ufeff")
_MARKER = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|$)", re.MULTILINE)
_CRD = re.compile(r"^kind:[ \t]+[\"']?CustomResourceDefinition\b", re.MULTILINE)
_VERSIONS = re.compile(r"^  versions:[ \t]*\r?\n(?:(?:   .*|  -.*|  #.*|[ \t]*)(?:\r?\n|\Z))*", re.MULTILINE)

_SMALL_CRD = 20_000
_FAR_IN = re.compile(rf"^[ \t?:-]{{{DEEPEST}}}", re.MULTILINE)


class YamlError(ValueError):
    """A document that is not YAML. ``line`` counts from 1 inside the document."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def documents(text: str) -> Iterator[tuple[int, str]]:
    """First line (from 1) and text of each document of a YAML stream.

    A ``---`` in column 0 always ends a document, even inside a scalar (YAML 1.2, 9.1.2), so a broken document does not
    affect its neighbours.
    """
    start = 0
    line = 1
    for match in _MARKER.finditer(text):
        chunk = _without_mark(text[start : match.start()])
        if chunk.strip() not in ("", "---"):
            yield line, chunk
        line += chunk.count("\n")
        start = match.start() if match.group() == "---" else match.end()
    chunk = _without_mark(text[start:])
    if chunk.strip() not in ("", "---"):
        yield line, chunk


def _without_mark(chunk: str) -> str:
    return _INNER_MARK.sub(r"\1", chunk) if "\ufeff" in chunk else chunk


def load(text: str) -> Any:
    """The value of one manifest. Of a duplicate key the last value counts, as in Helm. Raises YamlError."""
    return read(text)[0]


def read(text: str) -> tuple[Any, bool]:
    """Return what matters of one manifest, and whether some mapping in it has a duplicate key.

    Raises YamlError. JSON is read as JSON, which is faster and equal except for duplicate keys. Large schemas of a
    CustomResourceDefinition (``spec.versions``) are dropped: they are most of the text of an environment and wire
    nothing. The schemas of KServe's minimal CRDs are small and stay: a rule needs to see that they have no defaults.
    """
    if text.lstrip("-\ufeff \t\r\n").startswith("{") and not is_too_deep(text):
        try:
            return json.loads(text.lstrip("-\ufeff \t\r\n")), False
        except (ValueError, RecursionError):
            pass  # YAML accepts more than JSON, and its parser reports where the text breaks
    if len(text) > _SMALL_CRD and _CRD.search(text):
        try:
            return parse(_VERSIONS.sub("", text))
        except YamlError:
            pass
    return parse(text)


def load_embedded(text: str) -> Any:
    """The value of YAML inside a ConfigMap value. Raises YamlError."""
    return parse(text, EmbeddedLoader)[0]


def parse(text: str, loader: Any = Loader) -> tuple[Any, bool]:
    """Return all of one document, and whether some mapping in it has a duplicate key. Raises YamlError."""
    try:
        _refuse_depth(text)
        value, used = _get_single(text, loader, "get_single_data")
        return value, used.repeats
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(str(error.problem or error.context), mark.line + 1 if mark else 1) from None
    except YamlError:
        raise
    except AliasError as error:
        raise YamlError(str(error), error.line) from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise YamlError(str(error).splitlines()[0] if str(error) else type(error).__name__, 1) from None


def _get_single(text: str, loader: Any, method: str) -> tuple[Any, Any]:
    """Call a method of the loader that reads the only document. Return its result and the loader."""
    try:
        used = loader(text)
        return getattr(used, method)(), used
    except ComposerError:
        used = type("Redefining", (_Redefining, loader), {})(text)
        return getattr(used, method)(), used


def _refuse_depth(text: str) -> None:
    """Raises YamlError when a document nests so deep that libyaml's recursion would crash the process.

    Each level needs a bracket or a column, so few documents need a closer look.
    """
    if text.count("[") + text.count("{") <= DEEPEST and not _FAR_IN.search(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise YamlError(
                    f"nested deeper than {DEEPEST} levels", event.start_mark.line + 1 if event.start_mark else 1
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def compose(text: str) -> Any:
    """The nodes of a document; None if it is empty or not YAML."""
    try:
        _refuse_depth(text)
        return _get_single(text, Loader, "get_single_node")[0]
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
