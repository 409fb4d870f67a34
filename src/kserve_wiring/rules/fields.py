# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW507, KW508, KW511 and KW516: fields that nothing reads (wires W13 and W14)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.pods import ISVC_COMPONENTS, KSERVE_GROUP
from kserve_wiring.grammar.go_json import has_repeats
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, dig, mappings_of, show_path
from kserve_wiring.manifests.repeated_keys import Repeated, repeated_inside, repeated_keys
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, show, single

_STOCK_GATEWAYS = ("knative-ingress-gateway", "knative-local-gateway")
_CHECKSUM = "knative.dev/example-checksum"
_EXAMPLE_LINE = re.compile(r"^([A-Za-z-]+):[ \t]*(\S+)[ \t]*$", re.MULTILINE)
# Keys in the _example of config-deployment since 0.9 (knative/serving config/core/configmaps/deployment.yaml).
_SHIPPED_LISTS = ("kind.local,ko.local,dev.local", "ko.local,dev.local")
_EXAMPLE_VALUES = {
    "registries-skipping-tag-resolving": _SHIPPED_LISTS,
    "registriesSkippingTagResolving": _SHIPPED_LISTS,
}
# pkg/apis/serving/v1beta1/predictor.go: the defaulter rewrites these to `model`.
_FRAMEWORKS = (
    "sklearn",
    "xgboost",
    "tensorflow",
    "pytorch",
    "triton",
    "onnx",
    "huggingface",
    "pmml",
    "lightgbm",
    "paddle",
)


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


@rule("KW508")
def misplaced_fields(cluster: Cluster) -> Iterator[Draft]:
    """Fields that the kind does not have: the API server drops them or refuses the object."""
    for obj in cluster.of_kind("InferenceService"):
        if obj.ref.apiVersion == f"{KSERVE_GROUP}/v1beta1":
            yield from _outside_components(obj)
    yield from _storage_helpers(cluster)
    for gateway in cluster.gateways.values():
        if not gateway.operator_made:
            yield from _gateway_ports(gateway, ("spec", "servers"))
    if cluster.knative.server is not None:
        yield from _selectors(cluster.knative.server)
        for name in _STOCK_GATEWAYS:
            yield from _gateway_ports(cluster.knative.server, ("spec", "ingress", "istio", name, "servers"))


def _storage_helpers(cluster: Cluster) -> Iterator[Draft]:
    for obj in cluster.of_kind("ServingRuntime", "ClusterServingRuntime"):
        if obj.group == KSERVE_GROUP:
            for key in obj.mapping("spec", "storageHelper"):
                if key != "disabled":
                    path: KeyPath = ("spec", "storageHelper", str(key))
                    fix = "set it in ClusterStorageContainer and inferenceservice-config"
                    yield _unknown(obj, path, "storageHelper has only the field disabled", fix)


def _outside_components(obj: KubeObject) -> Iterator[Draft]:
    for key in obj.mapping("spec"):
        if isinstance(key, str) and key not in ISVC_COMPONENTS:
            reason = "spec of an InferenceService has only predictor, transformer and explainer"
            yield _unknown(obj, ("spec", key), reason, f"move it to spec.predictor.{key}")


def _unknown(obj: KubeObject, path: KeyPath, reason: str, suggestion: str) -> Draft:
    shown = Setting("set", obj, path)
    return single(shown, reason=reason, suggestion=suggestion)


def _gateway_ports(obj: KubeObject, path: KeyPath) -> Iterator[Draft]:
    """Servers of a Gateway that Istio refuses (pkg/config/validation/validation.go, since 1.20)."""
    named: dict[str, int] = {}
    for index, _ in mappings_of(obj.get(*path)):
        port = at(obj, *path, index, "port")
        for key in ("targetPort", "target_port"):
            if dig(port.value, key) is not None:
                reason = "Istio rejects it: targetPort has no impact on Gateways"
                yield single(at(obj, *port.path, key), reason=reason, suggestion="set it in the Service")
        name = dig(port.value, "name")
        if isinstance(name, str) and named.setdefault(name, index) != index:
            reason = "Istio rejects it: port names in servers must be unique"
            suggestion = "give each server a port name of its own"
            yield single(at(obj, *port.path, "name"), reason=reason, suggestion=suggestion)


def _selectors(server: KubeObject) -> Iterator[Draft]:
    for gateway in _STOCK_GATEWAYS:
        setting = at(server, "spec", "ingress", "istio", gateway, "selector")
        if setting.value is not None and not isinstance(setting.value, Mapping):
            reason = "the operator expects a map of labels"
            yield single(setting, reason=reason, suggestion="write {istio: <name>}")


@rule("KW511")
def old_predictors(cluster: Cluster) -> Iterator[Draft]:
    """KServe rewrites framework fields to `model`, which a GitOps tool then reports as a difference."""
    for obj in cluster.of_kind("InferenceService"):
        for name in _FRAMEWORKS:
            if isinstance(obj.get("spec", "predictor", name), Mapping):
                yield single(Setting("set", obj, ("spec", "predictor", name)), framework=name)


@rule("KW516")
def repeated(cluster: Cluster) -> Iterator[Draft]:
    """A duplicate key: the first of the two values is lost silently."""
    for obj in cluster.objects:
        if obj.source.repeats:
            for found in repeated_keys(obj.source.text, obj.source.prefix):
                yield _repeated(obj, found.path, found, "Helm and kubectl use the last, kustomize rejects both")
    config = cluster.isvc_config
    if config is not None and config.obj.source.text:
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
