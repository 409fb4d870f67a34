# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The images that Istio's injection webhook adds to Pods besides its proxy.

Its ConfigMap holds templates by name. The image of their proxy is built from values, which the image finder reads. A
literal image is pulled for Pods that request its template (pkg/kube/inject/webhook.go, selectTemplates).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kserve_wiring.cluster.injector import injector_config
from kserve_wiring.cluster.pods import pod_uses
from kserve_wiring.inventory.found import Found, canonical
from kserve_wiring.manifests.objects import KubeObject, strings_of

PROXY = "sidecar.istio.io/proxyImage"
ANNOTATION = "inject.istio.io/templates"
_LITERAL = re.compile(r"^[ \t-]*image:[ \t]*[\"']?([^\s\"'{}]+)[\"']?[ \t]*$", re.MULTILINE)


def injected_images(objects: Iterable[KubeObject]) -> Iterator[Found]:
    """The literal images of the templates in use: those that an annotation requests, and the default ones."""
    known = list(objects)
    wanted = {name.strip() for obj in known for name in _requested(obj)}
    for obj in known:
        # image_uses finds annotations of a Pod template, but not those of a Pod or an InferenceService itself.
        proxy = obj.annotations.get(PROXY)
        if isinstance(proxy, str) and any(pod_uses(obj)):
            yield Found(canonical(proxy), f"{obj.ref} metadata.annotations.{PROXY}")
        for name, image in template_images(obj):
            if name in wanted or name in strings_of(injector_config(obj).get("defaultTemplates")):
                yield Found(canonical(image), f"{obj.ref} data.config, template {name}")


def template_images(obj: KubeObject) -> Iterator[tuple[str, str]]:
    """Template and image of every literal image in an injection template."""
    templates = injector_config(obj).get("templates")
    for name, text in templates.items() if isinstance(templates, dict) else ():
        for image in _LITERAL.findall(text if isinstance(text, str) else ""):
            if image != "auto":
                yield str(name), image


def _requested(obj: KubeObject) -> Iterator[str]:
    for pod in pod_uses(obj):
        yield from str(pod.annotations.get(ANNOTATION) or "").split(",")
