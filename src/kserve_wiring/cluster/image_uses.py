# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Every field of an object that names an image, including env, args and strings inside JSON.

Tools that read only ``containers[].image`` miss the ones that break an offline installation:
https://github.com/kubeflow/community-distribution/issues/1850.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kserve_wiring.cluster.pods import KNATIVE_GROUP, KSERVE_GROUP
from kserve_wiring.grammar.go_json import parse_json
from kserve_wiring.grammar.image import looks_like_image
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, dig

_SKIPPED_KINDS = frozenset({"CustomResourceDefinition", "Secret", "Namespace", "ClusterRole", "Role"})
_KNATIVE_REGISTRY = ("spec", "registry")
_NOT_WIRING = ("apiVersion", "kind", "metadata", "status")
_LIKELY = ("image", "Image", "_IMAGE", "reference", "value")
_NO_IMAGE = "kubernetes.podspec-volumes-image"  # a Knative feature flag, Enabled or Disabled
# Keys of ConfigMaps that nothing reads: examples, and the raw values of the chart istiod (merged-values is read).
_NOTES = frozenset({"_example", "original-values"})
_REVISION_KINDS = frozenset(
    {
        (KNATIVE_GROUP, "Service"),
        (KNATIVE_GROUP, "Configuration"),
        (KNATIVE_GROUP, "Revision"),
        (KSERVE_GROUP, "InferenceService"),
        (KSERVE_GROUP, "ServingRuntime"),
        (KSERVE_GROUP, "ClusterServingRuntime"),
    }
)
# KServe parses defaultJobImage and never uses it: kserve pkg/controller/v1alpha1/localmodelnode/controller.go:81.
_UNUSED = ("inferenceservice-config", "localModel")


@dataclass(frozen=True, slots=True)
class ImageUse:
    """An image reference and its setting.

    image: the full reference. If several values form it (Istio's hub and tag), ``setting`` is the first of them.
    named_by_revision: a Revision names it, so Knative resolves its tag.
    """

    setting: Setting
    image: str
    named_by_revision: bool = False


def image_uses(obj: KubeObject) -> Iterator[ImageUse]:
    """The images of one object. Skips templates, and ``auto``, which Istio's webhook replaces."""
    if obj.kind in _SKIPPED_KINDS or obj.operator_made:
        return
    revision = (obj.group, obj.kind) in _REVISION_KINDS
    found: list[tuple[KeyPath, str]] = []
    for key, value in obj.body.items():
        if key not in _NOT_WIRING:
            _walk(value, (key,), set(), found)
    for path, image in found:
        if _is_reference(image, path):
            yield ImageUse(Setting(image, obj, path), image, revision)
    if obj.kind == "ConfigMap":
        yield from _config_map(obj)
    elif obj.group == "operator.knative.dev":
        yield from _knative_registry(obj)


def _is_reference(image: str, path: KeyPath) -> bool:
    return (
        bool(image.strip()) and "{{" not in image and "$" not in image and not (image == "auto" and path[-1] == "image")
    )


def _walk(value: Any, path: KeyPath, seen: set[int], found: list[tuple[KeyPath, str]]) -> None:
    """Collect path and text of the image references below a value. seen: anchors can contain themselves."""
    if isinstance(value, (str, int)) or not isinstance(value, (dict, list, Mapping)) or id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, list):
        _walk_list(value, path, seen, found)
        return
    for key, item in value.items():
        if isinstance(item, str):
            if _names_image(key, item, value, path):
                found.append(((*path, str(key)), _composed(key, item, value)))
        elif not isinstance(item, int):
            _walk(item, (*path, key if isinstance(key, (str, int)) else str(key)), seen, found)


def _walk_list(values: list[Any], path: KeyPath, seen: set[int], found: list[tuple[KeyPath, str]]) -> None:
    for index, item in enumerate(values):
        if not isinstance(item, str):
            _walk(item, (*path, index), seen, found)
        elif "/" in item and _argument(item):
            found.append(((*path, index), _argument(item)))


def _argument(text: str) -> str:
    """The image in an argument such as ``--acme-http01-solver-image=quay.io/...``; "" if there is none."""
    candidate = text.rpartition("=")[2] if text.startswith("-") else text
    return candidate if looks_like_image(candidate) else ""


def _names_image(key: Any, text: str, parent: Mapping[str, Any], path: KeyPath) -> bool:
    if not isinstance(key, str) or not (key.endswith(_LIKELY) or "/" in text):
        return False  # most strings of a manifest
    if path[:2] == _KNATIVE_REGISTRY or "\n" in text:
        return False
    if key == "image" or key.endswith(("Image", "-image", "_IMAGE")):
        return key != _NO_IMAGE
    if key == "reference" and path[-1:] == ("image",):
        return True  # a Kubernetes image volume
    if key == "value" and isinstance(parent.get("name"), str):
        return bool(text) and (parent["name"].endswith("IMAGE") or looks_like_image(text))
    return "@sha256:" in text and looks_like_image(text)


def _composed(key: Any, text: str, parent: Mapping[str, Any]) -> str:
    """KServe's explainers have image and tag as two values (explainer_art.go)."""
    version = parent.get("defaultImageVersion")
    return f"{text}:{version}" if key == "image" and isinstance(version, str) and version else text


def _config_map(obj: KubeObject) -> Iterator[ImageUse]:
    for key, text in obj.mapping("data").items():
        if (obj.name, key) == _UNUSED or key in _NOTES:
            continue
        if not isinstance(text, str) or not text.lstrip().startswith("{"):
            continue
        try:
            value = parse_json(text)
        except ValueError:
            continue
        if isinstance(dig(value, "global", "hub"), str):
            yield from _istio(obj, ("data", key), value)
            continue
        revision = obj.name == "inferenceservice-config" and key in ("router", "explainers")
        found: list[tuple[KeyPath, str]] = []
        _walk(value, ("data", key), set(), found)
        for path, image in found:
            if _is_reference(image, path):
                yield ImageUse(Setting(image, obj, path), image, revision)


def _istio(obj: KubeObject, path: KeyPath, values: Any) -> Iterator[ImageUse]:
    """Images that Istio's injector builds from hub, image and tag (pkg/kube/inject/inject.go ProxyImage)."""
    hub, tag = str(dig(values, "global", "hub")), dig(values, "global", "tag")
    # Waypoints of ambient mode always use hub and tag, whatever the images below are.
    yield ImageUse(Setting(hub, obj, (*path, "global", "hub")), f"{hub}/proxyv2:{tag}" if tag else f"{hub}/proxyv2")
    for section in (("global", "proxy"), ("global", "proxy_init"), ("pilot",)):
        image = dig(values, *section, "image")
        if not isinstance(image, str) or not image:
            continue
        if "/" in image:
            yield ImageUse(Setting(image, obj, (*path, *section, "image")), image)
            continue
        own_hub = dig(values, *section, "hub") or hub
        own_tag = dig(values, *section, "tag") or tag
        text = f"{own_hub}/{image}:{own_tag}" if own_tag else f"{own_hub}/{image}"
        yield ImageUse(Setting(own_hub, obj, (*path, "global", "hub")), text)


def _knative_registry(obj: KubeObject) -> Iterator[ImageUse]:
    for key, image in obj.mapping("spec", "registry", "override").items():
        path: KeyPath = (*_KNATIVE_REGISTRY, "override", str(key))
        if isinstance(image, str) and _is_reference(image, path):
            yield ImageUse(Setting(image, obj, path), image)
    default = obj.get("spec", "registry", "default")
    if isinstance(default, str) and default:
        path = (*_KNATIVE_REGISTRY, "default")
        yield ImageUse(Setting(default, obj, path), default.replace("${NAME}", "activator"))
