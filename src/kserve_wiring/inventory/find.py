# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Every image that a set of objects makes a cluster pull, including images that no manifest names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kserve_wiring.cluster.facts import Facts
from kserve_wiring.cluster.image_uses import ImageUse, image_uses
from kserve_wiring.inventory.fallbacks import fallback_images
from kserve_wiring.inventory.found import Found, canonical
from kserve_wiring.inventory.injected import injected_images
from kserve_wiring.inventory.operator import embedded_images
from kserve_wiring.inventory.variants import variant_images, versioned_images
from kserve_wiring.manifests.objects import KubeObject


def found_images(objects: Iterable[KubeObject], facts: Facts) -> tuple[list[Found], list[str]]:
    """The images of objects, and notes about images that could not be determined."""
    known = [obj for obj in objects if not _disabled(obj)]
    found = [found for obj in known for found in _named(obj)]
    embedded, notes = embedded_images(known, facts)
    found += [*embedded, *fallback_images(known), *(one for obj in known for one in variant_images(obj))]
    found += [*versioned_images(known), *injected_images(known)]
    return list(dict.fromkeys(found)), notes


def _disabled(obj: KubeObject) -> bool:
    """True for a disabled serving runtime: no InferenceService can use it."""
    return obj.kind in ("ServingRuntime", "ClusterServingRuntime") and obj.get("spec", "disabled") is True


def _named(obj: KubeObject) -> Iterator[Found]:
    uses = list(image_uses(obj))
    complete = {use.setting.path[:2] for use in uses if use.setting.path[-3:] == ("global", "proxy", "image")}
    for use in uses:
        # Next to an image that is a complete reference, Istio's hub serves only waypoints of ambient mode, which KServe
        # does not use.
        waypoint = use.setting.path[-2:] == ("global", "hub") and use.setting.path[:2] in complete
        default = use.setting.path == ("spec", "registry", "default")  # of a KnativeServing; embedded_images applies it
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
