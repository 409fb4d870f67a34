# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW507, KW511 and KW516: fields that nothing reads (wires W13 and W14)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.runtimes import FRAMEWORKS
from kserve_wiring.grammar.go_json import has_repeats
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, show_path
from kserve_wiring.manifests.repeated_keys import Repeated, repeated_inside, repeated_keys
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, show, single

_CHECKSUM = "knative.dev/example-checksum"
_EXAMPLE_LINE = re.compile(r"^([A-Za-z-]+):[ \t]*(\S+)[ \t]*$", re.MULTILINE)
# Keys in the _example of config-deployment since 0.9 (knative/serving config/core/configmaps/deployment.yaml).
_SHIPPED_LISTS = ("kind.local,ko.local,dev.local", "ko.local,dev.local")
_EXAMPLE_VALUES = {
    "registries-skipping-tag-resolving": _SHIPPED_LISTS,
    "registriesSkippingTagResolving": _SHIPPED_LISTS,
}


@rule("KW507")
def changed_examples(cluster: Cluster) -> Iterator[Draft]:
    """Nothing reads the block, and Knative's webhook compares its checksum (knative.dev/pkg configmap/example.go)."""
    for obj in cluster.of_kind("ConfigMap"):
        text, wanted = obj.get("data", "_example"), obj.annotations.get(_CHECKSUM)
        if not isinstance(text, str):
            continue
        block = at(obj, "data", "_example")
        if isinstance(wanted, str) and example_checksum(text) != wanted:
            reason = f"its checksum is {example_checksum(text)}, but the annotation {_CHECKSUM} is {wanted}"
            yield single(block, reason=f"{reason}, so the webhook rejects it")
        elif wanted is None and obj.name == "config-deployment":
            for key in _set_in(text) - obj.mapping("data").keys():
                yield single(block, reason=f"{key} is set in it")


def _set_in(text: str) -> set[str]:
    """Keys of an _example whose value differs from upstream's."""
    found = {key: value.strip("\"'") for key, value in _EXAMPLE_LINE.findall(text)}
    return {key for key, value in found.items() if key in _EXAMPLE_VALUES and value not in _EXAMPLE_VALUES[key]}


def example_checksum(text: str) -> str:
    """The checksum of an _example. A newline counts as a backslash and an n."""
    joined = re.sub(r"(?:\r?\n)+", lambda _: "\\n", text.strip())
    return f"{zlib.crc32(joined.encode('utf-8', 'surrogatepass')):08x}"


@rule("KW511")
def old_predictors(cluster: Cluster) -> Iterator[Draft]:
    """KServe rewrites framework fields to `model`, which a GitOps tool then reports as a difference."""
    for obj in cluster.of_kind("InferenceService"):
        for name in FRAMEWORKS:
            if isinstance(obj.get("spec", "predictor", name), Mapping):
                yield single(Setting("set", obj, ("spec", "predictor", name)), framework=name)


@rule("KW516", reads_templates=True)
def repeated(cluster: Cluster) -> Iterator[Draft]:
    """A duplicate key: the first of the two values is lost silently."""
    for obj in cluster.objects:
        if obj.source.repeats:
            for found in repeated_keys(obj.source.text, obj.source.prefix):
                yield _repeated(obj, found.path, found, "Helm and kubectl use the last, kustomize rejects both")
    config = cluster.isvc_config
    if config is not None and config.is_read and config.obj.source.text:
        for key in config.values:
            path: KeyPath = ("data", key)
            if has_repeats(config.obj.get(*path)):
                for found in repeated_inside(config.obj.source.text, (*config.obj.source.prefix, *path)):
                    yield _repeated(config.obj, (*path, *found.path), found, "KServe uses the last")


def _repeated(obj: KubeObject, path: KeyPath, found: Repeated, reason: str) -> Draft:
    """A draft that hides the values of a Secret."""
    value, lost = (found.value, found.lost) if obj.kind != "Secret" else ("one value", "another")
    lost_line = str(obj.source.line + found.lost_line - 1)
    args = {"key": show_path(path), "value": show(value), "lost": show(lost), "lost_line": lost_line}
    args["reason"] = reason
    return Draft(obj, path, args, line=found.line)
