# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Every image that a set of objects leads to, also where no manifest names it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kserve_wiring.cluster.facts import Context
from kserve_wiring.cluster.image_uses import ImageUse, image_uses
from kserve_wiring.grammar.image import DEFAULT_REGISTRY, parse_image
from kserve_wiring.manifests.objects import KubeObject


@dataclass(frozen=True, slots=True)
class Found:
    """An image and one reason for it. wire: which wire (W1-W14, docs/wiring.md of an environment) sets it."""

    image: str
    why: str
    wire: str = "W1"


def found_images(objects: Iterable[KubeObject], context: Context) -> tuple[list[Found], list[str]]:
    """The images of objects, and notes about what could not be told."""
    from kserve_wiring.inventory.fallbacks import fallback_images
    from kserve_wiring.inventory.injected import injected_images
    from kserve_wiring.inventory.operator import embedded_images
    from kserve_wiring.inventory.variants import variant_images, versioned_images

    known = [obj for obj in objects if not _disabled(obj)]
    found = [found for obj in known for found in _named(obj)]
    embedded, notes = embedded_images(known, context)
    found += [*embedded, *fallback_images(known), *(one for obj in known for one in variant_images(obj))]
    found += [*versioned_images(known), *injected_images(known)]
    return list(dict.fromkeys(found)), notes


def canonical(image: str) -> str:
    """A reference with host and tag, so that two spellings of one image are equal; the text itself if it is none."""
    try:
        parsed = parse_image(image)
    except ValueError:
        return image
    host, repository = parsed.registry, parsed.repository
    if host == DEFAULT_REGISTRY:
        host = "docker.io"
        repository = repository if "/" in repository else f"library/{repository}"
    if parsed.digest:
        return f"{host}/{repository}@{parsed.digest}"
    return f"{host}/{repository}:{parsed.tag or 'latest'}"


def _disabled(obj: KubeObject) -> bool:
    """A serving runtime that is switched off: no InferenceService can use it."""
    return obj.kind in ("ServingRuntime", "ClusterServingRuntime") and obj.get("spec", "disabled") is True


def _named(obj: KubeObject) -> Iterator[Found]:
    uses = list(image_uses(obj))
    whole = {use.setting.path[:2] for use in uses if use.setting.path[-3:] == ("global", "proxy", "image")}
    for use in uses:
        # Beside an image that is a whole reference, Istio's hub only serves waypoints of ambient mode, which KServe has
        # no use for.
        waypoint = use.setting.path[-2:] == ("global", "hub") and use.setting.path[:2] in whole
        default = use.setting.path == ("spec", "registry", "default")  # of a KnativeServing: embedded_images follows it
        if not waypoint and not default:
            yield Found(canonical(use.image), f"{obj.ref} {use.setting.key}", _wire(use))


def _wire(use: ImageUse) -> str:
    path, obj = use.setting.path, use.setting.obj
    if path[-1] == "queue-sidecar-image":
        return "W6"
    if path[:2] == ("spec", "registry"):
        return "W7"
    if obj.kind == "ClusterStorageContainer" or path[:2] == ("data", "storageInitializer"):
        return "W8"
    return "W1"
